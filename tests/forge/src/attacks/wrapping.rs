//! Signature wrapping (A01 to A09, A13): what was signed stays somewhere, and something forged takes its place.
//! The published XSW1 to XSW8 are among them, each on the part that it was published for and on the other.

use super::scene::{Scene, name_eve, signature_of, stripped, unsigned, with_first};
use crate::{
    Forged, Proof, Signed,
    message::qualified,
    xml::{ASSERTION, Element},
};

/// A genuine document in parts, and forged ones to put into their places.
struct Parts<'s> {
    scene: &'s Scene<'s>,
    /// The genuine Response.
    response: Element,
    /// Its Assertion.
    assertion: Element,
    /// The Signature that is abused.
    signature: Element,
    /// The Assertion without its Signature, in Eve's name.
    forged: Element,
}

impl<'s> Parts<'s> {
    /// `victim` names the element whose signature is abused. `intact` leaves what was signed as it was.
    fn new(scene: &'s Scene<'s>, victim: &str, intact: bool) -> Option<Self> {
        let mut response = scene.genuine();
        if !intact {
            response.edit("AuthnContextClassRef", |class| class.say("urn:none"));
        }
        let assertion = response.find("Assertion")?.clone();
        let signature = signature_of(response.find(victim)?)?.clone();
        let mut forged = unsigned(&assertion);
        name_eve(&mut forged);
        forged.set("ID", "_evil");
        Some(Self { scene, response, assertion, signature, forged })
    }

    fn bare_assertion(&self) -> Element {
        unsigned(&self.assertion)
    }

    /// The forged Assertion with the Signature that refers to the genuine one.
    fn forged_keeps_signature(&self) -> Element {
        let mut forged = self.assertion.clone();
        name_eve(&mut forged);
        forged.set("ID", "_evil");
        forged
    }

    fn same_id(&self, mut forged: Element) -> Element {
        forged.set("ID", self.assertion.attribute("ID").unwrap_or_default());
        forged
    }

    /// The Response with something else where its Assertion was.
    fn with(&self, instead: impl IntoIterator<Item = Element>) -> Element {
        let mut response = self.response.clone();
        response.replace("Assertion", instead);
        response
    }

    /// The forged Assertion around something.
    fn forged_around(&self, content: Element) -> Element {
        with_first(self.forged.clone(), [content])
    }

    /// A Response with another id, the forged Assertion and no signature, around something.
    fn forged_response(&self, content: impl IntoIterator<Item = Element>) -> Element {
        let mut response = stripped(&self.with([self.forged.clone()]));
        response.set("ID", "_evil1");
        with_first(response, content)
    }

    /// The genuine Response without its own Signature.
    fn bare_response(&self) -> Element {
        unsigned(&self.response)
    }

    fn extensions(&self, content: Element) -> Element {
        self.scene.extensions([content])
    }

    fn signature_around(&self, content: Element) -> Element {
        self.signature.clone().child(content)
    }

    fn object(&self, content: Element) -> Element {
        Element::new(qualified(self.scene.style().signature, "Object")).child(content)
    }

    /// The Assertion with something else where its Signature was.
    fn assertion_with_signature(&self, signature: Element) -> Element {
        let mut assertion = self.assertion.clone();
        assertion.replace("Signature", [signature]);
        assertion
    }
}

