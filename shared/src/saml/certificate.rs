//! A pinned signing certificate. It is a name for a key: trust comes from the pin, not from its issuer.

use std::fmt;

use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        VerificationAlgorithm,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use x509_parser::{
    certificate::X509Certificate,
    der_parser::Oid,
    oid_registry::{OID_EC_P256, OID_NIST_EC_P384},
    prelude::FromDer,
    public_key::{PublicKey, RSAPublicKey},
    x509::SubjectPublicKeyInfo,
};

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 8192;

/// The kinds of keys that may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of 2048 to 8192 bits.
    Rsa,
    /// ECDSA on the curve P-256.
    P256,
    /// ECDSA on the curve P-384.
    P384,
}

impl KeyKind {
    /// The signature algorithm that almost everybody uses with such a key.
    fn usual_algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Rsa => &RSA_PKCS1_2048_8192_SHA256,
            Self::P256 => &ECDSA_P256_SHA256_FIXED,
            Self::P384 => &ECDSA_P384_SHA384_FIXED,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::P256 => "ECDSA on P-256",
            Self::P384 => "ECDSA on P-384",
        })
    }
}

/// A certificate with a key that is strong enough. Stored as its DER; reading it back checks it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct SigningCertificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// The subject's distinguished name, for people.
    pub subject: String,
    /// The beginning of its validity.
    pub not_before: Timestamp,
    /// The end of its validity.
    pub not_after: Timestamp,
    /// SHA-256 of the DER, lower-case hexadecimal.
    pub sha256_fingerprint: String,
    /// What its key can do.
    pub key_kind: KeyKind,
    public_key: ParsedPublicKey,
}

/// All that it holds is read from its DER.
impl PartialEq for SigningCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for SigningCertificate {}

/// Why a certificate cannot be pinned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// Not one X.509 certificate.
    #[error("wanted one X.509 certificate, got {got}")]
    Unreadable {
        /// What was found.
        got: &'static str,
    },
    /// A key that must not be trusted, or of a kind that we do not verify.
    #[error(
        "wanted RSA of 2048 to 8192 bits with a public exponent of 65537 or more, or a point on P-256 or \
         P-384, got {got}"
    )]
    WeakKey {
        /// What was found.
        got: String,
    },
}

impl SigningCertificate {
    /// Reads a DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let unreadable = |got| CertificateError::Unreadable { got };
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| unreadable("other bytes"))?;
        if !rest.is_empty() {
            return Err(unreadable("a certificate and more bytes"));
        }
        let key = certificate.public_key();
        let key_kind = strong(key)?;
        let public_key = ParsedPublicKey::new(key_kind.usual_algorithm(), &key.subject_public_key.data)
            .map_err(|_| weak("a key that is not valid"))?;
        let validity = certificate.validity();
        let instant =
            |second| Timestamp::from_second(second).map_err(|_| unreadable("a validity out of range"));
        Ok(Self {
            der: der.to_vec(),
            subject: certificate.subject().to_string(),
            not_before: instant(validity.not_before.timestamp())?,
            not_after: instant(validity.not_after.timestamp())?,
            sha256_fingerprint: hex::encode(digest::digest(&digest::SHA256, der)),
            key_kind,
            public_key,
        })
    }

    /// The key, ready for the usual algorithm of its kind; its bytes are an RFC 8017 `RSAPublicKey`, or the
    /// uncompressed point of SEC 1.
    pub(super) fn public_key(&self) -> &ParsedPublicKey {
        &self.public_key
    }
}

fn strong(key: &SubjectPublicKeyInfo<'_>) -> Result<KeyKind, CertificateError> {
    match key.parsed().map_err(|_| weak("an unreadable key"))? {
        PublicKey::RSA(rsa) => strong_rsa(&rsa),
        PublicKey::EC(_) => {
            let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            known_curve(curve.as_ref())
        }
        _ => Err(weak("a key that is neither RSA nor ECDSA")),
    }
}

fn known_curve(curve: Option<&Oid<'_>>) -> Result<KeyKind, CertificateError> {
    match curve {
        Some(oid) if *oid == OID_EC_P256 => Ok(KeyKind::P256),
        Some(oid) if *oid == OID_NIST_EC_P384 => Ok(KeyKind::P384),
        _ => Err(weak("another curve")),
    }
}

fn strong_rsa(rsa: &RSAPublicKey<'_>) -> Result<KeyKind, CertificateError> {
    let bits = bit_length(rsa.modulus);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(weak(format!("{bits} bits")));
    }
    // 65537 and more, odd, at most 33 bits: what aws-lc takes, and no small-exponent surprises.
    let exponent = bit_length(rsa.exponent);
    let odd = rsa.exponent.last().is_some_and(|byte| byte & 1 == 1);
    if (17..=33).contains(&exponent) && odd {
        Ok(KeyKind::Rsa)
    } else {
        Err(weak(format!("an exponent of {exponent} bits")))
    }
}

fn weak(got: impl Into<String>) -> CertificateError {
    CertificateError::WeakKey { got: got.into() }
}

fn bit_length(big_endian: &[u8]) -> usize {
    let zeros = big_endian.iter().take_while(|&&byte| byte == 0).count();
    let significant = big_endian.get(zeros..).unwrap_or_default();
    let leading = significant.first().map_or(0, |byte| byte.leading_zeros() as usize);
    significant.len() * 8 - leading
}

/// The stored form. All but the DER is for people who look at the table.
#[derive(Serialize, Deserialize)]
struct Stored {
    der: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    not_before: Option<Timestamp>,
    #[serde(default)]
    not_after: Option<Timestamp>,
    #[serde(default)]
    sha256_fingerprint: String,
}

impl From<SigningCertificate> for Stored {
    fn from(certificate: SigningCertificate) -> Self {
        Self {
            der: STANDARD.encode(&certificate.der),
            subject: certificate.subject,
            not_before: Some(certificate.not_before),
            not_after: Some(certificate.not_after),
            sha256_fingerprint: certificate.sha256_fingerprint,
        }
    }
}

impl TryFrom<Stored> for SigningCertificate {
    type Error = CertificateError;

    fn try_from(stored: Stored) -> Result<Self, CertificateError> {
        let der =
            STANDARD.decode(stored.der).map_err(|_| CertificateError::Unreadable { got: "no base64" })?;
        Self::from_der(&der)
    }
}
