//! XML Signature as narrow as SAML needs it (SAML core 5.4): allowed algorithms, a pinned key, the digest.

mod algorithm;
mod canonical;
pub(super) mod shape;

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::{
    Expectations, Mismatch, Rejection, SigningCertificate, check::Checks, names::EXCLUSIVE_C14N,
    structure::Structure,
};
use shape::Shape;

/// What the outermost signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Covers {
    /// The whole Response with its Assertion.
    Response,
    /// The Assertion only.
    Assertion,
}

/// Canonical bytes that a pinned key signed.
#[derive(Debug)]
pub(super) struct Signed {
    /// The canonical form of the covered element, without its own signature.
    pub bytes: Vec<u8>,
    /// Which element that is.
    pub covers: Covers,
}

/// Verifies every signature of the Response; gives the bytes of the outermost signed element. The Response
/// is `vouched` for when its signature was verified before its Assertion was decrypted.
pub(super) fn verify(
    structure: &Structure<'_>,
    vouched: bool,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Signed, Rejection> {
    let response = structure.response_signature.as_ref();
    let assertion = structure.assertion_signature.as_ref();
    let signatures = usize::from(response.is_some() || vouched) + usize::from(assertion.is_some());
    let passed = signatures > 0;
    checks.require(
        "signature.present",
        Rejection::Unsigned,
        "a signature",
        signatures.to_string(),
        passed,
    )?;
    if expect.require_signed_assertion {
        let got = if assertion.is_some() { "a signature" } else { "none" };
        let want = "a signature of the Assertion's own";
        checks.require("assertion.signed", Rejection::AssertionUnsigned, want, got, assertion.is_some())?;
    }
    let response = response.map(|shape| verify_one(shape, expect, checks)).transpose()?;
    let assertion = assertion.map(|shape| verify_one(shape, expect, checks)).transpose()?;
    match (response, assertion) {
        (Some(bytes), _) => Ok(Signed { bytes, covers: Covers::Response }),
        (None, _) if vouched => {
            let bytes = structure.response.document.input_text().as_bytes().to_vec();
            Ok(Signed { bytes, covers: Covers::Response })
        }
        (None, Some(bytes)) => Ok(Signed { bytes, covers: Covers::Assertion }),
        (None, None) => Err(Rejection::Unsigned(Mismatch::new("a signature", "none"))),
    }
}

/// Verifies a signature; gives the canonical bytes of what it covers.
pub(super) fn verify_one(
    shape: &Shape<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Vec<u8>, Rejection> {
    let want = "exclusive C14N without comments";
    let got = shape.canonicalization;
    checks.require("signature.canonicalization", Rejection::Algorithm, want, got, got == EXCLUSIVE_C14N)?;
    let method = algorithm::signature(shape.signature_method, expect.allow_ecdsa);
    let method =
        checks.record("signature.algorithm", "an allowed algorithm with SHA-256 or better", method)?;
    let digest_method = algorithm::digest(shape.digest_method);
    let digest_method = checks.record("signature.digest_algorithm", "SHA-256 or better", digest_method)?;

    // The key first: until it has signed SignedInfo, the digest in there is a stranger's word.
    let signed_info = canonical::element(shape.signed_info, None, &shape.signed_info_prefixes);
    let signed_info = checks.record("signature.signed_info", "a canonical form", signed_info)?;
    let pinned = &expect.idp.certificates;
    let made =
        |certificate: &&SigningCertificate| method.verifies(certificate, &signed_info, &shape.signature);
    let Some(certificate) = pinned.iter().find(made) else { return untrusted(shape, pinned, checks) };
    checks.require(
        "signature.key",
        Rejection::UntrustedKey,
        "a pinned key",
        &certificate.sha256_fingerprint,
        true,
    )?;
    validity(certificate, expect, checks)?;

    let bytes = canonical::element(shape.parent, Some(shape.node), &shape.prefixes);
    let bytes = checks.record("signature.content", "a canonical form", bytes)?;
    let found = digest::digest(digest_method, &bytes);
    let (want, got) = (hex::encode(&shape.digest), hex::encode(found));
    checks.require("signature.digest", Rejection::Digest, want, got, found.as_ref() == shape.digest)?;
    Ok(bytes)
}

/// Nobody's pinned key made the signature. The certificate in KeyInfo only helps to say why.
fn untrusted<T>(
    shape: &Shape<'_>,
    pinned: &[SigningCertificate],
    checks: &mut Checks,
) -> Result<T, Rejection> {
    let named = shape.key_info.and_then(shape::certificate);
    let named = named.map(|der| hex::encode(digest::digest(&digest::SHA256, &der)));
    let named_is_pinned = pinned.iter().any(|c| Some(&c.sha256_fingerprint) == named.as_ref());
    let want = match pinned {
        [] => "a pinned certificate; the connection has none".to_owned(),
        _ => pinned.iter().map(|c| c.sha256_fingerprint.as_str()).collect::<Vec<_>>().join(" or "),
    };
    let (reject, got): (fn(Mismatch) -> Rejection, _) = match named {
        Some(fingerprint) if named_is_pinned => {
            (Rejection::SignatureInvalid, format!("an invalid signature that names {fingerprint}"))
        }
        Some(fingerprint) => (Rejection::UntrustedKey, fingerprint),
        None => (Rejection::UntrustedKey, "an unnamed key".to_owned()),
    };
    let mismatch = Mismatch::new(want, got);
    checks.record("signature.key", "a pinned key", Err(reject(mismatch)))
}

fn validity(
    certificate: &SigningCertificate,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<(), Rejection> {
    let Some(problem) = outdated(certificate, expect.now) else { return Ok(()) };
    checks.warn(format!("signing certificate {}: {problem}", certificate.sha256_fingerprint));
    let tolerated = !expect.refuse_outdated_certificate;
    checks.require(
        "certificate.validity",
        Rejection::CertificateOutdated,
        "within its validity",
        problem,
        tolerated,
    )
}

fn outdated(certificate: &SigningCertificate, now: Timestamp) -> Option<String> {
    if now > certificate.not_after {
        Some(format!("expired at {}", certificate.not_after))
    } else if now < certificate.not_before {
        Some(format!("not valid before {}", certificate.not_before))
    } else {
        None
    }
}
