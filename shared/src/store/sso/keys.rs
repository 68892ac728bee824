//! The workspace's own SAML keys: one signs our AuthnRequests, one opens what was encrypted for us.
//!
//! One rule: the private half of a key is a secret of its own, under the key's id, and never changes. The table
//! holds what is public.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    ops::{Random, random},
    saml::SigningCertificate,
    store::{
        Secrets, ServiceError, StoreError, TenantStore, audit::AuditRecord, json_text, keys::Key,
        table::Write,
    },
    tenant::TenantId,
};

/// How long a certificate of ours is good for. It is a name for a key, and rotation is one click.
const VALIDITY: SignedDuration = SignedDuration::from_hours(5 * 365 * 24);

/// What a key is for (`use` of a KeyDescriptor, SAML metadata 2.4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The first signs; a second one is announced, to be trusted before it signs.
    Signing,
    /// The first is announced; a second one still opens what was encrypted for it.
    Encryption,
}

impl Purpose {
    /// The word of the metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Encryption => "encryption",
        }
    }
}

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpKey {
    pub id: String,
    pub certificate: SigningCertificate,
}

/// The workspace's keys, at most two of a kind: during a rotation the old and the new.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpKeys {
    #[serde(with = "json_text")]
    pub signing: Vec<SpKey>,
    #[serde(with = "json_text")]
    pub encryption: Vec<SpKey>,
    /// Counts changes from 1; a write names the version it read.
    pub version: u64,
}

impl SpKeys {
    /// The keys of one purpose.
    pub fn of(&self, purpose: Purpose) -> &[SpKey] {
        match purpose {
            Purpose::Signing => &self.signing,
            Purpose::Encryption => &self.encryption,
        }
    }

    /// With `key` besides; none when there are two already.
    #[must_use]
    pub fn with(&self, purpose: Purpose, key: SpKey) -> Option<Self> {
        if self.of(purpose).len() > 1 {
            return None;
        }
        let mut next = self.clone();
        match purpose {
            Purpose::Signing => next.signing.push(key),
            Purpose::Encryption => next.encryption.insert(0, key),
        }
        Some(next)
    }

    /// Without the key `id`; none when there is no such key.
    #[must_use]
    pub fn without(&self, purpose: Purpose, id: &str) -> Option<Self> {
        let mut next = self.clone();
        let keys = match purpose {
            Purpose::Signing => &mut next.signing,
            Purpose::Encryption => &mut next.encryption,
        };
        let at = keys.iter().position(|key| key.id == id)?;
        keys.remove(at);
        Some(next)
    }
}

impl TenantStore {
    /// The workspace's keys; none of any kind at first.
    pub async fn sp_keys(&self) -> Result<SpKeys, StoreError> {
        Ok(self.table.read(&self.sp_keys_key()).await?.unwrap_or_default())
    }

    /// Replaces the keys as they were read.
    pub async fn save_sp_keys(&self, keys: &SpKeys, audit: &AuditRecord) -> Result<(), StoreError> {
        let next = SpKeys { version: keys.version + 1, ..keys.clone() };
        let write = match keys.version {
            0 => Write::create(self.sp_keys_key(), &next),
            read => Write::put(self.sp_keys_key(), &next).when("#version = :read").bind(":read", read),
        };
        self.change(vec![write], audit).await
    }

    fn sp_keys_key(&self) -> Key {
        self.key("W", "SP")
    }
}

impl Secrets {
    /// Makes an RSA key of 3072 bits with a certificate for `name`, and keeps its private half.
    pub async fn new_sp_key(
        &self,
        tenant: &TenantId,
        purpose: Purpose,
        name: &str,
        now: Timestamp,
        random: &(impl Random + ?Sized),
    ) -> Result<SpKey, ServiceError> {
        let (private, certificate) = generate(name, now).ok_or(ServiceError::Unavailable {
            service: "the cryptographic library",
            code: "no key".to_owned(),
        })?;
        let key = SpKey { id: random::id(random, "k"), certificate };
        self.put(tenant, &secret_name(purpose, &key.id), &private).await?;
        Ok(key)
    }

    /// The private half of a key, PKCS #8 DER.
    pub(super) async fn sp_key(
        &self,
        tenant: &TenantId,
        purpose: Purpose,
        key: &SpKey,
    ) -> Result<Option<Vec<u8>>, ServiceError> {
        let secret = self.get(tenant, &secret_name(purpose, &key.id)).await?;
        Ok(secret.and_then(|secret| STANDARD.decode(secret.expose_secret()).ok()))
    }

    /// Takes the private half of a key away that no table names any more.
    pub async fn drop_sp_key(
        &self,
        tenant: &TenantId,
        purpose: Purpose,
        id: &str,
    ) -> Result<(), ServiceError> {
        self.delete(tenant, &secret_name(purpose, id)).await
    }
}

fn secret_name(purpose: Purpose, id: &str) -> String {
    format!("saml/{}/{id}", purpose.as_str())
}

fn generate(name: &str, now: Timestamp) -> Option<(SecretString, SigningCertificate)> {
    // Drawn inside the cryptographic library, which takes no source of randomness from outside.
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072).ok()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let epoch = date_time_ymd(1970, 1, 1);
    let at = |instant: Timestamp| {
        instant.as_second().try_into().ok().map(|seconds| epoch + Duration::from_secs(seconds))
    };
    // A clock at the identity provider that is behind must not find it not yet valid.
    params.not_before = at(now - SignedDuration::from_hours(1))?;
    params.not_after = at(now + VALIDITY)?;
    let certificate = params.self_signed(&key).ok()?;
    let certificate = SigningCertificate::from_der(certificate.der()).ok()?;
    Some((STANDARD.encode(key.serialize_der()).into(), certificate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saml::RequestKey;

    #[test]
    fn a_key_signs_and_its_certificate_is_one_that_we_would_take_ourselves() {
        let now = "2026-03-01T08:00:00Z".parse().unwrap();
        let (private, certificate) = generate("acme.example.com", now).unwrap();
        assert!(RequestKey::from_pkcs8(&STANDARD.decode(private.expose_secret()).unwrap()).is_ok());
        assert_eq!(certificate.subject, "CN=acme.example.com");
        assert!(certificate.not_before < now && now + VALIDITY == certificate.not_after);
    }

    #[test]
    fn at_most_two_of_a_kind() {
        let now = "2026-03-01T08:00:00Z".parse().unwrap();
        let (_, certificate) = generate("x", now).unwrap();
        let key = |id: &str| SpKey { id: id.to_owned(), certificate: certificate.clone() };
        let ids = |keys: &[SpKey]| keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>();
        for (purpose, order) in [(Purpose::Signing, ["a", "b"]), (Purpose::Encryption, ["b", "a"])] {
            let two = SpKeys::default().with(purpose, key("a")).unwrap().with(purpose, key("b")).unwrap();
            assert_eq!(ids(two.of(purpose)), order);
            assert_eq!(two.with(purpose, key("c")), None);
            assert_eq!(two.without(purpose, "c"), None);
            assert_eq!(ids(two.without(purpose, "a").unwrap().of(purpose)), ["b"]);
        }
    }
}
