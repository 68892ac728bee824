//! The shape of a Response, decided before any cryptography: one Assertion, each signature directly in the
//! element that it signs, no second meaning anywhere. Signature wrapping ends here.

use std::collections::HashSet;

use uppsala::{Document, Element};

use super::{
    Mismatch, Rejection,
    check::Checks,
    names::{ASSERTION, ENCRYPTION, PROTOCOL, SIGNATURE, SUCCESS},
    node::Node,
    signature::shape::{self, Shape},
};

/// A Response whose every part is in its only possible place.
#[derive(Debug)]
pub(super) struct Structure<'d> {
    /// The root.
    pub response: Node<'d>,
    /// The Response's own signature.
    pub response_signature: Option<Shape<'d>>,
    /// The Assertion's own signature.
    pub assertion_signature: Option<Shape<'d>>,
}

/// A Response whose Assertion is still to be decrypted.
#[derive(Debug)]
pub(super) struct Envelope<'d> {
    /// The Response's own signature, which covers what is encrypted.
    pub response_signature: Option<Shape<'d>>,
    /// The encrypted Assertion.
    pub encrypted: Node<'d>,
}

/// What one walk over the document finds.
#[derive(Default)]
struct Survey<'d> {
    assertions: Vec<Node<'d>>,
    nested: bool,
    encrypted_assertions: Vec<Node<'d>>,
    /// Something encrypted that is not in an encrypted Assertion.
    encrypted: Option<&'d str>,
    signatures: Vec<Node<'d>>,
    ids: Vec<&'d str>,
    identifier_like: Option<String>,
}

/// Inspects a received document.
pub(super) fn inspect<'d>(
    document: &'d Document<'d>,
    checks: &mut Checks,
) -> Result<Structure<'d>, Rejection> {
    let response = response(document, checks)?;
    let survey = Survey::of(response);
    survey.identifiers(checks)?;
    let shapes = survey.shapes(checks)?;
    survey.no_encryption(checks)?;
    survey.nesting(checks)?;
    let (response_signature, assertion_signature) = place(response, shapes, checks)?;
    survey.one_assertion(response, checks)?;
    survey.unique_ids(checks)?;
    Ok(Structure { response, response_signature, assertion_signature })
}

/// A Response around an encrypted Assertion: as much of the structure as can be seen before it is decrypted.
/// None if there is no encrypted Assertion.
pub(super) fn envelope<'d>(
    document: &'d Document<'d>,
    checks: &mut Checks,
) -> Result<Option<Envelope<'d>>, Rejection> {
    // A name is written as it is: where it is not in the text there is no such element.
    if !document.input_text().contains("EncryptedAssertion") {
        return Ok(None);
    }
    let response = response(document, checks)?;
    let survey = Survey::of(response);
    let Some(&encrypted) = survey.encrypted_assertions.first() else { return Ok(None) };
    survey.identifiers(checks)?;
    let shapes = survey.shapes(checks)?;
    let (response_signature, _) = place(response, shapes, checks)?;
    let found = survey.encrypted_assertions.len() + survey.assertions.len();
    let direct = encrypted.parent().is_some_and(|parent| parent.id == response.id);
    let want = "one encrypted Assertion and no other, directly in the Response";
    let got = if direct { found.to_string() } else { format!("{found}, not directly") };
    checks.require("encryption.count", Rejection::MultipleAssertions, want, got, found == 1 && direct)?;
    survey.unique_ids(checks)?;
    Ok(Some(Envelope { response_signature, encrypted }))
}

/// The root, which must be a Response.
fn response<'d>(document: &'d Document<'d>, checks: &mut Checks) -> Result<Node<'d>, Rejection> {
    let response = root(document, checks)?;
    let is_response = response.is(PROTOCOL, "Response");
    checks.require("response", Rejection::Root, "a SAML 2.0 Response", response.local_name(), is_response)?;
    Ok(response)
}

/// The root element; the parser has seen to it that there is one.
pub(super) fn root<'d>(document: &'d Document<'d>, checks: &mut Checks) -> Result<Node<'d>, Rejection> {
    let nothing = || Rejection::Root(Mismatch::new("a root element", "nothing"));
    checks.record("document.root", "a root element", Node::document_element(document).ok_or_else(nothing))
}

