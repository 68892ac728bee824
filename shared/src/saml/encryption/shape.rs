//! An encrypted Assertion's exact form, read before any key is used (XML Encryption 3). Both places of the
//! EncryptedKey are in use: in the KeyInfo of the data, and beside it (SAML core errata E43).

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Algorithm},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
        OaepAlgorithm,
    },
};

use crate::saml::{
    Mismatch, Rejection,
    decode::base64_text,
    names::{ENCRYPTION, ENCRYPTION_11, SIGNATURE},
    node::Node,
};

const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const MGF1_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";

/// What is needed to decrypt; every algorithm is an allowed one.
#[derive(Debug)]
pub(super) struct Encryption {
    pub cipher: &'static Algorithm,
    /// Nonce, ciphertext, tag (XML Encryption 5.2.4).
    pub value: Vec<u8>,
    pub transport: &'static OaepAlgorithm,
    /// The cipher's key, encrypted for us.
    pub wrapped_key: Vec<u8>,
}

/// Reads an `EncryptedAssertion`.
pub(super) fn read(encrypted: Node<'_>) -> Result<Encryption, Rejection> {
    let (data, beside) = match children(encrypted)?[..] {
        [data] => (data, None),
        [data, key] => (data, Some(key)),
        _ => return Err(shape("an EncryptedData and at most one EncryptedKey beside it")),
    };
    if !data.is(ENCRYPTION, "EncryptedData") || !matches!(data.attribute("Type"), None | Some(ELEMENT)) {
        return Err(shape("the EncryptedData of an element"));
    }
    let [method, key_info, content] = children(data)?[..] else {
        return Err(shape("EncryptionMethod, KeyInfo and CipherData in EncryptedData"));
    };
    let key = encrypted_key(key_info, beside)?;
    Ok(Encryption {
        cipher: cipher(method)?,
        value: value(content)?,
        transport: transport(method_of(key)?)?,
        wrapped_key: value(child(key, "CipherData")?)?,
    })
}

/// The one EncryptedKey: in the KeyInfo, or beside the data and referred to from there if at all.
fn encrypted_key<'d>(key_info: Node<'d>, beside: Option<Node<'d>>) -> Result<Node<'d>, Rejection> {
    let want = "one EncryptedKey, in the KeyInfo or beside the data";
    if !key_info.is(SIGNATURE, "KeyInfo") {
        return Err(shape(want));
    }
    let key = match (&children(key_info)?[..], beside) {
        (&[key], None) | (&[], Some(key)) => key,
        (&[reference], Some(key)) => {
            let is_reference = reference.is(SIGNATURE, "RetrievalMethod")
                && matches!(reference.attribute("Type"), None | Some(ENCRYPTED_KEY))
                && children(reference)?.is_empty();
            let id = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
            if !is_reference || id.is_none() || id != key.attribute("Id") {
                return Err(shape("a RetrievalMethod that refers to the EncryptedKey"));
            }
            key
        }
        _ => return Err(shape(want)),
    };
    if key.is(ENCRYPTION, "EncryptedKey") { Ok(key) } else { Err(shape(want)) }
}

fn cipher(method: Node<'_>) -> Result<&'static Algorithm, Rejection> {
    if !method.is(ENCRYPTION, "EncryptionMethod") || !children(method)?.is_empty() {
        return Err(shape("an EncryptionMethod without parameters"));
    }
    match method.attribute("Algorithm").unwrap_or_default() {
        "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Ok(&AES_128_GCM),
        "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Ok(&AES_192_GCM),
        "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Ok(&AES_256_GCM),
        other => Err(Rejection::Algorithm(Mismatch::new("AES-GCM", other))),
    }
}

/// RSA-OAEP without a label (XML Encryption 5.5.2). SHA-1 is what the older identifier means by itself; no
/// collision of it helps anybody here.
fn transport(method: Node<'_>) -> Result<&'static OaepAlgorithm, Rejection> {
    let refused = |got: &str| Err(Rejection::Algorithm(Mismatch::new("RSA-OAEP with one hash", got)));
    let identifier = method.attribute("Algorithm").unwrap_or_default();
    let (mut digest, mut mask) = (SHA1, MGF1_SHA1);
    let is_later = identifier == "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    if !is_later && identifier != "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" {
        return refused(identifier);
    }
    for parameter in children(method)? {
        let algorithm = parameter.attribute("Algorithm").unwrap_or_default();
        if parameter.is(SIGNATURE, "DigestMethod") {
            digest = algorithm;
        } else if is_later && parameter.is(ENCRYPTION_11, "MGF") {
            mask = algorithm;
        } else {
            return refused(parameter.local_name());
        }
    }
    match (digest, mask) {
        (SHA1, MGF1_SHA1) => Ok(&OAEP_SHA1_MGF1SHA1),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2009/xmlenc11#mgf1sha256") => {
            Ok(&OAEP_SHA256_MGF1SHA256)
        }
        (
            "http://www.w3.org/2001/04/xmldsig-more#sha384" | "http://www.w3.org/2001/04/xmlenc#sha384",
            "http://www.w3.org/2009/xmlenc11#mgf1sha384",
        ) => Ok(&OAEP_SHA384_MGF1SHA384),
        ("http://www.w3.org/2001/04/xmlenc#sha512", "http://www.w3.org/2009/xmlenc11#mgf1sha512") => {
            Ok(&OAEP_SHA512_MGF1SHA512)
        }
        _ => refused(&format!("{digest} with {mask}")),
    }
}

fn method_of(key: Node<'_>) -> Result<Node<'_>, Rejection> {
    // What else is in an EncryptedKey (whose it is, what it is for) helps to find it, which is done.
    let known = ["EncryptionMethod", "CipherData", "ReferenceList", "CarriedKeyName"];
    let is_known =
        |node: &Node<'_>| node.is(SIGNATURE, "KeyInfo") || known.iter().any(|name| node.is(ENCRYPTION, name));
    if !children(key)?.iter().all(is_known) {
        return Err(shape("nothing else in an EncryptedKey"));
    }
    child(key, "EncryptionMethod")
}

fn value(content: Node<'_>) -> Result<Vec<u8>, Rejection> {
    let want = "a CipherData with a CipherValue in strict base64";
    match children(content)?[..] {
        [value] if content.is(ENCRYPTION, "CipherData") && value.is(ENCRYPTION, "CipherValue") => {
            base64_text(value).ok_or_else(|| shape(want))
        }
        _ => Err(shape(want)),
    }
}

fn child<'d>(node: Node<'d>, name: &'static str) -> Result<Node<'d>, Rejection> {
    node.only(ENCRYPTION, name).ok_or_else(|| shape(name))
}

fn children(node: Node<'_>) -> Result<Vec<Node<'_>>, Rejection> {
    node.nothing_but_elements().ok_or_else(|| shape("nothing but elements"))
}

fn shape(want: &'static str) -> Rejection {
    Rejection::EncryptionShape(Mismatch::new(want, "something else"))
}
