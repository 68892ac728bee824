//! The key that names in sanitized reports are made with: one per workspace, made at its first use, never changed.

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretSlice};

use super::{Secrets, ServiceError};
use crate::{
    ops::{Random, random},
    tenant::TenantId,
};

const NAME: &str = "pseudonyms";

impl Secrets {
    /// The workspace's key. Of two that make it at once, one does.
    pub async fn pseudonym_key(
        &self,
        tenant: &TenantId,
        random: &(impl Random + ?Sized),
    ) -> Result<SecretSlice<u8>, ServiceError> {
        let missing = ServiceError::Missing { service: "Secrets Manager", what: "usable pseudonym key" };
        if self.get(tenant, NAME).await?.is_none() {
            self.create(tenant, NAME, &STANDARD.encode(random::bytes::<32>(random)).into()).await?;
        }
        let text = self.get(tenant, NAME).await?;
        let key = text.and_then(|text| STANDARD.decode(text.expose_secret()).ok());
        key.filter(|key| key.len() == 32).map(SecretSlice::from).ok_or(missing)
    }

    /// Keeps `value` as the secret `name` unless there is one.
    async fn create(
        &self,
        tenant: &TenantId,
        name: &str,
        value: &secrecy::SecretString,
    ) -> Result<(), ServiceError> {
        let create = self.client.create_secret().name(self.id(tenant, name));
        match create.secret_string(value.expose_secret()).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(()),
            Err(error) => Err(ServiceError::of("Secrets Manager", &error)),
        }
    }
}