/// The root of an Assertion's canonical bytes: what was signed is what is read.
pub(super) fn assertion<'d>(root: Node<'d>, checks: &mut Checks) -> Result<Node<'d>, Rejection> {
    let is_assertion = root.is(ASSERTION, "Assertion");
    checks.require("assertion", Rejection::Root, "a SAML 2.0 Assertion", root.local_name(), is_assertion)?;
    Ok(root)
}

/// The Assertion of a Response's canonical bytes. The received document had exactly one; so must this.
pub(super) fn only_assertion<'d>(response: Node<'d>, checks: &mut Checks) -> Result<Node<'d>, Rejection> {
    Survey::of(response).one_assertion(response, checks)?;
    let nothing = || Rejection::NoAssertion(Mismatch::new("an Assertion", "nothing"));
    checks.record("assertion", "an Assertion", response.only(ASSERTION, "Assertion").ok_or_else(nothing))
}

impl<'d> Survey<'d> {
    fn of(response: Node<'d>) -> Self {
        let mut survey = Self::default();
        survey.visit(response, false);
        survey
    }

    fn visit(&mut self, node: Node<'d>, in_assertion: bool) {
        let Some(element) = node.element() else { return };
        let mut inside = in_assertion;
        match (element.name.namespace_uri.as_deref(), element.name.local_name.as_ref()) {
            (Some(ASSERTION), "Assertion") => {
                self.nested |= in_assertion;
                self.assertions.push(node);
                inside = true;
            }
            (Some(ASSERTION), "EncryptedAssertion") => return self.visit_encrypted(node),
            (Some(ASSERTION), name @ ("EncryptedID" | "EncryptedAttribute")) | (Some(ENCRYPTION), name) => {
                self.encrypted = Some(name);
            }
            (Some(SIGNATURE), "Signature") => self.signatures.push(node),
            _ => {}
        }
        self.note_ids(element, "ID");
        node.elements().for_each(|child| self.visit(child, inside));
    }

    /// An encrypted Assertion is in the language of XML Encryption, whose identifier is `Id`. No signature can
    /// refer to one of those, and there is no Assertion to be found in there before it is decrypted.
    fn visit_encrypted(&mut self, encrypted: Node<'d>) {
        self.encrypted_assertions.push(encrypted);
        let mut below = vec![encrypted];
        while let Some(node) = below.pop() {
            let Some(element) = node.element() else { continue };
            let is_encryption = element.name.namespace_uri.as_deref() == Some(ENCRYPTION);
            self.note_ids(element, if is_encryption { "Id" } else { "ID" });
            match (element.name.namespace_uri.as_deref(), &*element.name.local_name) {
                (Some(ASSERTION), "Assertion") => self.assertions.push(node),
                (Some(SIGNATURE), "Signature") => self.signatures.push(node),
                _ => {}
            }
            below.extend(node.elements());
        }
    }

    /// Notes the element's identifier, and what only looks like one.
    fn note_ids(&mut self, element: &'d Element<'d>, identifier: &str) {
        for attribute in &element.attributes {
            let name = &attribute.name;
            if name.namespace_uri.is_none() && name.local_name == identifier {
                self.ids.push(&attribute.value);
            } else if name.local_name.eq_ignore_ascii_case("id") {
                self.identifier_like = Some(name.prefixed_name().into_owned());
            }
        }
    }

    /// Other software may take `Id`, `id` or `xml:id` for an identifier; ours would not. Nobody needs them.
    fn identifiers(&self, checks: &mut Checks) -> Result<(), Rejection> {
        let got = self.identifier_like.as_deref().unwrap_or("none");
        let passed = self.identifier_like.is_none();
        checks.require("ids.form", Rejection::IdAttribute, "no identifier but ID", got, passed)
    }

