//! Exclusive C14N without comments of one element (W3C xml-exc-c14n), straight from the tree to bytes.
//!
//! The one rule: **what is not understood has no canonical form**. A mistake here costs an honest sign-in
//! and nothing else: claims are read from these very bytes, after the IdP's key has vouched for them.

use uppsala::{Attribute, Document, Element, NodeId, NodeKind, QName};

use crate::saml::{Mismatch, Rejection, node::Node};

/// In a PrefixList, the default namespace (xml-exc-c14n 3).
const DEFAULT: &str = "#default";

/// A prefix, empty for the default namespace, and what it stands for.
type Binding<'d> = (&'d str, &'d str);

/// The canonical bytes of `element`, leaving out its child `without`.
pub(super) fn element<'d>(
    element: Node<'d>,
    without: Option<Node<'_>>,
    inclusive_prefixes: &[&'d str],
) -> Result<Vec<u8>, Rejection> {
    let document = element.document;
    let size = document.node_range(element.id).map_or(0, |range| range.len());
    let mut writer = Writer {
        document,
        without: without.map(|node| node.id),
        inclusive: inclusive_prefixes.iter().map(|&p| if p == DEFAULT { "" } else { p }).collect(),
        written: Vec::new(),
        attributes: Vec::new(),
        out: Vec::with_capacity(size + size / 8),
    };
    let inherited = writer.inherited(element);
    // A canonical form that fails is a refusal, never "nothing to compare".
    match writer.element(element.id, &inherited) {
        Ok(()) => Ok(writer.out),
        Err(got) => Err(Rejection::SignatureShape(Mismatch::new("content with a canonical form", got))),
    }
}

struct Writer<'d> {
    document: &'d Document<'d>,
    without: Option<NodeId>,
    /// Prefixes that are declared where they are in scope, used or not.
    inclusive: Vec<&'d str>,
    /// What the output declares on the way from its root to here, innermost last.
    written: Vec<Binding<'d>>,
    /// Kept for its memory: the attributes of the element that is being written.
    attributes: Vec<&'d Attribute<'d>>,
    out: Vec<u8>,
}

impl<'d> Writer<'d> {
    /// The inclusive bindings that `element` has from the elements around it, which the output leaves out.
    fn inherited(&self, element: Node<'d>) -> Vec<Binding<'d>> {
        let mut found: Vec<Binding<'d>> = Vec::new();
        let around = std::iter::successors(element.parent(), |node| node.parent());
        for element in around.filter_map(Node::element) {
            for (prefix, uri) in self.inclusive_on(element) {
                // The innermost holds.
                if !found.iter().any(|(known, _)| *known == prefix) {
                    found.push((prefix, uri));
                }
            }
        }
        found
    }

    fn inclusive_on(&self, element: &'d Element<'d>) -> impl Iterator<Item = Binding<'d>> {
        let declared = element.namespace_declarations.iter().map(|(prefix, uri)| (&**prefix, &**uri));
        declared.filter(|(prefix, _)| self.inclusive.contains(prefix))
    }

