//! Secrets Manager: private keys and TOTP seeds, under the tenant's prefix. Never in DynamoDB, never in the
//! environment.

use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata};
use secrecy::{ExposeSecret, SecretString};

use super::service_error::ServiceError;
use crate::tenant::TenantId;

const SERVICE: &str = "Secrets Manager";

/// The secrets of a deployment's workspaces.
#[derive(Clone)]
pub struct Secrets {
    pub(super) client: Client,
    prefix: String,
}

impl Secrets {
    pub(super) fn new(client: Client, prefix: &str) -> Self {
        Self { client, prefix: prefix.to_owned() }
    }

    /// The current value of the tenant's secret `name`.
    pub async fn get(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretString>, ServiceError> {
        let get = self.client.get_secret_value().secret_id(self.id(tenant, name)).send().await;
        match get {
            Ok(answer) => Ok(answer.secret_string.map(SecretString::from)),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(ServiceError::of(SERVICE, &error)),
        }
    }

    /// Keeps `value` as the tenant's secret `name`; an earlier value stays as the previous version.
    pub async fn put(&self, tenant: &TenantId, name: &str, value: &SecretString) -> Result<(), ServiceError> {
        let id = self.id(tenant, name);
        let create = self.client.create_secret().name(&id).secret_string(value.expose_secret()).send().await;
        match create {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceExistsException") => {
                let put = self.client.put_secret_value().secret_id(id).secret_string(value.expose_secret());
                put.send().await.map(drop).map_err(|error| ServiceError::of(SERVICE, &error))
            }
            Err(error) => Err(ServiceError::of(SERVICE, &error)),
        }
    }

    /// Takes the tenant's secret `name` away. It can be brought back for a week; one that is gone already is fine.
    pub async fn delete(&self, tenant: &TenantId, name: &str) -> Result<(), ServiceError> {
        let delete = self.client.delete_secret().secret_id(self.id(tenant, name)).recovery_window_in_days(7);
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => Err(ServiceError::of(SERVICE, &error)),
        }
    }

    pub(super) fn id(&self, tenant: &TenantId, name: &str) -> String {
        format!("{}/tenants/{tenant}/{name}", self.prefix)
    }
}
