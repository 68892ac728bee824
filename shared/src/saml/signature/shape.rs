//! A signature's exact form, read before anything in it is used (XML Signature 4). Every element is the
//! one that the strict profile names, in its order; there is no room for a second SignedInfo, a comment
//! in a digest, an Object or a transform that selects something else.

use std::borrow::Cow;

use crate::saml::{
    Mismatch, Rejection,
    decode::base64_text,
    names::{ENVELOPED, EXCLUSIVE_C14N, SIGNATURE},
    node::Node,
};

const MAX_PREFIXES: usize = 16;

/// The parts of one signature.
#[derive(Debug)]
pub(in crate::saml) struct Shape<'d> {
    /// The Signature.
    pub node: Node<'d>,
    /// The element that holds it, and that it must refer to.
    pub parent: Node<'d>,
    /// What the key signs.
    pub signed_info: Node<'d>,
    /// Identifier of SignedInfo's canonicalization.
    pub canonicalization: &'d str,
    /// Prefixes that SignedInfo's canonicalization treats inclusively.
    pub signed_info_prefixes: Vec<&'d str>,
    /// Identifier of the signature algorithm.
    pub signature_method: &'d str,
    /// The reference's URI.
    pub reference: &'d str,
    /// Prefixes that the reference's canonicalization treats inclusively.
    pub prefixes: Vec<&'d str>,
    /// Identifier of the digest algorithm.
    pub digest_method: &'d str,
    /// The digest.
    pub digest: Vec<u8>,
    /// The signature value.
    pub signature: Vec<u8>,
    /// Names a key, which is never a source of one.
    pub key_info: Option<Node<'d>>,
}

