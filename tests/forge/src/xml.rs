//! Documents as trees that may be anything, well-formed or not: an attacker is bound by no schema.
//!
//! Names are written as they stand, prefix and all, and namespace declarations are attributes like others: what a
//! name means is asked only by [`crate::canonical`], the way a verifier has to ask.

use std::fmt::Write;

/// The SAML 2.0 protocol namespace.
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// The SAML 2.0 assertion namespace.
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// The XML Signature namespace.
pub const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive C14N: the algorithm, and the namespace of `InclusiveNamespaces`.
pub const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// What can stand inside an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, escaped when written.
    Text(String),
    /// A comment: no canonical form without comments shows it.
    Comment(String),
    /// A CDATA section: in a canonical form it is text.
    Cdata(String),
    /// A processing instruction.
    Instruction(String),
}

/// An element with its name as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The name with its prefix.
    pub name: String,
    /// Attributes and namespace declarations in the order written.
    pub attributes: Vec<(String, String)>,
    /// What is inside.
    pub children: Vec<Node>,
}

/// The way to an element: the index among the children at each step down from the root.
pub type Path = Vec<usize>;

impl Element {
    /// An empty element.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), attributes: Vec::new(), children: Vec::new() }
    }

    /// With one more attribute at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// With this attribute unless there is no value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With one more child element at the end.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    /// With all these child elements at the end.
    #[must_use]
    pub fn holding(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children.into_iter().map(Node::Element));
        self
    }

    /// With this text and nothing else inside.
    #[must_use]
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.say(text);
        self
    }

    /// Says this text and nothing else.
    pub fn say(&mut self, text: impl Into<String>) {
        self.children = vec![Node::Text(text.into())];
    }

    /// Puts one more element at the end.
    pub fn push(&mut self, child: Self) {
        self.children.push(Node::Element(child));
    }

    /// The name without its prefix.
    pub fn local(&self) -> &str {
        self.name.split_once(':').map_or(&self.name, |(_, local)| local)
    }

    /// The prefix; empty without one.
    pub fn prefix(&self) -> &str {
        self.name.split_once(':').map_or("", |(prefix, _)| prefix)
    }

    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Sets an attribute, in its place if it is there.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.attributes.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.into(),
            None => self.attributes.push((name.to_owned(), value.into())),
        }
    }

    /// Takes an attribute away.
    pub fn unset(&mut self, name: &str) {
        self.attributes.retain(|(key, _)| key != name);
    }

    /// The text directly inside, comments and elements left out.
    pub fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|child| match child {
            Node::Text(text) | Node::Cdata(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The paths of this element (the empty path) and of all below, in document order.
    pub fn paths(&self) -> Vec<Path> {
        let below = self.children.iter().enumerate().filter_map(|(index, child)| match child {
            Node::Element(element) => Some((index, element)),
            _ => None,
        });
        let below = below.flat_map(|(index, element)| {
            element.paths().into_iter().map(move |path| [vec![index], path].concat())
        });
        std::iter::once(Path::new()).chain(below).collect()
    }

    /// The element at a path of [`Self::paths`].
    pub fn at(&self, path: &[usize]) -> Option<&Self> {
        let Some((&index, rest)) = path.split_first() else { return Some(self) };
        let Node::Element(child) = self.children.get(index)? else { return None };
        child.at(rest)
    }

    /// The element at a path, to change it.
    pub fn at_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        let Some((&index, rest)) = path.split_first() else { return Some(self) };
        let Node::Element(child) = self.children.get_mut(index)? else { return None };
        child.at_mut(rest)
    }

    /// The path of the first element (in document order) with this local name.
    pub fn path_of(&self, local: &str) -> Option<Path> {
        self.paths().into_iter().find(|path| self.at(path).is_some_and(|found| found.local() == local))
    }

    /// The first element (in document order) with this local name.
    pub fn find(&self, local: &str) -> Option<&Self> {
        self.at(&self.path_of(local)?)
    }

    /// The first element with this local name, changed; nothing happens without one.
    pub fn edit(&mut self, local: &str, edit: impl FnOnce(&mut Self)) {
        if let Some(found) = self.path_of(local).and_then(|path| self.at_mut(&path)) {
            edit(found);
        }
    }

    /// Replaces the node at a path by others; the root cannot be replaced.
    pub fn splice(&mut self, path: &[usize], with: Vec<Node>) {
        let Some((&last, parent)) = path.split_last() else { return };
        if let Some(parent) = self.at_mut(parent) {
            parent.children.splice(last..=last, with);
        }
    }

    /// Replaces the first element with this local name.
    pub fn replace(&mut self, local: &str, with: impl IntoIterator<Item = Self>) {
        if let Some(path) = self.path_of(local) {
            self.splice(&path, with.into_iter().map(Node::Element).collect());
        }
    }

    /// The element as text.
    pub fn write(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(out, "<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(out, " {name}=\"{}\"", escape(value).replace('\n', "&#10;"));
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Element(element) => element.write(out),
                Node::Text(text) => out.push_str(&escape(text)),
                Node::Comment(text) => {
                    let _ = write!(out, "<!--{text}-->");
                }
                Node::Cdata(text) => {
                    let _ = write!(out, "<![CDATA[{text}]]>");
                }
                Node::Instruction(text) => {
                    let _ = write!(out, "<?{text}?>");
                }
            }
        }
        let _ = write!(out, "</{}>", self.name);
    }
}

/// Escapes for content and for double-quoted attributes; what XML cannot say at all stays as it is.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            _ => out.push(c),
        }
        out
    })
}
