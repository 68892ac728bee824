//! KMS: signs manifests. The private key never leaves it.

use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};

use super::service_error::ServiceError;

/// The deployment's signing key (ECC NIST P-256).
#[derive(Clone)]
pub struct Signer {
    client: Client,
    key_id: String,
}

impl Signer {
    pub(super) fn new(client: Client, key_id: &str) -> Self {
        Self { client, key_id: key_id.to_owned() }
    }

    /// The key's id, as signatures name it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// An ECDSA P-256 signature of SHA-256 of `message`, DER.
    pub async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ServiceError> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, message);
        let sign = self
            .client
            .sign()
            .key_id(&self.key_id)
            .message(Blob::new(digest.as_ref()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await
            .map_err(|error| ServiceError::of("KMS", &error))?;
        sign.signature
            .map(Blob::into_inner)
            .ok_or(ServiceError::Missing { service: "KMS", what: "signature" })
    }

    /// The public key, DER SubjectPublicKeyInfo: what a third party verifies with.
    pub async fn public_key(&self) -> Result<Vec<u8>, ServiceError> {
        let get = self.client.get_public_key().key_id(&self.key_id).send().await;
        let get = get.map_err(|error| ServiceError::of("KMS", &error))?;
        get.public_key
            .map(Blob::into_inner)
            .ok_or(ServiceError::Missing { service: "KMS", what: "public key" })
    }
}
