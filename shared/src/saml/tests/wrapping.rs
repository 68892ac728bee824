//! Signature wrapping: the signed element stays intact somewhere, its digest valid, and something forged
//! takes its place. Every attack in every shape, for every signing mode that has the signature it needs.

use okta_twin::saml::Sign;

use super::harness::*;

/// A signed document, and the same with somebody else's name, other ids and no signature.
struct Material {
    response: String,
    assertion: String,
    forged_assertion: String,
    /// The forged Assertion with the Signature that refers to the genuine one.
    forged_keeps_signature: String,
    signature: String,
    bare_assertion: String,
    mode: Sign,
}

impl Material {
    fn new(shape: Shape, mode: Sign) -> Self {
        let response = shaped(shape, mode);
        let assertion = source(&response, "Assertion").to_owned();
        let signature = match mode {
            Sign::Response => source(&response, "Signature").to_owned(),
            _ => source(&assertion, "Signature").to_owned(),
        };
        let bare_assertion = assertion.replace(&signature, "");
        let forge =
            |xml: &str| xml.replace(USER, "eve@example.com").replacen("id2000000000000002", "_evil", 1);
        Self {
            forged_assertion: forge(&bare_assertion),
            forged_keeps_signature: forge(&assertion),
            response,
            assertion,
            signature,
            bare_assertion,
            mode,
        }
    }

    /// The Response with something else where its Assertion was.
    fn with(&self, instead: &str) -> String {
        replaced(&self.response, &self.assertion, instead)
    }

    /// The Response with something put directly after its start tag.
    fn first(&self, inserted: &str) -> String {
        let issuer = source(&self.response, "Issuer");
        self.response.replacen(issuer, &format!("{inserted}{issuer}"), 1)
    }

    /// The forged Assertion with `content` as its first child.
    fn forged_around(&self, content: &str) -> String {
        let end = self.forged_assertion.find('>').unwrap() + 1;
        format!("{}{content}{}", &self.forged_assertion[..end], &self.forged_assertion[end..])
    }

    /// The genuine Response without declaration.
    fn element(&self) -> &str {
        source(&self.response, "Response")
    }

    /// A forged Response (other id, forged Assertion, no signature) with `content` as its first child.
    fn forged_response(&self, content: &str) -> String {
        let bare = without_signatures(self.with(&self.forged_assertion));
        let bare = bare.replacen("id1000000000000001", "_evil1", 1);
        let issuer = source(&bare, "Issuer").to_owned();
        bare.replacen(&issuer, &format!("{content}{issuer}"), 1)
    }

    fn signature_around(&self, content: &str) -> String {
        self.signature.replacen("</ds:Signature>", &format!("{content}</ds:Signature>"), 1)
    }
}

fn without_signatures(mut xml: String) -> String {
    while xml.contains("<ds:Signature ") {
        xml = xml.replacen(&source(&xml, "Signature").to_owned(), "", 1);
    }
    xml
}

fn object(content: &str) -> String {
    format!("<ds:Object>{content}</ds:Object>")
}

fn extensions(content: &str) -> String {
    format!("<p:Extensions xmlns:p=\"urn:oasis:names:tc:SAML:2.0:protocol\">{content}</p:Extensions>")
}

type Attack = (&'static str, &'static str, fn(&Material) -> String);