struct Attack {
    row: &'static str,
    name: &'static str,
    reason: &'static str,
    make: fn(&Parts<'_>) -> Element,
}

const fn attack(
    row: &'static str,
    name: &'static str,
    reason: &'static str,
    make: fn(&Parts<'_>) -> Element,
) -> Attack {
    Attack { row, name, reason, make }
}

const MULTIPLE: &str = "saml.multiple_assertions";
const NESTED: &str = "saml.nested_assertion";
const PLACE: &str = "saml.signature_not_root_or_assertion";
const MISMATCH: &str = "saml.reference_mismatch";
const CHILDREN: &str = "saml.signature_children";
const OBJECT: &str = "saml.object_forbidden";

/// With the Assertion's signature.
const ON_ASSERTION: &[Attack] = &[
    attack("A01", "forged before signed", MULTIPLE, |p| p.with([p.forged.clone(), p.assertion.clone()])),
    attack("A02", "forged Response around the signed one", PLACE, |p| {
        p.forged_response([p.extensions(p.response.clone())])
    }),
    attack("A02", "forged Response with the signed one as a child", PLACE, |p| {
        p.forged_response([p.response.clone()])
    }),
    attack("A02", "signature detached into the Status", PLACE, |p| {
        let mut root = p.with([p.forged.clone(), p.bare_assertion()]);
        root.edit("StatusCode", |status| status.push(p.signature.clone()));
        root
    }),
    attack("A03", "forged after signed (XSW3 turned)", MULTIPLE, |p| {
        p.with([p.assertion.clone(), p.forged.clone()])
    }),
    attack("A03", "forged first in the Response", MULTIPLE, |p| {
        with_first(p.response.clone(), [p.forged.clone()])
    }),
    attack("A04", "signed inside forged (XSW4)", NESTED, |p| p.with([p.forged_around(p.assertion.clone())])),
    attack("A04", "signed in the Advice of forged", NESTED, |p| {
        let advice = Element::new("advice:Advice").with("xmlns:advice", ASSERTION);
        p.with([p.forged_around(advice.child(p.assertion.clone()))])
    }),
    attack("A05", "forged keeps the signature, copy after (XSW5)", MISMATCH, |p| {
        p.with([p.forged_keeps_signature(), p.bare_assertion()])
    }),
    attack("A05", "forged keeps the signature, copy before", MISMATCH, |p| {
        p.with([p.bare_assertion(), p.forged_keeps_signature()])
    }),
    attack("A05", "forged keeps signature and id, copy after", MULTIPLE, |p| {
        p.with([p.same_id(p.forged_keeps_signature()), p.bare_assertion()])
    }),
    attack("A06", "signed inside the signature of forged (XSW6)", CHILDREN, |p| {
        p.with([p.forged_around(p.signature_around(p.bare_assertion()))])
    }),
    attack("A06", "forged inside the signature", CHILDREN, |p| {
        p.with([p.assertion_with_signature(p.signature_around(p.forged.clone()))])
    }),
    attack("A07", "forged in Extensions (XSW7)", MULTIPLE, |p| {
        with_first(p.response.clone(), [p.extensions(p.forged.clone())])
    }),
    attack("A07", "signed in Extensions", PLACE, |p| {
        with_first(p.with([p.forged.clone()]), [p.extensions(p.assertion.clone())])
    }),
    attack("A08", "signed in an Object of forged (XSW8)", OBJECT, |p| {
        p.with([p.forged_around(p.signature_around(p.object(p.bare_assertion())))])
    }),
    attack("A08", "forged in an Object", OBJECT, |p| {
        p.with([p.assertion_with_signature(p.signature_around(p.object(p.forged.clone())))])
    }),
    attack("A09", "signed Response in the Issuer", PLACE, ancestor),
    attack("A13", "both with one id", MULTIPLE, |p| {
        p.with([p.same_id(p.forged.clone()), p.assertion.clone()])
    }),
    attack("A04", "signed in the KeyInfo of forged", NESTED, |p| {
        let mut signature = p.signature.clone();
        let hiding = Element::new(qualified(p.scene.style().signature, "KeyInfo")).child(p.bare_assertion());
        signature
            .children
            .retain(|node| !matches!(node, crate::xml::Node::Element(e) if e.local() == "KeyInfo"));
        p.with([p.forged_around(signature.child(hiding))])
    }),
];

/// Inside the Response, under its own signature.
const IN_RESPONSE: &[Attack] = &[
    attack("A01", "forged beside", MULTIPLE, |p| p.with([p.forged.clone(), p.assertion.clone()])),
    attack("A03", "forged after", MULTIPLE, |p| p.with([p.assertion.clone(), p.forged.clone()])),
    attack("A07", "forged in Extensions", MULTIPLE, |p| {
        with_first(p.response.clone(), [p.extensions(p.forged.clone())])
    }),
];

/// With the Response's signature, on something around it.
const ON_RESPONSE: &[Attack] = &[
    attack("A02", "signed in the Extensions of forged", PLACE, |p| {
        p.forged_response([p.extensions(p.response.clone())])
    }),
    attack("A02", "signed as a child of forged", PLACE, |p| p.forged_response([p.response.clone()])),
    attack("A02", "signature of forged beside signed (XSW2)", MISMATCH, |p| {
        p.forged_response([p.signature.clone(), p.bare_response()])
    }),
    attack("A05", "forged keeps the signature, signed inside", MISMATCH, |p| {
        p.forged_response([p.signature.clone(), p.extensions(p.bare_response())])
    }),
    attack("A06", "signed inside the signature of forged (XSW1)", CHILDREN, |p| {
        p.forged_response([p.signature_around(p.bare_response())])
    }),
    attack("A08", "signed in an Object of forged", OBJECT, |p| {
        p.forged_response([p.signature_around(p.object(p.bare_response()))])
    }),
    attack("A09", "signed in the Issuer", PLACE, ancestor),
];

/// The forged Response with the signature and the id of the genuine one, which is hidden inside.
fn takes_the_id(p: &Parts<'_>) -> Element {
    let mut root = p.forged_response([p.signature.clone(), p.extensions(p.bare_response())]);
    root.set("ID", p.response.attribute("ID").unwrap_or_default());
    root
}

const ON_RESPONSE_ALONE: &[Attack] =
    &[attack("A13", "forged keeps signature and id", MULTIPLE, takes_the_id)];
/// The hidden copy shows a signature of its own.
const ON_RESPONSE_OF_BOTH: &[Attack] = &[attack("A13", "forged keeps signature and id", PLACE, takes_the_id)];

/// The signed Response inside the Issuer of a forged one.
fn ancestor(p: &Parts<'_>) -> Element {
    let mut root = p.forged_response([]);
    root.edit("Issuer", |issuer| issuer.push(p.response.clone()));
    root
}

/// The rows of the catalogue.
pub(super) const ROWS: &[&str] = &["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A13"];

pub(super) fn all(scene: &Scene<'_>) -> Vec<Forged> {
    // Whose signature, whether the Response's own covers what is done, and what is done.
    let tables: &[(&str, bool, &[Attack])] = match scene.signed {
        Signed::Assertion => &[("Assertion", false, ON_ASSERTION)],
        Signed::Response => &[
            ("Response", true, IN_RESPONSE),
            ("Response", false, ON_RESPONSE),
            ("Response", false, ON_RESPONSE_ALONE),
        ],
        Signed::Both => &[
            ("Assertion", true, ON_ASSERTION),
            ("Response", true, IN_RESPONSE),
            ("Response", false, ON_RESPONSE),
            ("Response", false, ON_RESPONSE_OF_BOTH),
        ],
    };
    let mut out = Vec::new();
    for (victim, covered, attacks) in tables {
        for intact in [true, false] {
            let Some(parts) = Parts::new(scene, victim, intact) else { continue };
            for attack in *attacks {
                let name = format!("{} with the {victim}'s signature", attack.name);
                let root = (attack.make)(&parts);
                let proven = proven(scene, *covered, intact, root).into_iter();
                out.extend(
                    proven.map(|(proof, root)| {
                        scene.forged(attack.row, name.clone(), attack.reason, proof, root)
                    }),
                );
            }
        }
    }
    out
}

/// What is sound about the result: what was signed is still there, or the genuine key seals what was made of it.
fn proven(scene: &Scene<'_>, covered: bool, intact: bool, root: Element) -> Vec<(Proof, Element)> {
    let open = signature_of(&root).is_none();
    if !intact {
        vec![(Proof::Broken, root)]
    } else if covered && !open {
        vec![(Proof::Sealed, scene.seal(unsigned(&root)))]
    } else if open && scene.signed.response() {
        vec![(Proof::Sealed, scene.seal(root.clone())), (Proof::Intact, root)]
    } else {
        vec![(Proof::Intact, root)]
    }
}
