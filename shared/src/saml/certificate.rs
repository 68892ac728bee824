//! A pinned signing certificate. It is a name for a key: trust comes from the pin, not from its issuer.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use x509_parser::{certificate::X509Certificate, prelude::FromDer, public_key::PublicKey};

use super::signature::hex;

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 8192;

/// A certificate with an RSA key that is strong enough. Stored as its DER; reading it back checks it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    public_key: Vec<u8>,
}

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
    #[error("wanted an RSA key of 2048 to 8192 bits with a public exponent of 65537 or more, got {got}")]
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
        strong_rsa(&key.parsed().map_err(|_| weak("an unreadable key"))?)?;
        let validity = certificate.validity();
        let instant =
            |second| Timestamp::from_second(second).map_err(|_| unreadable("a validity out of range"));
        Ok(Self {
            der: der.to_vec(),
            subject: certificate.subject().to_string(),
            not_before: instant(validity.not_before.timestamp())?,
            not_after: instant(validity.not_after.timestamp())?,
            sha256_fingerprint: hex(digest::digest(&digest::SHA256, der).as_ref()),
            public_key: key.subject_public_key.data.to_vec(),
        })
    }

    /// The key as an RFC 8017 `RSAPublicKey`.
    pub(super) fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

fn strong_rsa(key: &PublicKey<'_>) -> Result<(), CertificateError> {
    let PublicKey::RSA(rsa) = key else { return Err(weak("a key that is not RSA")) };
    let bits = bit_length(rsa.modulus);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(weak(format!("{bits} bits")));
    }
    // 65537 and more, odd, at most 33 bits: what aws-lc takes, and no small-exponent surprises.
    let exponent = bit_length(rsa.exponent);
    let odd = rsa.exponent.last().is_some_and(|byte| byte & 1 == 1);
    if (17..=33).contains(&exponent) && odd {
        Ok(())
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