/// Where the Assertion has the signature.
const ON_ASSERTION: &[Attack] = &[
    ("A01 forged before signed", "saml.multiple_assertions", |m| {
        m.with(&format!("{}{}", m.forged_assertion, m.assertion))
    }),
    ("A02 forged Response around the signed one", "saml.signature_not_root_or_assertion", |m| {
        m.forged_response(&extensions(m.element()))
    }),
    ("A02 forged Response with the signed one as a child", "saml.signature_not_root_or_assertion", |m| {
        m.forged_response(m.element())
    }),
    ("A02 detached signature in the Status", "saml.signature_not_root_or_assertion", |m| {
        let status = source(&m.response, "Status");
        let moved = status.replacen("</", &format!("{}</", m.signature), 1);
        m.with(&format!("{}{}", m.forged_assertion, m.bare_assertion)).replacen(status, &moved, 1)
    }),
    ("A03 forged after signed", "saml.multiple_assertions", |m| {
        m.with(&format!("{}{}", m.assertion, m.forged_assertion))
    }),
    ("A03 forged first in the Response", "saml.multiple_assertions", |m| m.first(&m.forged_assertion)),
    ("A04 signed inside forged", "saml.nested_assertion", |m| m.with(&m.forged_around(&m.assertion))),
    ("A04 signed in the Advice of forged", "saml.nested_assertion", |m| {
        let advice = "<a:Advice xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">";
        m.with(&m.forged_around(&format!("{advice}{}</a:Advice>", m.assertion)))
    }),
    ("A05 forged keeps the signature, copy after", "saml.reference_mismatch", |m| {
        m.with(&format!("{}{}", m.forged_keeps_signature, m.bare_assertion))
    }),
    ("A05 forged keeps the signature, copy before", "saml.reference_mismatch", |m| {
        m.with(&format!("{}{}", m.bare_assertion, m.forged_keeps_signature))
    }),
    ("A05 forged keeps signature and id, copy after", "saml.multiple_assertions", |m| {
        let same_id = m.forged_keeps_signature.replacen("_evil", "id2000000000000002", 1);
        m.with(&format!("{same_id}{}", m.bare_assertion))
    }),
    ("A06 signed inside the signature of forged", "saml.signature_children", |m| {
        m.with(&m.forged_around(&m.signature_around(&m.bare_assertion)))
    }),
    ("A06 forged inside the signature", "saml.signature_children", |m| {
        m.with(&m.assertion.replacen(&m.signature, &m.signature_around(&m.forged_assertion), 1))
    }),
    ("A07 forged in Extensions", "saml.multiple_assertions", |m| m.first(&extensions(&m.forged_assertion))),
    ("A07 signed in Extensions", "saml.signature_not_root_or_assertion", |m| {
        let status = source(&m.response, "Status");
        let hidden = format!("{}{status}", extensions(&m.assertion));
        m.with(&m.forged_assertion).replacen(status, &hidden, 1)
    }),
    ("A08 signed in an Object of forged", "saml.object_forbidden", |m| {
        m.with(&m.forged_around(&m.signature_around(&object(&m.bare_assertion))))
    }),
    ("A08 forged in an Object", "saml.object_forbidden", |m| {
        m.with(&m.assertion.replacen(&m.signature, &m.signature_around(&object(&m.forged_assertion)), 1))
    }),
    ("A09 signed Response in the Issuer", "saml.signature_not_root_or_assertion", |m| {
        let forged = m.forged_response("");
        let issuer = source(&forged, "Issuer");
        let around = issuer.replacen("</", &format!("{}</", m.element()), 1);
        forged.replacen(issuer, &around, 1)
    }),
    ("A13 both with one id", "saml.multiple_assertions", |m| {
        let same_id = m.forged_assertion.replacen("_evil", "id2000000000000002", 1);
        m.with(&format!("{same_id}{}", m.assertion))
    }),
    ("KeyInfo as a hiding place", "saml.nested_assertion", |m| {
        let hidden = m.signature.replacen("</ds:KeyInfo>", &format!("{}</ds:KeyInfo>", m.bare_assertion), 1);
        m.with(&m.forged_around(&hidden))
    }),
];

/// Where the Response has the signature.
const ON_RESPONSE: &[Attack] = &[
    ("A01 forged beside", "saml.multiple_assertions", |m| {
        m.with(&format!("{}{}", m.forged_assertion, m.assertion))
    }),
    ("A02 forged around signed", "saml.signature_not_root_or_assertion", |m| {
        m.forged_response(&extensions(m.element()))
    }),
    ("A05 forged keeps the signature, signed inside", "saml.reference_mismatch", |m| {
        m.forged_response(&format!("{}{}", m.signature, extensions(&m.element().replace(&m.signature, ""))))
    }),
    ("A05 forged keeps signature and id", "saml.multiple_assertions", |m| {
        let copy = extensions(&m.element().replace(&m.signature, ""));
        m.forged_response(&format!("{}{copy}", m.signature)).replacen("_evil1", "id1000000000000001", 1)
    }),
    ("A06 signed inside the signature of forged", "saml.signature_children", |m| {
        m.forged_response(&m.signature_around(&m.element().replace(&m.signature, "")))
    }),
    ("A08 signed in an Object of forged", "saml.object_forbidden", |m| {
        m.forged_response(&m.signature_around(&object(&m.element().replace(&m.signature, ""))))
    }),
    ("A09 signed in the Issuer", "saml.signature_not_root_or_assertion", |m| {
        let forged = m.forged_response("");
        let issuer = source(&forged, "Issuer");
        let around = issuer.replacen("</", &format!("{}</", m.element()), 1);
        forged.replacen(issuer, &around, 1)
    }),
    ("A07 forged in Extensions", "saml.multiple_assertions", |m| m.first(&extensions(&m.forged_assertion))),
];

#[test]
fn a01_to_a09_wrapped_signatures_are_refused_for_what_they_are() {
    let mut forged = 0;
    for (shape_name, shape) in SHAPES {
        for mode in SIGNED {
            let material = Material::new(shape, mode);
            let attacks = if material.mode == Sign::Response { ON_RESPONSE } else { ON_ASSERTION };
            for (name, want, attack) in attacks {
                let xml = attack(&material);
                assert!(xml.contains("eve@example.com"), "{name}: nothing forged");
                assert_eq!(code(&xml), *want, "{name}, {shape_name}, {mode:?}\n{xml}");
                forged += 1;
            }
        }
    }
    assert!(forged > 180, "{forged}");
}
