//! The SDK's clients, from the environment. `AWS_ENDPOINT_URL_*` points them at the local stack: nothing else
//! differs there.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};

use super::{Evidence, Mailer, Queue, Secrets, Signer, Table};
use crate::ops::{Config, Random, config::ConfigError};

/// The account, region and endpoints of this process, and the deployment's names in them.
#[derive(Clone)]
pub struct Aws {
    sdk: SdkConfig,
    config: Config,
}

impl Aws {
    /// From the environment.
    pub async fn from_env(config: Config) -> Self {
        Self { sdk: aws_config::load_defaults(BehaviorVersion::latest()).await, config }
    }

    /// With clients that go where `sdk` says: the local stack, tests.
    pub fn new(sdk: SdkConfig, config: Config) -> Self {
        Self { sdk, config }
    }

    /// The deployment's settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The deployment's table (`TABLE_NAME`).
    pub fn table(&self, random: Arc<dyn Random>) -> Result<Table, ConfigError> {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        Ok(Table::new(client, self.config.get("TABLE_NAME")?, random))
    }

    /// The bucket that holds evidence (`EVIDENCE_BUCKET`).
    pub fn evidence(&self) -> Result<Evidence, ConfigError> {
        // Path style costs nothing on S3 and is all that the local stack's S3 understands.
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(true).build();
        Ok(Evidence::new(aws_sdk_s3::Client::from_conf(config), self.config.get("EVIDENCE_BUCKET")?))
    }

    /// The workspaces' secrets (`SECRET_PREFIX`).
    pub fn secrets(&self) -> Result<Secrets, ConfigError> {
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Ok(Secrets::new(client, self.config.get("SECRET_PREFIX")?))
    }

    /// The queue whose URL `setting` holds: `SCAN_QUEUE_URL`, `REPORT_QUEUE_URL`.
    pub fn queue(&self, setting: &str) -> Result<Queue, ConfigError> {
        Ok(Queue::new(aws_sdk_sqs::Client::new(&self.sdk), self.config.get(setting)?))
    }

    /// The key that signs manifests and checkpoints (`SIGNING_KEY_ID`).
    pub fn signer(&self) -> Result<Signer, ConfigError> {
        Ok(Signer::new(aws_sdk_kms::Client::new(&self.sdk), self.config.get("SIGNING_KEY_ID")?))
    }

    /// Outgoing mail (`MAIL_FROM`).
    pub fn mailer(&self) -> Result<Mailer, ConfigError> {
        Ok(Mailer::new(aws_sdk_sesv2::Client::new(&self.sdk), self.config.get("MAIL_FROM")?))
    }
}
