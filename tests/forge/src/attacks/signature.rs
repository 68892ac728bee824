//! Signatures that are in their place and still mean something else (A10 to A17): references, transforms, ids and
//! children. Whatever stands in SignedInfo is really signed; what comes into a Signature afterwards leaves the
//! canonical SignedInfo as it was, wherever the attack allows.

use super::scene::{Scene, name_eve, signature_of, stripped};
use crate::{
    Forged, Proof, Signed, Signing,
    message::qualified,
    xml::{EXCLUSIVE_C14N, Element, Node, SIGNATURE},
};

const FORM: &str = "saml.reference_form";
const MISMATCH: &str = "saml.reference_mismatch";
const TRANSFORM: &str = "saml.transform_forbidden";
const SHAPE: &str = "saml.signature_shape";
const CHILDREN: &str = "saml.signature_children";
const OBJECT: &str = "saml.object_forbidden";
const IDS: &str = "saml.id_attribute";

/// Signs with this change of SignedInfo; the genuine key vouches for it.
fn with_info(scene: &Scene<'_>, info: &dyn Fn(&mut Element)) -> Element {
    scene.sign_oddly(scene.draft(), &Signing { info, ..Signing::by(scene.idp) })
}

/// A10: what the signature refers to.
pub(super) fn references(scene: &Scene<'_>) -> Vec<Forged> {
    let to = |uri: &'static str, reason| {
        let root = with_info(scene, &|info| {
            info.edit("Reference", |reference| reference.set("URI", uri.replace("ID", &id_of(reference))));
        });
        scene.forged("A10", format!("Reference to {uri:?}"), reason, Proof::Sealed, root)
    };
    let nowhere = with_info(scene, &|info| info.edit("Reference", |reference| reference.unset("URI")));
    let mut out = vec![scene.forged("A10", "Reference to nothing", FORM, Proof::Sealed, nowhere)];
    out.extend([
        to("", FORM),
        to("#", FORM),
        to("ID", FORM),
        to("#ID ", FORM),
        to("#element(/1/3)", FORM),
        to("#xpointer(/)", FORM),
        to("#xpointer(id('ID'))", FORM),
        to("#xmlns(p=urn:p)xpointer(//*)", FORM),
        to("https://idp.example.com/#ID", FORM),
        to("file:///etc/passwd", FORM),
        to("#1", FORM),
        to("#xID", MISMATCH),
        to("#_evil", MISMATCH),
    ]);
    out
}

fn id_of(reference: &Element) -> String {
    reference.attribute("URI").unwrap_or_default().trim_start_matches('#').to_owned()
}