    fn node(&mut self, id: NodeId) -> Result<(), &'static str> {
        match self.document.node_kind(id) {
            Some(NodeKind::Element(_)) if Some(id) == self.without => Ok(()),
            Some(NodeKind::Element(_)) => self.element(id, &[]),
            Some(NodeKind::Text(text)) => {
                self.text(text);
                Ok(())
            }
            Some(NodeKind::Comment(_)) => Ok(()),
            _ => Err("something else than elements, text and comments"),
        }
    }

    /// The recursion is bounded by the parser's depth limit.
    fn element(&mut self, id: NodeId, inherited: &[Binding<'d>]) -> Result<(), &'static str> {
        let document = self.document;
        let element = document.element(id).ok_or("no element")?;
        let outside = self.written.len();
        self.out.push(b'<');
        self.name(&element.name);
        self.namespaces(element, inherited)?;
        self.attributes(element)?;
        self.out.push(b'>');
        document.children_iter(id).try_for_each(|child| self.node(child))?;
        self.out.extend_from_slice(b"</");
        self.name(&element.name);
        self.out.push(b'>');
        self.written.truncate(outside);
        Ok(())
    }

    /// The declarations that the element needs and the output does not have yet (xml-exc-c14n 3): those of
    /// its own name and of its attributes' names, and the inclusive ones.
    fn namespaces(
        &mut self,
        element: &'d Element<'d>,
        inherited: &[Binding<'d>],
    ) -> Result<(), &'static str> {
        let outside = self.written.len();
        self.declare(binding(&element.name)?);
        for attribute in element.attributes.iter().filter(|attribute| attribute.name.prefix.is_some()) {
            self.declare(binding(&attribute.name)?);
        }
        if !self.inclusive.is_empty() {
            let own: Vec<_> = self.inclusive_on(element).collect();
            let covered = |prefix| own.iter().any(|(known, _)| *known == prefix);
            let around: Vec<_> = inherited.iter().filter(|(prefix, _)| !covered(*prefix)).collect();
            for &binding in around {
                self.declare(binding);
            }
            for binding in own {
                self.declare(binding);
            }
        }
        // By prefix: each is there once.
        self.written[outside..].sort_unstable();
        for at in outside..self.written.len() {
            let (prefix, uri) = self.written[at];
            self.out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.out.extend_from_slice(prefix.as_bytes());
            self.value(uri)?;
        }
        Ok(())
    }

    fn declare(&mut self, (prefix, uri): Binding<'d>) {
        let known = self.written.iter().rev().find(|(known, _)| *known == prefix);
        // Where nothing is declared, the default namespace is none; `xml` is never declared.
        if known.map_or("", |(_, uri)| uri) != uri && prefix != "xml" {
            self.written.push((prefix, uri));
        }
    }

    /// In the order of their namespaces, then of their names (C14N 2.2).
    fn attributes(&mut self, element: &'d Element<'d>) -> Result<(), &'static str> {
        let mut attributes = std::mem::take(&mut self.attributes);
        attributes.extend(&element.attributes);
        attributes.sort_unstable_by_key(|a| (a.name.namespace_uri.as_deref(), &*a.name.local_name));
        let written = attributes.iter().try_for_each(|attribute| {
            self.out.push(b' ');
            self.name(&attribute.name);
            self.value(&attribute.value)
        });
        attributes.clear();
        self.attributes = attributes;
        written
    }

    fn name(&mut self, name: &QName<'_>) {
        if let Some(prefix) = &name.prefix {
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(name.local_name.as_bytes());
    }

    /// An attribute's value. The parser does not say whether a line break or a tab was a reference, which is
    /// kept, or itself, which XML 1.0 3.3.3 makes a blank.
    fn value(&mut self, value: &str) -> Result<(), &'static str> {
        let unusual = has_any(value, *b"&<\"\t\n\r");
        if unusual && value.contains(['\t', '\n', '\r']) {
            return Err("a line break or a tab in an attribute");
        }
        self.out.extend_from_slice(b"=\"");
        if unusual {
            escape(&mut self.out, value, *b"&<\"");
        } else {
            self.out.extend_from_slice(value.as_bytes());
        }
        self.out.push(b'"');
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if has_any(text, *b"&<>\r") {
            escape(&mut self.out, text, *b"&<>\r");
        } else {
            self.out.extend_from_slice(text.as_bytes());
        }
    }
}

/// What a name's prefix stands for. The parser refuses what is not declared.
fn binding<'d>(name: &'d QName<'d>) -> Result<Binding<'d>, &'static str> {
    match (name.prefix.as_deref(), name.namespace_uri.as_deref()) {
        (Some(prefix), Some(uri)) => Ok((prefix, uri)),
        (None, uri) => Ok(("", uri.unwrap_or_default())),
        (Some(_), None) => Err("a prefix that stands for nothing"),
    }
}

/// Appends `text`, with references for the bytes of `special` (C14N 2.3).
fn escape<const N: usize>(out: &mut Vec<u8>, text: &str, special: [u8; N]) {
    for byte in text.bytes() {
        match byte {
            _ if !special.contains(&byte) => out.push(byte),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            _ => out.extend_from_slice(b"&#xD;"),
        }
    }
}

/// Whether one of `special` is in `text`, which is rare. The loop goes to the end: it looks at many bytes at once.
fn has_any<const N: usize>(text: &str, special: [u8; N]) -> bool {
    text.bytes().fold(false, |found, byte| found | special.contains(&byte))
}

#[cfg(test)]
mod tests;
