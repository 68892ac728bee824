//! The Response that an identity provider writes before it signs, and the document that comes of it.

use jiff::{SignedDuration, Timestamp, Unit};

use crate::{
    idp::Idp,
    shape::{Declares, Shape, Signed, Style},
    sign::{self, Signing},
    xml::{ASSERTION, Element, Node, PROTOCOL},
};

/// What is true: who signs in where, and when.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The time of the sign-in; valid 5 minutes to both sides.
    pub now: Timestamp,
    /// The identity provider's entity id.
    pub issuer: String,
    /// The assertion consumer service.
    pub acs_url: String,
    /// The service provider's entity id.
    pub audience: String,
    /// Who signs in.
    pub name_id: String,
    /// The AuthnRequest that is answered; none when the identity provider started.
    pub in_response_to: Option<String>,
    /// Makes the ids of a message its own.
    pub serial: u32,
}

impl Facts {
    /// An instant this many seconds from now, as SAML writes it.
    pub fn after(&self, seconds: i64) -> String {
        let instant = self.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(self.now);
        format!("{:.3}", instant.round(Unit::Millisecond).unwrap_or(instant))
    }
}

/// A Response that nobody has signed yet: it may be changed at will.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The Response.
    pub root: Element,
    /// In whose hand.
    pub shape: Shape,
}

/// A document as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Document {
    /// The root element.
    pub root: Element,
    /// In whose hand.
    pub shape: Shape,
}

impl Document {
    /// The document as text.
    pub fn xml(&self) -> String {
        let mut out = self.shape.style().declaration.to_owned();
        self.root.write(&mut out);
        out
    }
}

impl Draft {
    /// The genuine Response.
    pub fn new(shape: Shape, facts: &Facts) -> Self {
        let style = shape.style();
        let mut root = response(&style, facts);
        finish(&mut root, &style, 0, &mut Vec::new());
        if style.declares == Declares::OnTheRoot {
            let names = [style.protocol, style.assertion].map(|prefix| namespace(prefix, &style));
            root.attributes.splice(0..0, names);
        }
        Self { root, shape }
    }

    /// The draft after a change.
    #[must_use]
    pub fn changed(mut self, change: impl FnOnce(&mut Element)) -> Self {
        change(&mut self.root);
        self
    }

    /// Signed in the genuine way.
    pub fn sign(self, idp: &Idp, signed: Signed) -> Document {
        self.sign_with(&Signing::by(idp), signed)
    }

    /// Signed in some other way. The Assertion first: the Response's signature covers it. What is not there
    /// (any more) is not signed.
    pub fn sign_with(mut self, signing: &Signing<'_>, signed: Signed) -> Document {
        let style = self.shape.style();
        if let Some(path) = self.root.path_of("Assertion").filter(|_| signed.assertion()) {
            sign::sign(&mut self.root, &path, &style, signing);
        }
        if signed.response() {
            sign::sign(&mut self.root, &[], &style, signing);
        }
        Document { root: self.root, shape: self.shape }
    }
}

/// A name with its prefix, if there is one.
pub fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

/// The attribute that declares one of the message's prefixes.
fn namespace(prefix: &str, style: &Style) -> (String, String) {
    let uri = if prefix == style.protocol { PROTOCOL } else { ASSERTION };
    let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
    (name, uri.to_owned())
}

fn response(style: &Style, facts: &Facts) -> Element {
    let id = |kind: u32| format!("{}{kind}{:015}", style.ids, facts.serial);
    let p = |local: &str| Element::new(qualified(style.protocol, local));
    let a = |local: &str| Element::new(qualified(style.assertion, local));
    let text = |local: &str, text: &str| a(local).saying(text);
    let issuer = || {
        // Only Okta says the default format.
        let format = (style.declares == Declares::Everywhere)
            .then_some("urn:oasis:names:tc:SAML:2.0:nameid-format:entity");
        text("Issuer", &facts.issuer).with_some("Format", format)
    };
    let request = facts.in_response_to.as_deref();
    let now = facts.after(0);

    let subject = a("Subject")
        .child(
            text("NameID", &facts.name_id)
                .with("Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
        )
        .child(
            a("SubjectConfirmation").with("Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer").child(
                a("SubjectConfirmationData")
                    .with_some("InResponseTo", request)
                    .with("NotOnOrAfter", facts.after(300))
                    .with("Recipient", &facts.acs_url),
            ),
        );
    let conditions = a("Conditions")
        .with("NotBefore", facts.after(-300))
        .with("NotOnOrAfter", facts.after(300))
        .child(a("AudienceRestriction").child(text("Audience", &facts.audience)));
    let authn = a("AuthnStatement")
        .with("AuthnInstant", &now)
        .with("SessionIndex", id(3))
        .with("SessionNotOnOrAfter", facts.after(3600))
        .child(a("AuthnContext").child(text(
            "AuthnContextClassRef",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        )));
    let value = text("AttributeValue", "Front desk")
        .with("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
        .with("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
        .with("xsi:type", "xs:string");
    let attribute = a("Attribute")
        .with("Name", "department")
        .with("NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified")
        .child(value);
    let mut assertion = a("Assertion")
        .with("ID", id(2))
        .with("Version", "2.0")
        .with("IssueInstant", &now)
        .child(issuer())
        .holding([subject, conditions, authn, a("AttributeStatement").child(attribute)]);
    if style.stray_default {
        assertion = assertion.with("xmlns", ASSERTION);
    }
    let mut root = p("Response")
        .with("ID", id(1))
        .with("Version", "2.0")
        .with("IssueInstant", &now)
        .with("Destination", &facts.acs_url)
        .with_some("InResponseTo", request);
    if style.inclusive.contains(&"xs") {
        assertion = assertion.with("xmlns:xs", "http://www.w3.org/2001/XMLSchema");
        root = root.with("xmlns:xs", "http://www.w3.org/2001/XMLSchema");
    }
    let status =
        p("Status").child(p("StatusCode").with("Value", "urn:oasis:names:tc:SAML:2.0:status:Success"));
    root.child(issuer()).holding([status, assertion])
}

/// Declares namespaces, orders attributes and indents, as the style wants it.
fn finish<'s>(element: &mut Element, style: &'s Style, depth: usize, scope: &mut Vec<&'s str>) {
    let prefix = if element.prefix() == style.protocol { style.protocol } else { style.assertion };
    let again = style.declares == Declares::Everywhere && depth <= 2;
    let needed = style.declares != Declares::OnTheRoot && !scope.contains(&prefix);
    let known = scope.len();
    if needed || again {
        let (name, uri) = namespace(prefix, style);
        element.set(&name, uri);
        scope.push(prefix);
    }
    if style.namespaces_first {
        element.attributes.sort_by_key(|(name, _)| (!name.starts_with("xmlns"), name.clone()));
    }
    for child in &mut element.children {
        if let Node::Element(child) = child {
            finish(child, style, depth + 1, scope);
        }
    }
    scope.truncate(known);
    if style.indented && element.elements().next().is_some() {
        let line = |depth: usize| Node::Text(format!("\n{}", "  ".repeat(depth)));
        let children = std::mem::take(&mut element.children);
        element.children = children.into_iter().flat_map(|child| [line(depth + 1), child]).collect();
        element.children.push(line(depth));
    }
}
