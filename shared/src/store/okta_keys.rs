//! The key pair by which an org knows us: made here, its private part kept in Secrets Manager and nowhere else.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, KeyAlgorithm, PublicKeyUse},
};
use secrecy::SecretString;
use serde_json::Value;

use super::{Secrets, ServiceError, connections::Connection};
use crate::{
    okta::AssertionKey,
    ops::{Random, pem, random},
    tenant::{OrgId, TenantId},
};

/// What is public of a new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OktaKey {
    /// For [`Connection::key_id`].
    pub kid: String,
    /// RFC 7517, for [`Connection::public_key`].
    pub public: Value,
}

/// The secret that holds the private key of an org's service app.
fn secret_name(org: &OrgId) -> String {
    format!("okta/{org}")
}

impl Secrets {
    /// Makes a P-256 key (ES256) for `org` and keeps its private part, PKCS#8 in PEM. An earlier key of the org stops
    /// being used.
    pub async fn new_okta_key(
        &self,
        tenant: &TenantId,
        org: &OrgId,
        random: &(impl Random + ?Sized),
    ) -> Result<OktaKey, ServiceError> {
        let (pem, key) = generate(random::id(random, "k")).ok_or(ServiceError::Unavailable {
            service: "the cryptographic library",
            code: "no key".to_owned(),
        })?;
        self.put(tenant, &secret_name(org), &pem).await?;
        Ok(key)
    }

    /// The private key of a connection; `None` if there is none or it is not usable.
    pub async fn okta_key(
        &self,
        tenant: &TenantId,
        connection: &Connection,
    ) -> Result<Option<AssertionKey>, ServiceError> {
        let pem = self.get(tenant, &secret_name(&connection.org)).await?;
        Ok(pem.and_then(|pem| AssertionKey::from_pem(&connection.key_id, &pem).ok()))
    }
}

fn generate(kid: String) -> Option<(SecretString, OktaKey)> {
    // Drawn inside the cryptographic library, which takes no source of randomness from outside.
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
    let der = pair.to_pkcs8v1().ok()?;
    let mut public =
        Jwk::from_encoding_key(&EncodingKey::from_ec_der(der.as_ref()), Algorithm::ES256).ok()?;
    public.common.key_id = Some(kid.clone());
    public.common.key_algorithm = Some(KeyAlgorithm::ES256);
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    let pem = pem::encode("PRIVATE KEY", der.as_ref());
    Some((pem.into(), OktaKey { kid, public: serde_json::to_value(&public).ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_part_is_public_and_the_private_part_signs() {
        let (pem, key) = generate("k1".to_owned()).unwrap();
        assert!(AssertionKey::from_pem("k1", &pem).is_ok());
        let jwk = key.public.as_object().unwrap();
        let text = |name: &str| jwk[name].as_str().unwrap();
        assert_eq!(
            (text("kid"), text("alg"), text("use"), text("kty"), text("crv")),
            ("k1", "ES256", "sig", "EC", "P-256")
        );
        assert!(!jwk.contains_key("d"));
    }
}
