//! The allow-list. Whatever is not here is refused, the broken ones with a reason of their own.

use aws_lc_rs::{
    digest,
    signature::{
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
    },
};

use crate::saml::{Mismatch, Rejection, SigningCertificate, certificate::KeyKind, names::RSA_SHA256};

/// A signature algorithm, and the kind of key that it is for.
#[derive(Debug)]
pub(super) struct Method {
    key_kind: KeyKind,
    /// None for the usual one of that kind, which its keys are ready for.
    other: Option<&'static dyn VerificationAlgorithm>,
}

impl Method {
    /// Whether the certificate's key made `signature` of `message` by this algorithm.
    pub fn verifies(&self, certificate: &SigningCertificate, message: &[u8], signature: &[u8]) -> bool {
        let key = certificate.public_key();
        certificate.key_kind == self.key_kind
            && match self.other {
                None => key.verify_sig(message, signature).is_ok(),
                Some(algorithm) => UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok(),
            }
    }
}

/// The signature algorithm of this identifier (RFC 9231 2.3). ECDSA values are `r` and `s` in fixed length
/// (XML Signature 1.1, 6.4.3), one hash for each curve, and only for workspaces that allow them.
pub(super) fn signature(identifier: &str, allow_ecdsa: bool) -> Result<Method, Rejection> {
    let (key_kind, other): (_, Option<&'static dyn VerificationAlgorithm>) = match identifier {
        RSA_SHA256 => (KeyKind::Rsa, None),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => {
            (KeyKind::Rsa, Some(&RSA_PKCS1_2048_8192_SHA384))
        }
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => {
            (KeyKind::Rsa, Some(&RSA_PKCS1_2048_8192_SHA512))
        }
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" if allow_ecdsa => (KeyKind::P256, None),
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" if allow_ecdsa => (KeyKind::P384, None),
        _ if allow_ecdsa => {
            return Err(refuse(
                "RSA with SHA-256, SHA-384 or SHA-512, or ECDSA with SHA-256 or SHA-384",
                identifier,
            ));
        }
        _ => return Err(refuse("RSA with SHA-256, SHA-384 or SHA-512", identifier)),
    };
    Ok(Method { key_kind, other })
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

fn refuse(want: &'static str, got: &str) -> Rejection {
    let mismatch = Mismatch::new(want, got);
    match got.rsplit_once('#').map(|(_, name)| name) {
        Some("sha1" | "rsa-sha1" | "dsa-sha1" | "ecdsa-sha1" | "md5" | "rsa-md5") => {
            Rejection::WeakAlgorithm(mismatch)
        }
        _ => Rejection::Algorithm(mismatch),
    }
}
