//! The key that proves who we are to an org's token endpoint.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// The private key of a workspace's service app, and the `kid` under which its JWKS publishes the public one.
#[derive(Clone)]
pub struct AssertionKey {
    kid: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

/// Why a text is no usable key. It repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want a private P-256 key (PKCS#8) or RSA key in PEM, got something else")]
pub struct BadKey;

/// A signature could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SignError;

impl AssertionKey {
    /// Reads a PEM. A P-256 key signs with ES256, an RSA key with RS256. The key is tried at once, so that a broken
    /// one is found when it is stored and not in the night.
    pub fn from_pem(kid: impl Into<String>, pem: &SecretString) -> Result<Self, BadKey> {
        let pem = pem.expose_secret().as_bytes();
        let (algorithm, key) = match EncodingKey::from_ec_pem(pem) {
            Ok(key) => (Algorithm::ES256, key),
            Err(_) => (Algorithm::RS256, EncodingKey::from_rsa_pem(pem).map_err(|_| BadKey)?),
        };
        let key = Self { kid: kid.into(), algorithm, key };
        key.sign(&serde_json::json!({})).map_err(|_| BadKey)?;
        Ok(key)
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// A JWS in compact form over `claims`, with `kid` in its header.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, SignError> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).map_err(|_| SignError)
    }
}

impl std::fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AssertionKey(kid {})", self.kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_cannot_sign_is_no_key() {
        for bad in ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(AssertionKey::from_pem("k", &SecretString::from(bad)).unwrap_err(), BadKey);
        }
    }

    #[test]
    fn debug_shows_the_kid_only() {
        let key = super::super::testing::assertion_key();
        assert_eq!(format!("{key:?}"), "AssertionKey(kid kid-1)");
    }
}