/// A11, A12: what is left of it before it is digested.
pub(super) fn transforms(scene: &Scene<'_>) -> Vec<Forged> {
    let ds = |local: &str| Element::new(qualified(scene.style().signature, local));
    let transform = |algorithm: &str| ds("Transform").with("Algorithm", algorithm);
    let enveloped = || transform(&format!("{SIGNATURE}enveloped-signature"));
    let exclusive = || transform(EXCLUSIVE_C14N);
    let xpath = |expression: &str| {
        transform("http://www.w3.org/TR/1999/REC-xpath-19991116").child(ds("XPath").saying(expression))
    };
    let without_subject = || xpath("not(ancestor-or-self::*[local-name()='Subject'])");
    let filter = || {
        let xpath = Element::new("f:XPath").with("xmlns:f", "http://www.w3.org/2002/06/xmldsig-filter2");
        transform("http://www.w3.org/2002/06/xmldsig-filter2")
            .child(xpath.with("Filter", "subtract").saying("//*[local-name()='Subject']"))
    };
    let xslt = || {
        let sheet = Element::new("xsl:stylesheet")
            .with("version", "1.0")
            .with("xmlns:xsl", "http://www.w3.org/1999/XSL/Transform");
        transform("http://www.w3.org/TR/1999/REC-xslt-19991116").child(sheet)
    };
    let inclusive = || transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315");
    let lists: Vec<(&'static str, &str, Vec<Element>)> = vec![
        ("A11", "XPath that leaves the Subject out", vec![enveloped(), without_subject(), exclusive()]),
        ("A11", "XPath first", vec![without_subject(), enveloped(), exclusive()]),
        ("A11", "XPath filter that leaves the Subject out", vec![enveloped(), filter(), exclusive()]),
        (
            "A11",
            "XPath instead of enveloped",
            vec![xpath("not(ancestor-or-self::*[local-name()='Signature'])"), exclusive()],
        ),
        ("A12", "XSLT", vec![enveloped(), xslt(), exclusive()]),
        ("A12", "XSLT last", vec![enveloped(), exclusive(), xslt()]),
        ("A12", "base64", vec![enveloped(), transform(&format!("{SIGNATURE}base64")), exclusive()]),
        ("A12", "no transform", vec![]),
        ("A12", "enveloped alone", vec![enveloped()]),
        ("A12", "exclusive alone", vec![exclusive()]),
        ("A12", "exclusive first", vec![exclusive(), enveloped()]),
        ("A12", "exclusive twice", vec![enveloped(), exclusive(), exclusive()]),
        ("A12", "enveloped twice", vec![enveloped(), enveloped(), exclusive()]),
        ("A12", "inclusive canonicalization", vec![enveloped(), inclusive()]),
        ("A12", "with comments", vec![enveloped(), transform(&format!("{EXCLUSIVE_C14N}WithComments"))]),
        ("A12", "an unknown transform", vec![enveloped(), transform("urn:none"), exclusive()]),
    ];
    let mut out = Vec::new();
    for (row, name, list) in lists {
        let leaves_out = name.contains("leaves the Subject out");
        let info = |info: &mut Element| {
            info.edit("Transforms", |transforms| {
                transforms.children = list.iter().cloned().map(Node::Element).collect();
            });
        };
        let content = |root: &mut Element| {
            if leaves_out {
                root.replace("Subject", []);
            }
        };
        let signing = Signing { info: &info, content: &content, ..Signing::by(scene.idp) };
        // What the transform leaves out may be changed: that is what it is for.
        let root = scene.sign_and_change(scene.draft(), &signing, |element| {
            if leaves_out {
                name_eve(element);
            }
        });
        out.push(scene.forged(row, name, TRANSFORM, Proof::Sealed, root));
    }
    out
}

/// A15, A16: in SignedInfo, before it is signed.
pub(super) fn inside_signed_info(scene: &Scene<'_>) -> Vec<Forged> {
    let ds = |local: &str| Element::new(qualified(scene.style().signature, local));
    let double = |info: &mut Element, local: &str| {
        if let Some(found) = info.find(local).cloned() {
            info.replace(local, [found.clone(), found]);
        }
    };
    let signed = |row, name: &str, reason, info: &dyn Fn(&mut Element)| {
        scene.forged(row, name, reason, Proof::Sealed, with_info(scene, info))
    };
    let length = || ds("HMACOutputLength").saying("8");
    vec![
        signed("A15", "two DigestValues", SHAPE, &|info| double(info, "DigestValue")),
        signed("A15", "no DigestValue", SHAPE, &|info| info.replace("DigestValue", [])),
        signed("A15", "an element in DigestValue", SHAPE, &|info| {
            info.edit("DigestValue", |value| value.push(Element::new("x")));
        }),
        signed("A15", "no base64 in DigestValue", SHAPE, &|info| {
            info.edit("DigestValue", |value| value.say("!"));
        }),
        signed("A15", "an empty DigestValue", SHAPE, &|info| {
            info.edit("DigestValue", |value| value.children.clear());
        }),
        signed("A15", "two SignatureMethods", SHAPE, &|info| double(info, "SignatureMethod")),
        signed("A15", "two Transforms", SHAPE, &|info| double(info, "Transforms")),
        signed("A15", "text in SignedInfo", SHAPE, &|info| info.children.push(Node::Text("x".to_owned()))),
        signed("A15", "a foreign element in SignedInfo", SHAPE, &|info| {
            info.push(Element::new("x"));
        }),
        signed("A15", "a foreign element in Reference", SHAPE, &|info| {
            info.edit("Reference", |reference| {
                reference.children.insert(0, Node::Element(Element::new("x")));
            });
        }),
        signed("A15", "parameters in SignatureMethod", SHAPE, &|info| {
            info.edit("SignatureMethod", |method| method.push(length()));
        }),
        signed("A15", "parameters in DigestMethod", SHAPE, &|info| {
            info.edit("DigestMethod", |method| method.push(length()));
        }),
        signed("A15", "no Algorithm", SHAPE, &|info| {
            info.edit("SignatureMethod", |method| method.unset("Algorithm"));
        }),
        signed("A16", "no Reference", SHAPE, &|info| info.replace("Reference", [])),
        signed("A16", "two References", SHAPE, &|info| double(info, "Reference")),
        signed("A16", "a Manifest instead of a Reference", SHAPE, &|info| {
            info.edit("Reference", |reference| reference.name = qualified(reference.prefix(), "Manifest"));
        }),
    ]
}

