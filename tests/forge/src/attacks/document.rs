//! Bytes that are no proper document (A48, A50, A51), around a Response that is genuine otherwise.

use std::fmt::Write;

use super::scene::Scene;
use crate::{Document, Forged, Proof, xml::Element};

/// A48, A50: document types and encodings.
pub(super) fn all(scene: &Scene<'_>) -> Vec<Forged> {
    let xml = Document { root: scene.genuine(), shape: scene.shape }.xml();
    let intact =
        |row, name: &str, reason, xml: Vec<u8>| scene.forged_bytes(row, name, reason, Proof::Intact, xml);
    let mut out = Vec::new();
    for (name, doctype) in doctypes() {
        out.push(intact("A48", &name, "xml.doctype", prefixed(&xml, &doctype).into_bytes()));
    }
    for (name, prolog, reason) in [
        ("a stylesheet", "<?xml-stylesheet href=\"x\"?>", "xml.processing_instruction"),
        ("a declaration out of place", "<!ENTITY x \"y\">", "xml.malformed"),
        ("a lower-case document type", "<!doctype x>", "xml.malformed"),
    ] {
        out.push(intact("A48", name, reason, prefixed(&xml, prolog).into_bytes()));
    }
    out.extend(encodings(&xml).into_iter().map(|(name, bytes)| intact("A50", &name, "xml.encoding", bytes)));
    out
}

/// The document with something before its root element.
fn prefixed(xml: &str, inserted: &str) -> String {
    let root = xml.find("?>").map_or(0, |end| end + 2);
    format!("{}{inserted}{}", &xml[..root], &xml[root..])
}

fn doctypes() -> Vec<(String, String)> {
    let mut laughs = String::from("<!DOCTYPE lolz [<!ENTITY lol0 \"lol\">");
    for level in 1..10 {
        // Writing to a String cannot fail.
        let _ = write!(laughs, "<!ENTITY lol{level} \"{}\">", format!("&lol{};", level - 1).repeat(10));
    }
    laughs.push_str("]>");
    let quadratic = format!("<!DOCTYPE x [<!ENTITY a \"{}\">]>", "a".repeat(50_000));
    let all = [
        ("a bare document type", "<!DOCTYPE x>"),
        ("an external subset", "<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\">"),
        ("an external entity", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"),
        ("a parameter entity", "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1/\"> %p;]>"),
        ("an attribute made an id", "<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>"),
        ("a default attribute", "<!DOCTYPE x [<!ATTLIST x Version CDATA \"2.0\">]>"),
        ("a billion laughs", &laughs),
        ("quadratic blow-up", &quadratic),
    ];
    all.map(|(name, doctype)| (name.to_owned(), doctype.to_owned())).to_vec()
}

fn encodings(xml: &str) -> Vec<(String, Vec<u8>)> {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| xml.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
    let mut out = vec![
        ("UTF-16, marked, little".to_owned(), [b"\xFF\xFE".as_slice(), &little].concat()),
        ("UTF-16, marked, big".to_owned(), [b"\xFE\xFF".as_slice(), &big].concat()),
        ("UTF-16, little".to_owned(), little),
        ("UTF-16, big".to_owned(), big),
        ("a byte order mark".to_owned(), [b"\xEF\xBB\xBF", xml.as_bytes()].concat()),
    ];
    let body = xml.find("?>").map_or(xml, |end| &xml[end + 2..]);
    for encoding in ["UTF-7", "UTF-16", "ISO-8859-1", "IBM037", "utf8"] {
        let declared = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{body}");
        out.push((format!("declared as {encoding}"), declared.into_bytes()));
    }
    let name = xml.find("@example.com").unwrap_or_default();
    for bytes in [b"\xC0\xBC".as_slice(), b"\xED\xA0\x80", b"\xF5\x80\x80\x80", b"\xFF", b"\xE2\x82"] {
        let invalid = [&xml.as_bytes()[..name], bytes, &xml.as_bytes()[name..]].concat();
        out.push((format!("the bytes {bytes:x?}"), invalid));
    }
    out
}

/// A51: too much of everything, inside what the genuine key signed.
pub(super) fn limits(scene: &Scene<'_>) -> Vec<Forged> {
    let deep = (0..100).fold(Element::new("a"), |inner, _| Element::new("a").child(inner));
    let wide = (0..100).fold(Element::new("a"), |a, n| a.with(&format!("a{n}"), ""));
    let named = (0..100).fold(Element::new("a"), |a, n| a.with(&format!("xmlns:a{n}"), "urn:x"));
    let many = Element::new("a").holding((0..20_000).map(|_| Element::new("a")));
    let bad = [("deep", deep), ("many attributes", wide), ("many namespaces", named), ("many nodes", many)];
    let all = bad.map(|(name, bad)| {
        let draft = scene.draft().changed(|root| {
            root.edit("AttributeValue", |value| value.push(bad));
        });
        let root = draft.sign(scene.idp, scene.signed).root;
        scene.forged("A51", name, "xml.limits", Proof::Sealed, root)
    });
    all.to_vec()
}