/// Reads a `ds:Signature`.
pub(in crate::saml) fn read(node: Node<'_>) -> Result<Shape<'_>, Rejection> {
    let parent = node.parent().ok_or_else(|| shape("a Signature inside an element", "none"))?;
    let (signed_info, signature_value, key_info) = signature_children(node)?;
    let [canonicalization, method, reference] =
        children(signed_info, ["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
    let [transforms, digest_method, digest_value] =
        children(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
    empty(method)?;
    empty(digest_method)?;
    Ok(Shape {
        node,
        parent,
        signed_info,
        canonicalization: algorithm(canonicalization)?,
        signed_info_prefixes: inclusive_prefixes(canonicalization)?,
        signature_method: algorithm(method)?,
        // Without a URI the signer means "what we agreed on": there is no such thing.
        reference: reference.attribute("URI").unwrap_or_default(),
        prefixes: transform_prefixes(transforms)?,
        digest_method: algorithm(digest_method)?,
        digest: value(digest_value)?,
        signature: value(signature_value)?,
        key_info,
    })
}

fn signature_children(signature: Node<'_>) -> Result<(Node<'_>, Node<'_>, Option<Node<'_>>), Rejection> {
    let found = only_elements(signature)?;
    for child in &found {
        if child.is(SIGNATURE, "Object") {
            return Err(Rejection::ObjectForbidden(Mismatch::new("no Object in a Signature", "one")));
        }
        if !["SignedInfo", "SignatureValue", "KeyInfo"].iter().any(|name| child.is(SIGNATURE, name)) {
            let want = "SignedInfo, SignatureValue and KeyInfo in a Signature";
            return Err(Rejection::SignatureChildren(Mismatch::new(want, child.local_name())));
        }
    }
    let names: Vec<&str> = found.iter().map(|child| child.local_name()).collect();
    match (names.as_slice(), found.as_slice()) {
        (["SignedInfo", "SignatureValue"], &[info, value]) => Ok((info, value, None)),
        (["SignedInfo", "SignatureValue", "KeyInfo"], &[info, value, key]) => Ok((info, value, Some(key))),
        _ => Err(shape("SignedInfo, SignatureValue and at most one KeyInfo", &names.join(", "))),
    }
}

/// The children of `node`, which must be exactly these elements of the signature namespace.
fn children<'d, const N: usize>(node: Node<'d>, want: [&str; N]) -> Result<[Node<'d>; N], Rejection> {
    let found = only_elements(node)?;
    let matches = found.len() == N && found.iter().zip(want).all(|(child, name)| child.is(SIGNATURE, name));
    let names = || found.iter().map(|child| child.local_name()).collect::<Vec<_>>().join(", ");
    match <[Node<'d>; N]>::try_from(found.as_slice()) {
        Ok(children) if matches => Ok(children),
        _ => Err(shape(want.join(", "), &names())),
    }
}

fn only_elements(node: Node<'_>) -> Result<Vec<Node<'_>>, Rejection> {
    let other = || shape("nothing but elements", &format!("text or a comment in {}", node.local_name()));
    node.nothing_but_elements().ok_or_else(other)
}

fn algorithm(node: Node<'_>) -> Result<&str, Rejection> {
    node.attribute("Algorithm")
        .ok_or_else(|| shape("an Algorithm", &format!("none on {}", node.local_name())))
}

fn empty(node: Node<'_>) -> Result<(), Rejection> {
    if is_empty(node)? {
        return Ok(());
    }
    Err(shape("an algorithm without parameters", &format!("content in {}", node.local_name())))
}

fn is_empty(node: Node<'_>) -> Result<bool, Rejection> {
    Ok(only_elements(node)?.is_empty())
}

fn value(node: Node<'_>) -> Result<Vec<u8>, Rejection> {
    let other =
        || shape("strict base64 and nothing else", &format!("other content in {}", node.local_name()));
    base64_text(node).ok_or_else(other)
}

/// Exactly the two transforms of SAML core 5.4.4, in their order.
fn transform_prefixes(transforms: Node<'_>) -> Result<Vec<&str>, Rejection> {
    let found = only_elements(transforms)?;
    let names: Vec<&str> = found.iter().filter_map(|transform| transform.attribute("Algorithm")).collect();
    let all_transforms = found.iter().all(|transform| transform.is(SIGNATURE, "Transform"));
    match (names.as_slice(), found.as_slice()) {
        ([ENVELOPED, EXCLUSIVE_C14N], &[enveloped, exclusive]) if all_transforms => {
            empty(enveloped)?;
            inclusive_prefixes(exclusive)
        }
        _ => {
            let want = "enveloped-signature, then exclusive C14N";
            Err(Rejection::TransformForbidden(Mismatch::new(want, names.join(", "))))
        }
    }
}

/// The PrefixList of an exclusive C14N (xml-exc-c14n 3): Okta lists `xs` there for `xsi:type` values.
fn inclusive_prefixes(node: Node<'_>) -> Result<Vec<&str>, Rejection> {
    let found = only_elements(node)?;
    let list = match found.as_slice() {
        [] => return Ok(Vec::new()),
        &[only] if only.is(EXCLUSIVE_C14N, "InclusiveNamespaces") && is_empty(only)? => {
            only.attribute("PrefixList")
        }
        _ => None,
    };
    let prefixes: Option<Vec<&str>> = list.map(|list| list.split_ascii_whitespace().collect());
    let bounded = prefixes.filter(|prefixes| prefixes.len() <= MAX_PREFIXES);
    bounded.ok_or_else(|| {
        shape("one short InclusiveNamespaces", &format!("other content in {}", node.local_name()))
    })
}

/// The first certificate in a KeyInfo, for messages.
pub(super) fn certificate(key_info: Node<'_>) -> Option<Vec<u8>> {
    let data = key_info.named(SIGNATURE, "X509Data").next()?;
    base64_text(data.named(SIGNATURE, "X509Certificate").next()?)
}

fn shape(want: impl Into<Cow<'static, str>>, got: &str) -> Rejection {
    Rejection::SignatureShape(Mismatch::new(want, got))
}
