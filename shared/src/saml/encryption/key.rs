//! The workspace's key for encrypted Assertions, and its only use.

use std::fmt;

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey},
};
use thiserror::Error;

use super::shape::Encryption;

/// The longest key of an allowed cipher, in bytes.
const MAX_KEY: usize = 32;

/// An RSA private key that Assertions are encrypted for. It cannot be printed.
pub struct DecryptionKey(OaepPrivateDecryptingKey);

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("wanted an RSA private key of 2048 to 8192 bits in PKCS #8, got something else")]
pub struct DecryptionKeyError;

impl DecryptionKey {
    /// Reads an unencrypted PKCS #8 RSA key, DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, DecryptionKeyError> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| DecryptionKeyError)?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| DecryptionKeyError)
    }

    /// What was encrypted. None for every failure alike; a key that was not carried does as much work as one
    /// that was, so that time does not tell what failed.
    pub(super) fn open(&self, encryption: &Encryption) -> Option<Vec<u8>> {
        let mut buffer = vec![0; self.0.min_output_size()];
        let carried = self.0.decrypt(encryption.transport, &encryption.wrapped_key, &mut buffer, None);
        let length = encryption.cipher.key_len();
        let carried = carried.ok().filter(|key| key.len() == length);
        let key: &[u8] = carried.as_deref().unwrap_or(&[0; MAX_KEY][..length]);

        let key = LessSafeKey::new(UnboundKey::new(encryption.cipher, key).ok()?);
        let (nonce, sealed) = encryption.value.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = sealed.to_vec();
        let length = key.open_in_place(nonce, Aad::empty(), &mut text).ok()?.len();
        text.truncate(length);
        carried.is_some().then_some(text)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey")
    }
}
