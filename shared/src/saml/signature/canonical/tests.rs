//! Canonical forms by the letter of the specification, and against another implementation of it.

use std::fmt::Write;

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::{
    NodeSet,
    nodeset::{NodeIdSet, NodeSetType},
};
use proptest::prelude::*;
use saml_forge::{Facts, Idp, Shape, Signed, genuine};
use uppsala::Document;

use super::*;

fn canonical(node: Node<'_>, without: Option<Node<'_>>, prefixes: &[&str]) -> String {
    String::from_utf8(element(node, without, prefixes).unwrap()).unwrap()
}

/// The canonical form of the first element with this local name.
fn canonical_of(xml: &str, local: &str, prefixes: &[&str]) -> String {
    let document = uppsala::parse(xml).unwrap();
    let apex = elements(&document).into_iter().find(|node| node.local_name() == local).unwrap();
    canonical(apex, None, prefixes)
}

/// All elements in document order.
fn elements<'d>(document: &'d Document<'d>) -> Vec<Node<'d>> {
    let nodes = document.descendants(document.root()).into_iter();
    nodes.map(|id| Node { document, id }).filter(|node| node.element().is_some()).collect()
}

#[test]
fn only_what_is_used_is_declared_and_where_it_is_used() {
    let xml =
        "<a:r xmlns:a=\"urn:a\" xmlns:b=\"urn:b\" xmlns=\"urn:d\"><a:x><b:y/><b:y b:z='1'/></a:x></a:r>";
    let x =
        "<a:x xmlns:a=\"urn:a\"><b:y xmlns:b=\"urn:b\"></b:y><b:y xmlns:b=\"urn:b\" b:z=\"1\"></b:y></a:x>";
    assert_eq!(canonical_of(xml, "x", &[]), x);
    assert_eq!(canonical_of(xml, "y", &[]), "<b:y xmlns:b=\"urn:b\"></b:y>");
}

#[test]
fn inclusive_prefixes_are_declared_from_the_apex_on() {
    let xml = "<r xmlns=\"urn:d\" xmlns:xs=\"urn:1\"><x xmlns:n=\"urn:n\"><y xmlns:xs=\"urn:2\"/></x></r>";
    let declared = "<x xmlns=\"urn:d\" xmlns:xs=\"urn:1\"><y xmlns:xs=\"urn:2\"></y></x>";
    assert_eq!(canonical_of(xml, "x", &["xs", "absent", "xml"]), declared);
    assert_eq!(canonical_of(xml, "y", &["xs"]), "<y xmlns=\"urn:d\" xmlns:xs=\"urn:2\"></y>");
    let prefixed = "<r xmlns=\"urn:d\"><a:x xmlns:a=\"urn:a\"><z xmlns=\"\"/></a:x></r>";
    let default = "<a:x xmlns=\"urn:d\" xmlns:a=\"urn:a\"><z xmlns=\"\"></z></a:x>";
    assert_eq!(canonical_of(prefixed, "x", &["#default"]), default);
    assert_eq!(canonical_of(prefixed, "x", &[]), "<a:x xmlns:a=\"urn:a\"><z></z></a:x>");
}

#[test]
fn a_default_namespace_is_undeclared_only_where_one_was_written() {
    let xml = "<r xmlns=\"urn:d\"><x xmlns=\"\"><y xmlns=\"urn:e\"><z xmlns=\"\"/></y></x></r>";
    assert_eq!(canonical_of(xml, "x", &[]), "<x><y xmlns=\"urn:e\"><z xmlns=\"\"></z></y></x>");
}

#[test]
fn attributes_are_in_order_of_namespace_then_name() {
    let xml = "<r xmlns:b=\"urn:1\" xmlns:a=\"urn:2\" a:z=\"1\" b:y=\"2\" b:x=\"3\" c=\"4\" B=\"5\" xml:lang=\"en\"/>";
    let sorted = "<r xmlns:a=\"urn:2\" xmlns:b=\"urn:1\" B=\"5\" c=\"4\" xml:lang=\"en\" b:x=\"3\" b:y=\"2\" a:z=\"1\"></r>";
    assert_eq!(canonical_of(xml, "r", &[]), sorted);
}

#[test]
fn characters_are_escaped_as_the_specification_says() {
    let xml = "<r a='&lt;&gt;&amp;&quot;&apos;é'>&lt;&gt;&amp;&quot;'&#13;\r\n\t<!-- c -->é</r>";
    let escaped = "<r a=\"&lt;>&amp;&quot;'é\">&lt;&gt;&amp;\"'&#xD;\n\té</r>";
    assert_eq!(canonical_of(xml, "r", &[]), escaped);
}

#[test]
fn what_is_not_understood_has_no_canonical_form() {
    for xml in [
        "<r><?x?></r>",
        "<r><![CDATA[x]]></r>",
        "<r a='x\ny'/>",
        "<r a='x\ty'/>",
        "<r a='x&#10;y'/>",
        "<r a='x&#13;y'/>",
        "<r xmlns:a='urn:\nx' a:b=''/>",
    ] {
        let document = uppsala::parse(xml).unwrap();
        let refused = element(Node::document_element(&document).unwrap(), None, &[]).unwrap_err();
        assert_eq!(refused.code(), "saml.signature_shape", "{xml}");
    }
}

