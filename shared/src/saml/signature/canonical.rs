//! Exclusive C14N without comments of one element (W3C xml-exc-c14n).
//!
//! A mistake here costs an honest sign-in and nothing else: claims are read from these very bytes, after
//! the IdP's key has vouched for them.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::{
    NodeSet,
    nodeset::{NodeIdSet, NodeSetType},
};
use uppsala::NodeId;

use crate::saml::{Mismatch, Rejection, node::Node};

/// The canonical bytes of `element`, leaving out its child `without`.
pub(super) fn element(
    element: Node<'_>,
    without: Option<Node<'_>>,
    inclusive_prefixes: &[&str],
) -> Result<Vec<u8>, Rejection> {
    let mut visible = NodeIdSet::default();
    collect(element, without.map(|node| node.id), &mut visible);
    let subset = NodeSet::from_ids(visible, NodeSetType::Normal);
    let bytes = canonicalize_doc(element.document, C14nMode::Exclusive, Some(&subset), inclusive_prefixes);
    // An empty or failed canonical form is a refusal, never "nothing to compare".
    bytes
        .ok()
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| Rejection::SignatureShape(Mismatch::new("content with a canonical form", "none")))
}

fn collect(node: Node<'_>, without: Option<NodeId>, visible: &mut NodeIdSet) {
    if Some(node.id) != without {
        visible.insert(node.id.index());
        node.children().for_each(|child| collect(child, without, visible));
    }
}