    fn shapes(&self, checks: &mut Checks) -> Result<Vec<Shape<'d>>, Rejection> {
        let shapes = self.signatures.iter().map(|&signature| shape::read(signature)).collect();
        checks.record("signature.shape", "SignedInfo, SignatureValue, KeyInfo in their exact form", shapes)
    }

    fn no_encryption(&self, checks: &mut Checks) -> Result<(), Rejection> {
        // An encrypted Assertion in the decrypted one.
        let assertion = self.encrypted_assertions.first().map(|node| node.local_name());
        let encrypted = self.encrypted.or(assertion);
        let got = encrypted.unwrap_or("none");
        checks.require("encryption", Rejection::Encrypted, "no encrypted element", got, encrypted.is_none())
    }

    fn nesting(&self, checks: &mut Checks) -> Result<(), Rejection> {
        let got = if self.nested { "one" } else { "none" };
        let want = "no Assertion inside an Assertion";
        checks.require("assertion.nesting", Rejection::NestedAssertion, want, got, !self.nested)
    }

    fn one_assertion(&self, response: Node<'d>, checks: &mut Checks) -> Result<(), Rejection> {
        let found = self.assertions.len();
        if found == 0 {
            // An IdP that refuses says so in the Status and sends no Assertion: that is the better reason.
            let status = status_code(response);
            checks.equal("response.status", Rejection::Status, SUCCESS, status)?;
        }
        let direct = self.assertions.iter().all(|a| a.parent().is_some_and(|p| p.id == response.id));
        let want = "one Assertion, directly in the Response";
        let got = if direct { found.to_string() } else { format!("{found}, not all directly") };
        let rejection = if found == 0 { Rejection::NoAssertion } else { Rejection::MultipleAssertions };
        checks.require("assertion.count", rejection, want, got, found == 1 && direct)
    }

    fn unique_ids(&self, checks: &mut Checks) -> Result<(), Rejection> {
        let mut seen = HashSet::with_capacity(self.ids.len());
        let twice = self.ids.iter().find(|id| !seen.insert(**id));
        let got = twice.map_or("each id once", |id| id);
        checks.require("ids.unique", Rejection::DuplicateId, "each id once", got, twice.is_none())
    }
}

/// The value of the Response's top-level status code.
pub(super) fn status_code(response: Node<'_>) -> Option<&str> {
    response.only(PROTOCOL, "Status")?.only(PROTOCOL, "StatusCode")?.attribute("Value")
}

/// Gives each signature to the element that it sits in and that it must refer to.
fn place<'d>(
    response: Node<'d>,
    shapes: Vec<Shape<'d>>,
    checks: &mut Checks,
) -> Result<(Option<Shape<'d>>, Option<Shape<'d>>), Rejection> {
    let (mut of_response, mut of_assertion): (Option<Shape<'d>>, Option<Shape<'d>>) = (None, None);
    for shape in shapes {
        let parent = shape.parent;
        let slot = if parent.id == response.id {
            Some(&mut of_response)
        } else if parent.is(ASSERTION, "Assertion") && parent.parent().is_some_and(|p| p.id == response.id) {
            Some(&mut of_assertion)
        } else {
            None
        };
        let want = "directly in the Response or in its Assertion";
        let got = format!("in {}", parent.local_name());
        checks.require("signature.place", Rejection::SignaturePlacement, want, got, slot.is_some())?;
        refers_to_parent(&shape, checks)?;
        if let Some(slot) = slot {
            let alone = slot.as_ref().is_none_or(|earlier| earlier.parent.id != parent.id);
            if alone && slot.is_some() {
                // A second Assertion, which the count refuses next. Looking at the signature of each, a stranger
                // could fill the sign-in log with hundreds of checks.
                break;
            }
            let got = if alone { "one" } else { "two" };
            checks.require(
                "signature.alone",
                Rejection::SignatureShape,
                "one signature in a place",
                got,
                alone,
            )?;
            *slot = Some(shape);
        }
    }
    Ok((of_response, of_assertion))
}

fn refers_to_parent(shape: &Shape<'_>, checks: &mut Checks) -> Result<(), Rejection> {
    let id = shape.reference.strip_prefix('#').filter(|id| is_ncname(id));
    let form = "# and an id";
    checks.require("signature.reference", Rejection::ReferenceForm, form, shape.reference, id.is_some())?;
    let parent = shape.parent.attribute("ID");
    let want = parent.unwrap_or("the parent's ID, which is missing").to_owned();
    let got = id.unwrap_or_default();
    checks.require(
        "signature.target",
        Rejection::ReferenceMismatch,
        want,
        got,
        parent.is_some() && parent == id,
    )
}

/// An ASCII NCName of bounded length: what every IdP uses for its ids.
pub(super) fn is_ncname(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && text.len() <= 256 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}