/// What the other implementation makes of the same subtree.
fn oracle(node: Node<'_>, without: Option<Node<'_>>, prefixes: &[&str]) -> String {
    fn collect(node: Node<'_>, without: Option<NodeId>, visible: &mut NodeIdSet) {
        if Some(node.id) != without {
            visible.insert(node.id.index());
            node.children().for_each(|child| collect(child, without, visible));
        }
    }
    let mut visible = NodeIdSet::default();
    collect(node, without.map(|node| node.id), &mut visible);
    let subset = NodeSet::from_ids(visible, NodeSetType::Normal);
    let bytes = canonicalize_doc(node.document, C14nMode::Exclusive, Some(&subset), prefixes);
    String::from_utf8(bytes.unwrap()).unwrap()
}

/// An element of a generated document; a prefix that is not declared is left out when it is written.
#[derive(Debug, Clone)]
struct Tree {
    prefix: usize,
    declarations: Vec<(usize, usize)>,
    attributes: Vec<(usize, String)>,
    content: Vec<Content>,
}

#[derive(Debug, Clone)]
enum Content {
    Text(String),
    Comment,
    Element(Tree),
}

const PREFIXES: [&str; 4] = ["", "a", "b", "xs"];
/// The empty one only ever undeclares the default namespace.
const NAMESPACES: [&str; 4] = ["urn:x:1", "urn:x:2", "http://example.com/?a&b", ""];

fn value() -> impl Strategy<Value = String> {
    "[a-c<>&\"' é\u{10348}]{0,6}"
}

fn tree() -> impl Strategy<Value = Tree> {
    let declarations = prop::collection::vec((0..4_usize, 0..4_usize), 0..3);
    let attributes = prop::collection::vec((0..4_usize, value()), 0..4);
    let head = (0..4_usize, declarations, attributes).boxed();
    let node = move |content| {
        (head.clone(), content).prop_map(|((prefix, declarations, attributes), content)| Tree {
            prefix,
            declarations,
            attributes,
            content,
        })
    };
    let text = || "[a-c<>&\"' \n\t\ré]{0,8}".prop_map(Content::Text);
    let leaf = node(prop::collection::vec(text(), 0..2).boxed());
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let content = prop_oneof![text(), Just(Content::Comment), inner.prop_map(Content::Element)];
        node(prop::collection::vec(content, 0..5).boxed())
    })
}

impl Tree {
    fn write(&self, out: &mut String, in_scope: &[usize]) {
        let mut in_scope = in_scope.to_vec();
        let mut declared = Vec::new();
        for &(prefix, namespace) in &self.declarations {
            if !declared.iter().any(|(known, _)| *known == prefix)
                && (prefix == 0 || !NAMESPACES[namespace].is_empty())
            {
                declared.push((prefix, namespace));
                in_scope.push(prefix);
            }
        }
        let name = |prefix: usize, local: &str| match prefix {
            0 => local.to_owned(),
            _ if !in_scope.contains(&prefix) => local.to_owned(),
            _ => format!("{}:{local}", PREFIXES[prefix]),
        };
        let tag = name(self.prefix, "e");
        let _ = write!(out, "<{tag}");
        for &(prefix, namespace) in &declared {
            let xmlns = if prefix == 0 { "xmlns".to_owned() } else { format!("xmlns:{}", PREFIXES[prefix]) };
            let _ = write!(out, " {xmlns}=\"{}\"", escaped(NAMESPACES[namespace]));
        }
        for (at, (prefix, value)) in self.attributes.iter().enumerate() {
            // Local names that do not sort in the order written.
            let _ = write!(out, " {}='{}'", name(*prefix, &format!("n{}", 9 - at)), escaped(value));
        }
        out.push('>');
        for content in &self.content {
            match content {
                Content::Text(text) => out.push_str(&escaped(text)),
                Content::Comment => out.push_str("<!-- c -->"),
                Content::Element(tree) => tree.write(out, &in_scope),
            }
        }
        let _ = write!(out, "</{tag}>");
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('\'', "&apos;").replace('\r', "&#xD;")
}

/// Every element of `xml` as the apex: whole, and without its first child element.
fn agrees(xml: &str, prefixes: &[&str]) -> usize {
    let document = uppsala::parse(xml).unwrap();
    let all = elements(&document);
    for &apex in &all {
        for without in [None, apex.elements().next()] {
            let (ours, theirs) = (canonical(apex, without, prefixes), oracle(apex, without, prefixes));
            assert_eq!(ours, theirs, "{prefixes:?} in {xml}");
        }
    }
    all.len()
}

proptest! {
    #[test]
    fn generated_documents_have_the_same_canonical_form_elsewhere(
        tree in tree(),
        prefixes in prop::sample::subsequence(vec!["a", "b", "xs", "xml", "none"], 0..4),
    ) {
        let mut xml = String::new();
        tree.write(&mut xml, &[]);
        agrees(&xml, &prefixes);
    }
}

#[test]
fn every_genuine_document_has_the_same_canonical_form_elsewhere() {
    let idp = Idp::new("acme");
    let text = str::to_owned;
    let facts = Facts {
        now: "2026-06-19T12:00:00Z".parse().unwrap(),
        issuer: text("http://www.okta.com/exk1example"),
        acs_url: text("https://acme.atomation.example.com/auth/saml/acs"),
        audience: text("https://acme.atomation.example.com/saml/metadata"),
        name_id: text("ada@example.com"),
        in_response_to: None,
        serial: 1,
    };
    let mut compared = 0;
    for shape in Shape::ALL {
        for signed in Signed::ALL {
            let xml = genuine(&idp, shape, signed, &facts).xml();
            compared += agrees(&xml, &["xs"]) + agrees(&xml, &["saml2", "ds", "saml", "#default"]);
        }
    }
    assert!(compared > 1_000, "{compared}");
}
