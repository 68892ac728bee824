//! What every attack begins with: a genuine document, and tools to take it apart.

use crate::{
    Facts, Forged, Idp, Proof, Shape, Signed, Signing, Style,
    message::{Document, Draft, qualified},
    xml::{Element, Node},
};

/// Who the forger wants to be. No forged document may ever sign her in.
pub const EVE: &str = "eve@example.com";

/// Who attacks what: [`Scene::attacks`] gives the forged documents.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The pinned identity provider.
    pub idp: &'a Idp,
    /// A key that nobody pinned.
    pub stranger: &'a Idp,
    /// In whose hand.
    pub shape: Shape,
    /// What is signed.
    pub signed: Signed,
    /// What is true.
    pub facts: &'a Facts,
}

impl Scene<'_> {
    pub(super) fn style(&self) -> Style {
        self.shape.style()
    }

    /// The Response before anybody signs.
    pub(super) fn draft(&self) -> Draft {
        Draft::new(self.shape, self.facts)
    }

    /// The genuine Response.
    pub(super) fn genuine(&self) -> Element {
        self.draft().sign(self.idp, self.signed).root
    }

    /// Signs a draft so that one signature is odd: of two it is the Assertion's, and the Response's covers it.
    pub(super) fn sign_oddly(&self, draft: Draft, odd: &Signing<'_>) -> Element {
        self.sign_and_change(draft, odd, |_| {})
    }

    /// As [`Self::sign_oddly`], and changes the odd signature's element before the Response's covers it.
    pub(super) fn sign_and_change(
        &self,
        draft: Draft,
        odd: &Signing<'_>,
        change: impl FnOnce(&mut Element),
    ) -> Element {
        let signed = if self.signed == Signed::Both { Signed::Assertion } else { self.signed };
        let mut root = draft.sign_with(odd, signed).root;
        let path = if signed.assertion() { root.path_of("Assertion") } else { Some(Vec::new()) };
        if let Some(element) = path.and_then(|path| root.at_mut(&path)) {
            change(element);
        }
        if self.signed == Signed::Both { self.seal(root) } else { root }
    }

    /// Signs the whole Response with the genuine key.
    pub(super) fn seal(&self, root: Element) -> Element {
        Draft { root, shape: self.shape }.sign(self.idp, Signed::Response).root
    }

    /// An element of the protocol's namespace around others.
    pub(super) fn extensions(&self, content: impl IntoIterator<Item = Element>) -> Element {
        Element::new(qualified(self.style().protocol, "Extensions")).holding(content)
    }

    /// The finished document.
    pub(super) fn forged(
        &self,
        row: &'static str,
        attack: impl Into<String>,
        reason: &'static str,
        proof: Proof,
        root: Element,
    ) -> Forged {
        let document = Document { root, shape: self.shape };
        let forged = self.forged_bytes(row, attack, reason, proof, document.xml().into_bytes());
        Forged { root: Some(document.root), ..forged }
    }

    /// The finished bytes.
    pub(super) fn forged_bytes(
        &self,
        row: &'static str,
        attack: impl Into<String>,
        reason: &'static str,
        proof: Proof,
        xml: Vec<u8>,
    ) -> Forged {
        let (shape, signed) = (self.shape, self.signed);
        Forged { row, attack: attack.into(), shape, signed, proof, xml, reason, root: None }
    }
}

/// The Signature that stands directly in an element.
pub(super) fn signature_of(element: &Element) -> Option<&Element> {
    element.elements().find(|child| child.local() == "Signature")
}

/// The element without the Signature that stands directly in it.
pub(super) fn unsigned(element: &Element) -> Element {
    let is_signature = |node: &Node| matches!(node, Node::Element(e) if e.local() == "Signature");
    let mut bare = element.clone();
    bare.children.retain(|node| !is_signature(node));
    bare
}

/// The element without any Signature in it.
pub(super) fn stripped(element: &Element) -> Element {
    let mut bare = element.clone();
    while let Some(path) = bare.path_of("Signature").filter(|path| !path.is_empty()) {
        bare.splice(&path, Vec::new());
    }
    bare
}

/// Says that Eve signs in.
pub(super) fn name_eve(element: &mut Element) {
    element.edit("NameID", |name| name.say(EVE));
}

/// The element with `content` in front of everything else in it.
pub(super) fn with_first(mut element: Element, content: impl IntoIterator<Item = Element>) -> Element {
    element.children.splice(0..0, content.into_iter().map(Node::Element));
    element
}
