//! NameIDs that are no user name, signed by the genuine key (A42, A43, A49).

use super::scene::Scene;
use crate::{
    Forged, Proof,
    xml::{Element, Node},
};

const NAME: &str = "saml.nameid";

pub(super) fn all(scene: &Scene<'_>) -> Vec<Forged> {
    let text = |text: &str| Node::Text(text.to_owned());
    let include = Element::new("xi:include")
        .with("xmlns:xi", "http://www.w3.org/2001/XInclude")
        .with("href", "file:///etc/passwd");
    let mixed: Vec<(&'static str, &str, &'static str, Vec<Node>)> = vec![
        (
            "A42",
            "a processing instruction inside",
            "xml.processing_instruction",
            vec![text("ada"), Node::Instruction("x".to_owned()), text("@example.com")],
        ),
        ("A42", "CDATA", "xml.cdata", vec![Node::Cdata("ada@example.com".to_owned())]),
        (
            "A42",
            "an element inside",
            NAME,
            vec![text("ada"), Node::Element(Element::new("b").saying("@example.com"))],
        ),
        ("A42", "an element only", NAME, vec![Node::Element(Element::new("b"))]),
        ("A49", "XInclude", NAME, vec![Node::Element(include)]),
        ("A43", "nothing", NAME, vec![]),
        ("A43", "a comment only", NAME, vec![Node::Comment("ada@example.com".to_owned())]),
    ];
    let long = "a".repeat(257);
    let texts = [
        " ",
        "\n",
        " ada@example.com",
        "ada@example.com\n",
        "ada\r\n@example.com",
        "ada\t@example.com",
        "ada\u{7f}@example.com",
        "ada\u{85}@example.com",
        "ada\u{202e}@example.com",
        "ada\u{2066}@example.com",
        "ada\u{200f}@example.com",
        "\u{a0}ada@example.com",
        &long,
    ];
    let plain = texts.map(|name| ("A43", name.escape_unicode().to_string(), NAME, vec![text(name)]));
    let mixed = mixed.into_iter().map(|(row, name, reason, inside)| (row, name.to_owned(), reason, inside));
    let all = mixed.chain(plain).map(|(row, name, reason, inside)| {
        let draft = scene.draft().changed(|root| root.edit("NameID", |name| name.children = inside));
        let root = draft.sign(scene.idp, scene.signed).root;
        scene.forged(row, format!("NameID: {name}"), reason, Proof::Sealed, root)
    });
    all.collect()
}
