//! The allow-list. Whatever is not here is refused, the broken ones with a reason of their own.

use aws_lc_rs::{
    digest,
    signature::{
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
    },
};

use crate::saml::{Mismatch, Rejection, names::RSA_SHA256};

/// The signature algorithm of this identifier (RFC 9231 2.3).
pub(super) fn signature(identifier: &str) -> Result<&'static RsaParameters, Rejection> {
    match identifier {
        RSA_SHA256 => Ok(&RSA_PKCS1_2048_8192_SHA256),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => Ok(&RSA_PKCS1_2048_8192_SHA384),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => Ok(&RSA_PKCS1_2048_8192_SHA512),
        _ => Err(refuse("RSA with SHA-256, SHA-384 or SHA-512", identifier)),
    }
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
