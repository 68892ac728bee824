//! Exclusive C14N without comments (W3C xml-exc-c14n) of one element in its document.
//!
//! Written anew for the forge, so that what it signs also tries the canonicalizer of the verifier under test.

use std::collections::BTreeMap;

use crate::xml::{Element, Node};

/// Prefix to namespace; the default namespace has the empty prefix.
type Scope = BTreeMap<String, String>;

/// The canonical bytes of the element at `path` of the document `root`. `inclusive` is the PrefixList
/// (`#default` names the default namespace).
pub fn canonical(root: &Element, path: &[usize], inclusive: &[&str]) -> Vec<u8> {
    let mut scope = Scope::new();
    let mut element = root;
    for &index in path {
        declare(element, &mut scope);
        let Some(Node::Element(child)) = element.children.get(index) else { return Vec::new() };
        element = child;
    }
    let mut out = String::new();
    write(element, &scope, &Scope::new(), inclusive, &mut out);
    out.into_bytes()
}

/// The prefix that an attribute declares, if it is a namespace declaration.
fn declared(name: &str) -> Option<&str> {
    match name.split_once(':') {
        Some(("xmlns", prefix)) => Some(prefix),
        None if name == "xmlns" => Some(""),
        _ => None,
    }
}

fn declare(element: &Element, scope: &mut Scope) {
    for (name, value) in &element.attributes {
        if let Some(prefix) = declared(name) {
            scope.insert(prefix.to_owned(), value.clone());
        }
    }
}

fn write(element: &Element, outer: &Scope, rendered: &Scope, inclusive: &[&str], out: &mut String) {
    let mut scope = outer.clone();
    declare(element, &mut scope);
    let plain = || element.attributes.iter().filter(|(name, _)| declared(name).is_none());
    let prefix_of = |name: &str| name.split_once(':').map(|(prefix, _)| prefix.to_owned());

    // Visibly utilized: by the element (the default namespace if it has no prefix) and by its attributes.
    let mut used = vec![element.prefix().to_owned()];
    used.extend(plain().filter_map(|(name, _)| prefix_of(name)).filter(|prefix| prefix != "xml"));
    let listed = inclusive.iter().map(|prefix| if *prefix == "#default" { "" } else { prefix });
    used.extend(listed.filter(|prefix| scope.contains_key(*prefix)).map(str::to_owned));
    used.sort();
    used.dedup();

    out.push('<');
    out.push_str(&element.name);
    let mut rendered = rendered.clone();
    for prefix in used {
        let uri = scope.get(&prefix).map_or("", String::as_str);
        if rendered.get(&prefix).map_or("", String::as_str) != uri {
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            attribute(&name, uri, out);
            rendered.insert(prefix, uri.to_owned());
        }
    }
    let mut attributes: Vec<_> = plain().collect();
    attributes.sort_by_key(|(name, _)| match name.split_once(':') {
        Some(("xml", local)) => ("http://www.w3.org/XML/1998/namespace".to_owned(), local),
        Some((prefix, local)) => (scope.get(prefix).cloned().unwrap_or_default(), local),
        None => (String::new(), name.as_str()),
    });
    for (name, value) in attributes {
        attribute(name, value, out);
    }
    out.push('>');
    for child in &element.children {
        match child {
            Node::Element(child) => write(child, &scope, &rendered, inclusive, out),
            Node::Text(text) | Node::Cdata(text) => content(text, out),
            Node::Instruction(text) => out.extend(["<?", text, "?>"]),
            Node::Comment(_) => {}
        }
    }
    out.extend(["</", &element.name, ">"]);
}

fn attribute(name: &str, value: &str, out: &mut String) {
    out.extend([" ", name, "=\""]);
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn content(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_used_is_declared_and_all_is_in_order() {
        let leaf = Element::new("b:leaf").with("z", "1").with("b:y", "2").with("a", "\"<\t").saying("<&>\r");
        let inner = Element::new("inner").with("xmlns:unused", "urn:u").child(leaf);
        let root = Element::new("a:root").with("xmlns:b", "urn:b").with("xmlns:a", "urn:a").child(inner);
        let text =
            |path: &[usize], listed: &[&str]| String::from_utf8(canonical(&root, path, listed)).unwrap();
        let leaf =
            "<b:leaf xmlns:b=\"urn:b\" a=\"&quot;&lt;&#x9;\" z=\"1\" b:y=\"2\">&lt;&amp;&gt;&#xD;</b:leaf>";
        assert_eq!(text(&[0, 0], &[]), leaf);
        assert_eq!(text(&[0], &[]), format!("<inner>{leaf}</inner>"));
        assert_eq!(
            text(&[0], &["b", "none"]),
            format!("<inner xmlns:b=\"urn:b\">{}</inner>", leaf.replace(" xmlns:b=\"urn:b\"", ""))
        );
    }

    #[test]
    fn a_default_namespace_is_undone_where_a_name_has_none() {
        let root = Element::new("a").with("xmlns", "urn:a").child(Element::new("b").with("xmlns", ""));
        assert_eq!(canonical(&root, &[], &[]), b"<a xmlns=\"urn:a\"><b xmlns=\"\"></b></a>");
    }
}
