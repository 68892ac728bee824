//! A place in a parsed document, with questions that cannot be asked wrongly: names are always compared
//! with their namespace, attributes are always the un-namespaced ones, text is the whole text or nothing.

use std::borrow::Cow;

use uppsala::{Document, Element, NodeId, NodeKind};

/// A node of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'d> {
    /// The document that holds it.
    pub document: &'d Document<'d>,
    /// Its place in the document.
    pub id: NodeId,
}

impl<'d> Node<'d> {
    /// The document's root element.
    pub fn document_element(document: &'d Document<'d>) -> Option<Self> {
        Some(Self { document, id: document.document_element()? })
    }

    /// What it is.
    pub fn kind(self) -> Option<&'d NodeKind<'d>> {
        self.document.node_kind(self.id)
    }

    /// The element, if it is one.
    pub fn element(self) -> Option<&'d Element<'d>> {
        self.document.element(self.id)
    }

    /// Whether it is the element `local` of namespace `namespace`.
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.element().is_some_and(|element| element.matches_name_ns(namespace, local))
    }

    /// The local name, for messages.
    pub fn local_name(self) -> &'d str {
        self.element().map_or("no element", |element| &element.name.local_name)
    }

    /// The value of the attribute `name` that is in no namespace.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        let attributes = &self.element()?.attributes;
        let found =
            attributes.iter().find(|a| a.name.namespace_uri.is_none() && a.name.local_name == name)?;
        Some(&found.value)
    }

    /// The node above.
    pub fn parent(self) -> Option<Self> {
        Some(Self { document: self.document, id: self.document.parent(self.id)? })
    }

    /// All children in order.
    pub fn children(self) -> impl Iterator<Item = Self> {
        let document = self.document;
        document.children_iter(self.id).map(move |id| Self { document, id })
    }

    /// The child elements.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        self.children().filter(|child| child.element().is_some())
    }

    /// The child elements, if there is nothing between them but white space.
    pub fn nothing_but_elements(self) -> Option<Vec<Self>> {
        let mut found = Vec::with_capacity(4);
        for child in self.children() {
            match child.kind() {
                Some(NodeKind::Element(_)) => found.push(child),
                Some(NodeKind::Text(text)) if text.trim_ascii().is_empty() => {}
                _ => return None,
            }
        }
        Some(found)
    }

    /// The child elements with this name.
    pub fn named<'n>(self, namespace: &'n str, local: &'n str) -> impl Iterator<Item = Self> + use<'d, 'n> {
        let document = self.document;
        let children = document.children_iter(self.id).map(move |id| Self { document, id });
        children.filter(move |child| child.is(namespace, local))
    }

    /// The child element with this name, if there is exactly one.
    pub fn only(self, namespace: &str, local: &str) -> Option<Self> {
        let mut found = self.named(namespace, local);
        found.next().filter(|_| found.next().is_none())
    }

    /// The whole text. None if there is anything but text: a comment must not cut a name short.
    pub fn text(self) -> Option<Cow<'d, str>> {
        let mut text = Cow::Borrowed("");
        for child in self.children() {
            let Some(NodeKind::Text(part)) = child.kind() else { return None };
            if text.is_empty() {
                text = Cow::Borrowed(part);
            } else {
                text.to_mut().push_str(part);
            }
        }
        Some(text)
    }
}
