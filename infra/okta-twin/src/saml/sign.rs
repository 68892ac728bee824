//! Enveloped XML signatures, as an IdP makes them.

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaSignatureEncoding},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bergshamra_c14n::{C14nMode, canonicalize};
use uppsala::{Document, NodeId};

use super::SamlError;

const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// How to sign; the default is Okta's way.
#[derive(Debug, Clone)]
pub struct Signing {
    /// Identifier of the signature algorithm. An unknown one is written and RSA-SHA256 used.
    pub signature_method: String,
    /// Identifier of the digest algorithm. An unknown one is written and SHA-256 used.
    pub digest_method: String,
    /// Prefixes in the PrefixList of the reference's canonicalization; none leaves the list out.
    pub inclusive_prefixes: Vec<String>,
    /// Whether KeyInfo names the certificate.
    pub key_info: bool,
}

impl Default for Signing {
    fn default() -> Self {
        Self {
            signature_method: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256".to_owned(),
            digest_method: "http://www.w3.org/2001/04/xmlenc#sha256".to_owned(),
            inclusive_prefixes: vec!["xs".to_owned()],
            key_info: true,
        }
    }
}

/// Signs the element with this `ID` and puts the Signature after its Issuer. The element must declare the
/// prefixes that it uses: exclusive C14N makes its canonical form the same alone as in the document.
pub(super) fn enveloped(
    key: &KeyPair,
    certificate: &[u8],
    xml: &str,
    id: &str,
    signing: &Signing,
    edit: impl FnOnce(String) -> String,
) -> Result<String, SamlError> {
    let document = uppsala::parse(xml).map_err(|error| SamlError::Element(error.to_string()))?;
    let element = find(&document, document.root(), id)
        .and_then(|node| document.node_range(node))
        .ok_or_else(|| SamlError::Element(format!("no element with the ID {id}")))?;
    let after_issuer = element.start + after_issuer(&xml[element.clone()])?;

    let canonical = canonical(&xml[element], &signing.inclusive_prefixes)?;
    let digest = digest::digest(digest_algorithm(&signing.digest_method), &canonical);
    let signed_info = edit(signed_info(id, signing, &STANDARD.encode(digest)));
    // Alone, SignedInfo needs the declaration that it has from the Signature.
    let alone =
        signed_info.replacen("<ds:SignedInfo", &format!("<ds:SignedInfo xmlns:ds=\"{SIGNATURE}\""), 1);
    let message = self::canonical(&alone, &[])?;
    let mut value = vec![0; key.public_modulus_len()];
    key.sign(signature_algorithm(&signing.signature_method), &SystemRandom::new(), &message, &mut value)
        .map_err(|error| SamlError::Key(error.to_string()))?;

    let key_info = if signing.key_info { key_info(certificate) } else { String::new() };
    let signature = format!(
        "<ds:Signature xmlns:ds=\"{SIGNATURE}\">{signed_info}<ds:SignatureValue>{}</ds:SignatureValue>{key_info}\
         </ds:Signature>",
        STANDARD.encode(value),
    );
    Ok(format!("{}{signature}{}", &xml[..after_issuer], &xml[after_issuer..]))
}

fn find(document: &Document<'_>, node: NodeId, id: &str) -> Option<NodeId> {
    if document.get_attribute(node, "ID") == Some(id) {
        return Some(node);
    }
    document.children_iter(node).find_map(|child| find(document, child, id))
}

/// The end of the Issuer, from the element's start.
fn after_issuer(element: &str) -> Result<usize, SamlError> {
    let document = uppsala::parse(element).map_err(|error| SamlError::Element(error.to_string()))?;
    let root = document.document_element().unwrap_or(document.root());
    let mut children = document.children_iter(root);
    let issuer =
        children.find(|&child| document.element(child).is_some_and(|e| e.name.local_name == "Issuer"));
    let range = issuer.and_then(|issuer| document.node_range(issuer));
    range.map(|range| range.end).ok_or_else(|| SamlError::Element("no Issuer".to_owned()))
}

fn canonical(xml: &str, prefixes: &[String]) -> Result<Vec<u8>, SamlError> {
    canonicalize(xml, C14nMode::Exclusive, None, prefixes)
        .map_err(|error| SamlError::Element(error.to_string()))
}

fn signed_info(id: &str, signing: &Signing, digest: &str) -> String {
    let prefixes = signing.inclusive_prefixes.join(" ");
    let inclusive = if prefixes.is_empty() {
        String::new()
    } else {
        format!("<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE_C14N}\" PrefixList=\"{prefixes}\"/>")
    };
    format!(
        "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE_C14N}\"/>\
         <ds:SignatureMethod Algorithm=\"{}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{SIGNATURE}enveloped-signature\"/>\
         <ds:Transform Algorithm=\"{EXCLUSIVE_C14N}\">{inclusive}</ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{}\"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>\
         </ds:SignedInfo>",
        signing.signature_method, signing.digest_method,
    )
}

/// The certificate as Okta writes it, in lines.
fn key_info(certificate: &[u8]) -> String {
    let mut lines = STANDARD.encode(certificate);
    let breaks = (1..=(lines.len() - 1) / 64).rev();
    breaks.for_each(|line| lines.insert(line * 64, '\n'));
    format!(
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{lines}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
}

fn digest_algorithm(identifier: &str) -> &'static digest::Algorithm {
    match identifier.rsplit_once('#') {
        Some((_, "sha384")) => &digest::SHA384,
        Some((_, "sha512")) => &digest::SHA512,
        _ => &digest::SHA256,
    }
}

fn signature_algorithm(identifier: &str) -> &'static RsaSignatureEncoding {
    match identifier.rsplit_once('#') {
        Some((_, "rsa-sha384")) => &RSA_PKCS1_SHA384,
        Some((_, "rsa-sha512")) => &RSA_PKCS1_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}
