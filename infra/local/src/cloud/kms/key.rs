//! One key and what it can do.
//!
//! A ciphertext is a version byte, the id of its key (36 characters), a nonce and AES-256-GCM over the plaintext with
//! the encryption context as associated data, so a blob opens under its own key and context only.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::ops::Random;

use crate::cloud::api::ApiError;

const VERSION: u8 = 1;
const ID: usize = 36;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub material: Material,
    pub description: String,
    pub created: Timestamp,
    pub state: KeyState,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeyState {
    Enabled,
    Disabled,
    PendingDeletion { at: Timestamp },
}

impl KeyState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}

/// Key material, base64.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Material {
    /// PKCS#8.
    P256(String),
    Aes256(String),
}

impl Material {
    pub(super) fn p256() -> Result<Self, ApiError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(internal)?;
        Ok(Self::P256(STANDARD.encode(pair.to_pkcs8v1().map_err(internal)?.as_ref())))
    }

    pub(super) fn symmetric() -> Self {
        Self::Aes256(STANDARD.encode(fresh(32)))
    }

    pub(super) fn spec_and_usage(&self) -> (&'static str, &'static str) {
        match self {
            Self::P256(_) => ("ECC_NIST_P256", "SIGN_VERIFY"),
            Self::Aes256(_) => ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        }
    }

    /// SubjectPublicKeyInfo, DER.
    pub(super) fn public_key(&self) -> Result<Vec<u8>, ApiError> {
        Ok(self.pair()?.public_key().as_der().map_err(internal)?.as_ref().to_vec())
    }

    pub(super) fn sign(&self, digest: &[u8; 32]) -> Result<Vec<u8>, ApiError> {
        Ok(self.pair()?.sign_digest(&import(digest)?).map_err(internal)?.as_ref().to_vec())
    }

    pub(super) fn verify(&self, digest: &[u8; 32], signature: &[u8]) -> Result<(), ApiError> {
        let pair = self.pair()?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref());
        key.verify_digest(&import(digest)?, signature)
            .map_err(|_| ApiError::new("KMSInvalidSignatureException", "The signature is not valid."))
    }

    pub(super) fn encrypt(
        &self,
        id: &str,
        plaintext: &[u8],
        context: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, ApiError> {
        let mut body = plaintext.to_vec();
        let nonce =
            self.cipher()?.seal_in_place_append_tag(Aad::from(aad(context)), &mut body).map_err(internal)?;
        Ok([&[VERSION], id.as_bytes(), nonce.as_ref(), &body].concat())
    }

    pub(super) fn decrypt(
        &self,
        blob: &[u8],
        context: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, ApiError> {
        let sealed = blob.get(1 + ID..).ok_or_else(invalid_ciphertext)?;
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(invalid_ciphertext)?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plaintext = self.cipher()?.open_in_place(nonce, Aad::from(aad(context)), &mut body);
        Ok(plaintext.map_err(|_| invalid_ciphertext())?.to_vec())
    }

    fn pair(&self) -> Result<EcdsaKeyPair, ApiError> {
        match self {
            Self::P256(pkcs8) => {
                let pkcs8 = STANDARD.decode(pkcs8).map_err(internal)?;
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).map_err(internal)
            }
            Self::Aes256(_) => Err(unsupported()),
        }
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, ApiError> {
        match self {
            Self::Aes256(key) => {
                let key = STANDARD.decode(key).map_err(internal)?;
                RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(internal)
            }
            Self::P256(_) => Err(unsupported()),
        }
    }
}

/// The id of the key that sealed a blob.
pub(super) fn sealed_with(blob: &[u8]) -> Result<String, ApiError> {
    let id = blob.get(1..=ID).filter(|_| blob.first() == Some(&VERSION)).ok_or_else(invalid_ciphertext)?;
    String::from_utf8(id.to_vec()).map_err(|_| invalid_ciphertext())
}

pub(super) fn sha256(message: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, message).as_ref());
    out
}

/// `length` random bytes for a key; never from a seed.
pub(super) fn fresh(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    shared::ops::SystemRandom::default().fill(&mut bytes);
    bytes
}

/// Names and values each behind their length, in order of name: no two contexts read the same.
fn aad(context: &BTreeMap<String, String>) -> Vec<u8> {
    let parts = context.iter().flat_map(|(name, value)| [name, value]);
    parts.flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat()).collect()
}

fn import(sha256: &[u8; 32]) -> Result<Digest, ApiError> {
    Digest::import_less_safe(sha256, &SHA256).map_err(internal)
}

fn invalid_ciphertext() -> ApiError {
    // AWS sends no message, lest it says which part was wrong.
    ApiError::new("InvalidCiphertextException", "")
}

fn unsupported() -> ApiError {
    ApiError::new("InvalidKeyUsageException", "the operation does not fit the key's KeyUsage")
}

fn internal(error: impl std::fmt::Display) -> ApiError {
    ApiError::new("KMSInternalException", error.to_string()).status(StatusCode::INTERNAL_SERVER_ERROR)
}