/// A15: in the Signature, after SignedInfo was signed. Comments are in no canonical form: the signature stays valid.
pub(super) fn around_signed_info(scene: &Scene<'_>) -> Vec<Forged> {
    type Change = fn(&mut Element, &Scene<'_>);
    let changes: &[(&str, &'static str, Proof, Change)] = &[
        ("two SignedInfos", SHAPE, Proof::Intact, |s, scene| {
            let other = eves_info(scene);
            let own = s.find("SignedInfo").cloned();
            s.replace("SignedInfo", own.into_iter().chain(other));
        }),
        ("another SignedInfo first", SHAPE, Proof::Intact, |s, scene| {
            let other = eves_info(scene);
            let own = s.find("SignedInfo").cloned();
            s.replace("SignedInfo", other.into_iter().chain(own));
        }),
        ("no SignedInfo", SHAPE, Proof::Broken, |s, _| s.replace("SignedInfo", [])),
        ("two SignatureValues", SHAPE, Proof::Intact, |s, _| {
            let own = s.find("SignatureValue").cloned();
            s.replace("SignatureValue", own.clone().into_iter().chain(own));
        }),
        ("no SignatureValue", SHAPE, Proof::Broken, |s, _| s.replace("SignatureValue", [])),
        ("two KeyInfos", SHAPE, Proof::Intact, |s, scene| {
            let info = Element::new(qualified(scene.style().signature, "KeyInfo"));
            s.children.extend([Node::Element(info.clone()), Node::Element(info)]);
        }),
        ("SignatureValue first", SHAPE, Proof::Intact, |s, _| {
            let own = s.find("SignedInfo").cloned();
            s.replace("SignedInfo", []);
            s.children.extend(own.map(Node::Element));
        }),
        ("a comment before the digest", SHAPE, Proof::Intact, |s, _| {
            s.edit("DigestValue", |value| value.children.insert(0, Node::Comment("AAAA".to_owned())));
        }),
        ("a comment after the digest", SHAPE, Proof::Intact, |s, _| {
            s.edit("DigestValue", |value| value.children.push(Node::Comment("AAAA".to_owned())));
        }),
        ("a comment in SignedInfo", SHAPE, Proof::Intact, |s, _| {
            s.edit("SignedInfo", |info| info.children.insert(0, Node::Comment("x".to_owned())));
        }),
        ("a comment in Reference", SHAPE, Proof::Intact, |s, _| {
            s.edit("Reference", |reference| reference.children.push(Node::Comment("x".to_owned())));
        }),
        ("a comment in Transforms", SHAPE, Proof::Intact, |s, _| {
            s.edit("Transforms", |transforms| transforms.children.push(Node::Comment("x".to_owned())));
        }),
        ("a comment in SignatureMethod", SHAPE, Proof::Intact, |s, _| {
            s.edit("SignatureMethod", |method| method.children.push(Node::Comment("x".to_owned())));
        }),
        ("a comment in SignatureValue", SHAPE, Proof::Intact, |s, _| {
            s.edit("SignatureValue", |value| value.children.insert(0, Node::Comment("x".to_owned())));
        }),
        ("an element in SignatureValue", SHAPE, Proof::Intact, |s, _| {
            s.edit("SignatureValue", |value| value.push(Element::new("x")));
        }),
        ("no base64 in SignatureValue", SHAPE, Proof::Broken, |s, _| {
            s.edit("SignatureValue", |value| value.say("!"));
        }),
        ("text in Signature", SHAPE, Proof::Intact, |s, _| s.children.push(Node::Text("x".to_owned()))),
        ("a comment in Signature", SHAPE, Proof::Intact, |s, _| {
            s.children.push(Node::Comment("x".to_owned()));
        }),
        ("a foreign element in Signature", CHILDREN, Proof::Intact, |s, _| {
            s.children.insert(0, Node::Element(Element::new("x")));
        }),
        ("a Signature in Signature", CHILDREN, Proof::Intact, |s, _| {
            let own = s.clone();
            s.push(own);
        }),
        ("an empty Object", OBJECT, Proof::Intact, |s, scene| {
            s.push(Element::new(qualified(scene.style().signature, "Object")));
        }),
    ];
    let mut out = Vec::new();
    for (name, reason, proof, change) in changes {
        for intact in [true, false] {
            let root = scene.sign_and_change(scene.draft(), &Signing::by(scene.idp), |element| {
                element.edit("Signature", |signature| change(signature, scene));
                if !intact {
                    name_eve(element);
                }
            });
            let sealed = scene.signed == Signed::Both;
            let proof = match (sealed, intact) {
                (true, _) => Proof::Sealed,
                (false, true) => *proof,
                (false, false) => Proof::Broken,
            };
            let name = if intact { (*name).to_owned() } else { format!("{name}, and another NameID") };
            out.push(scene.forged("A15", name, reason, proof, root));
        }
    }
    out.push(two_signatures(scene));
    out.push(scene.forged(
        "A17",
        "no signature",
        "saml.unsigned",
        Proof::Foreign,
        stripped(&scene.genuine()),
    ));
    out
}

/// The SignedInfo of a document in Eve's name.
fn eves_info(scene: &Scene<'_>) -> Option<Element> {
    let eve = scene.draft().changed(name_eve);
    eve.sign(scene.stranger, scene.signed).root.find("SignedInfo").cloned()
}

fn two_signatures(scene: &Scene<'_>) -> Forged {
    let root = scene.sign_and_change(scene.draft(), &Signing::by(scene.idp), |element| {
        let again = signature_of(element).cloned().map(Node::Element);
        element.children.extend(again);
    });
    scene.forged("A15", "two Signatures in one place", SHAPE, Proof::Intact, root)
}

/// A13, A14: what may be called an id, and how often.
pub(super) fn ids(scene: &Scene<'_>) -> Vec<Forged> {
    let mut out = Vec::new();
    let sealed = |row, name: String, reason, change: &dyn Fn(&mut Element)| {
        let draft = scene.draft().changed(change);
        scene.forged(row, name, reason, Proof::Sealed, draft.sign(scene.idp, scene.signed).root)
    };
    for attribute in ["Id", "id", "iD", "xml:id", "x:ID"] {
        for local in ["Response", "StatusCode", "Assertion", "NameID"] {
            let change = |root: &mut Element| {
                if attribute.starts_with("x:") {
                    root.set("xmlns:x", "urn:x");
                }
                root.edit(local, |element| element.set(attribute, "_other"));
            };
            out.push(sealed("A14", format!("{attribute} on {local}"), IDS, &change));
        }
        // The signed element's only id is of another kind, and the reference names it.
        let victim = if scene.signed == Signed::Response { "Response" } else { "Assertion" };
        let mut root = scene.genuine();
        root.edit(victim, |element| {
            let id = element.attribute("ID").unwrap_or_default().to_owned();
            element.unset("ID");
            element.set(attribute, id);
        });
        root.set("xmlns:x", "urn:x");
        out.push(scene.forged("A14", format!("{attribute} instead of ID"), IDS, Proof::Broken, root));
    }
    for local in ["StatusCode", "NameID", "Conditions"] {
        let change = |root: &mut Element| {
            let victim = if scene.signed == Signed::Response { "Response" } else { "Assertion" };
            let id = root.find(victim).and_then(|found| found.attribute("ID")).unwrap_or_default().to_owned();
            root.edit(local, |element| element.set("ID", id));
        };
        out.push(sealed("A13", format!("{local} with the signed id"), "saml.duplicate_id", &change));
    }
    let one = |root: &mut Element| {
        let id = root.attribute("ID").unwrap_or_default().to_owned();
        root.edit("Assertion", |assertion| assertion.set("ID", id));
    };
    out.push(sealed("A13", "Response and Assertion with one id".to_owned(), "saml.duplicate_id", &one));
    out
}
