//! The allow-list. Whatever is not here is refused, the broken ones with a reason of their own.

use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
    },
};

use crate::saml::{Mismatch, Rejection, certificate::KeyKind, names::RSA_SHA256};

/// A signature algorithm, and the kind of key that it is for.
#[derive(Debug)]
pub(super) struct Method {
    pub key_kind: KeyKind,
    pub verification: &'static dyn VerificationAlgorithm,
}

/// The signature algorithm of this identifier (RFC 9231 2.3). ECDSA values are `r` and `s` in fixed length
/// (XML Signature 1.1, 6.4.3), one hash for each curve, and only for workspaces that allow them.
pub(super) fn signature(identifier: &str, allow_ecdsa: bool) -> Result<Method, Rejection> {
    let (key_kind, verification): (_, &'static dyn VerificationAlgorithm) = match identifier {
        RSA_SHA256 => (KeyKind::Rsa, &RSA_PKCS1_2048_8192_SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => (KeyKind::Rsa, &RSA_PKCS1_2048_8192_SHA384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => (KeyKind::Rsa, &RSA_PKCS1_2048_8192_SHA512),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" if allow_ecdsa => {
            (KeyKind::P256, &ECDSA_P256_SHA256_FIXED)
        }
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" if allow_ecdsa => {
            (KeyKind::P384, &ECDSA_P384_SHA384_FIXED)
        }
        _ if allow_ecdsa => {
            return Err(refuse(
                "RSA with SHA-256, SHA-384 or SHA-512, or ECDSA with SHA-256 or SHA-384",
                identifier,
            ));
        }
        _ => return Err(refuse("RSA with SHA-256, SHA-384 or SHA-512", identifier)),
    };
    Ok(Method { key_kind, verification })
}

/// The digest algorithm of this identifier (RFC 9231 2.1).
pub(super) fn digest(identifier: &str) -> Result<&'static digest::Algorithm, Rejection> {
    match identifier {
        "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(&digest::SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(&digest::SHA384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(&digest::SHA512),
        _ => Err(refuse("SHA-256, SHA-384 or SHA-512", identifier)),
    }
}

fn refuse(want: &str, got: &str) -> Rejection {
    let mismatch = Mismatch::new(want, got);
    match got.rsplit_once('#').map(|(_, name)| name) {
        Some("sha1" | "rsa-sha1" | "dsa-sha1" | "ecdsa-sha1" | "md5" | "rsa-md5") => {
            Rejection::WeakAlgorithm(mismatch)
        }
        _ => Rejection::Algorithm(mismatch),
    }
}
