//! Enveloped XML signatures, as an identity provider makes them, and as nobody should.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    canonical::canonical,
    idp::Idp,
    message::qualified,
    shape::{Hash, KeyInfo, Place, Style},
    xml::{EXCLUSIVE_C14N, Element, Node, SIGNATURE},
};

/// Makes a digest.
type Digest<'a> = dyn Fn(Hash, &[u8]) -> Vec<u8> + 'a;
/// Makes a signature value.
type Value<'a> = dyn Fn(&Idp, Hash, &[u8]) -> Vec<u8> + 'a;

/// Who signs, and what is odd about it. Every oddity is signed along: the signature itself is valid.
#[derive(Clone, Copy)]
pub struct Signing<'a> {
    /// The key.
    pub key: &'a Idp,
    /// The certificate that KeyInfo names.
    pub named: &'a [u8],
    /// A change of SignedInfo before it is signed.
    pub info: &'a dyn Fn(&mut Element),
    /// A change of the document before its digest is taken: what a transform would leave of it.
    pub content: &'a dyn Fn(&mut Element),
    /// What makes the digest.
    pub digest: &'a Digest<'a>,
    /// What makes the signature value.
    pub value: &'a Value<'a>,
}

impl<'a> Signing<'a> {
    /// The genuine way.
    pub fn by(key: &'a Idp) -> Self {
        Self {
            key,
            named: key.certificate(),
            info: &|_| {},
            content: &|_| {},
            digest: &digest_of,
            value: &Idp::sign,
        }
    }
}

/// Signs the element at `path`, which needs an `ID`, and puts the Signature into it.
pub fn sign(root: &mut Element, path: &[usize], style: &Style, signing: &Signing<'_>) {
    let Some(target) = root.at(path) else { return };
    let id = target.attribute("ID").unwrap_or_default().to_owned();
    let place = place(target, style.place);
    let mut content = root.clone();
    (signing.content)(&mut content);
    let digest = (signing.digest)(style.hash, &canonical(&content, path, style.inclusive));

    let mut signature = lines(
        Element::new(qualified(style.signature, "Signature"))
            .with(&declaration(style.signature), SIGNATURE)
            .child(signed_info(&id, style, &encoded(&digest, style), signing)),
        style,
    );
    let info = signature.path_of("SignedInfo").unwrap_or_default();
    insert(root, path, place, signature.clone());
    let at = [path, &[place], &info].concat();
    let value = (signing.value)(signing.key, style.hash, &canonical(root, &at, &[]));

    let value = Element::new(qualified(style.signature, "SignatureValue")).saying(encoded(&value, style));
    let more = [Some(value), key_info(style, signing.named)].into_iter().flatten().map(Node::Element);
    let end = signature.children.len();
    let more = more.flat_map(|node| {
        let line = style.signature_in_lines.then(|| Node::Text("\n".to_owned()));
        std::iter::once(node).chain(line)
    });
    signature.children.splice(end..end, more);
    root.splice(&[path, &[place]].concat(), vec![Node::Element(signature)]);
}

fn insert(root: &mut Element, path: &[usize], place: usize, signature: Element) {
    if let Some(target) = root.at_mut(path) {
        target.children.insert(place, Node::Element(signature));
    }
}

/// The index among the children where the Signature goes.
fn place(target: &Element, place: Place) -> usize {
    let is_issuer = |node: &Node| matches!(node, Node::Element(e) if e.local() == "Issuer");
    match place {
        Place::AfterIssuer => target.children.iter().position(is_issuer).map_or(0, |issuer| issuer + 1),
        Place::Last => target.children.len(),
    }
}

fn declaration(prefix: &str) -> String {
    if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") }
}

fn signed_info(id: &str, style: &Style, digest: &str, signing: &Signing<'_>) -> Element {
    let ds = |local: &str| Element::new(qualified(style.signature, local));
    let method = |local: &str, algorithm: &str| lines(ds(local), style).with("Algorithm", algorithm);
    let mut exclusive = method("Transform", EXCLUSIVE_C14N);
    if !style.inclusive.is_empty() {
        let list = Element::new("ec:InclusiveNamespaces").with("xmlns:ec", EXCLUSIVE_C14N);
        exclusive = exclusive.child(list.with("PrefixList", style.inclusive.join(" ")));
    }
    let enveloped = method("Transform", &format!("{SIGNATURE}enveloped-signature"));
    let transforms = lines(ds("Transforms").holding([enveloped, exclusive]), style);
    let reference = ds("Reference").with("URI", format!("#{id}")).holding([
        transforms,
        method("DigestMethod", style.hash.digest()),
        ds("DigestValue").saying(digest),
    ]);
    let mut info = lines(
        ds("SignedInfo").holding([
            method("CanonicalizationMethod", EXCLUSIVE_C14N),
            method("SignatureMethod", style.hash.rsa()),
            lines(reference, style),
        ]),
        style,
    );
    (signing.info)(&mut info);
    info
}

/// Every child on a line of its own, if the style wants it.
fn lines(mut element: Element, style: &Style) -> Element {
    if style.signature_in_lines && !element.children.is_empty() {
        let line = || Node::Text("\n".to_owned());
        let children = std::mem::take(&mut element.children);
        element.children = children.into_iter().flat_map(|child| [line(), child]).collect();
        element.children.push(line());
    }
    element
}

fn key_info(style: &Style, certificate: &[u8]) -> Option<Element> {
    let ds = |local: &str| Element::new(qualified(style.signature, local));
    let data = ds("X509Data").child(ds("X509Certificate").saying(encoded(certificate, style)));
    Some(match style.key_info {
        KeyInfo::Nothing => return None,
        KeyInfo::Certificate => ds("KeyInfo").child(data),
        KeyInfo::InDefaultNamespace => Element::new("KeyInfo").with("xmlns", SIGNATURE).child(data),
        KeyInfo::SubjectAndCertificate => {
            let mut data = data;
            data.children.insert(0, Node::Element(ds("X509SubjectName").saying("CN=Google")));
            ds("KeyInfo").child(data)
        }
        KeyInfo::NameAndValue => {
            // The exponent is everybody's; the modulus is not read by anybody who pins a certificate.
            let rsa =
                ds("RSAKeyValue").holding([ds("Modulus").saying("AQAB"), ds("Exponent").saying("AQAB")]);
            ds("KeyInfo").holding([ds("KeyName").saying("signing"), data, ds("KeyValue").child(rsa)])
        }
    })
}

fn encoded(bytes: &[u8], style: &Style) -> String {
    let mut text = STANDARD.encode(bytes);
    if let Some((length, end)) = style.wrap {
        let breaks = (1..=(text.len() - 1) / length).rev();
        breaks.for_each(|line| text.insert_str(line * length, end));
    }
    text
}

/// The digest of some bytes.
pub(crate) fn digest_of(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
    };
    digest::digest(algorithm, bytes).as_ref().to_vec()
}
