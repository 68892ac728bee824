//! The SDK's clients, from the environment. `AWS_ENDPOINT_URL_*` points them at the local stack: nothing else
//! differs there.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};

use super::Table;
use crate::ops::{Config, Random, config::ConfigError};

/// The account, region and endpoints of this process.
pub async fn sdk_config() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::latest()).await
}

/// The deployment's table.
pub async fn table(config: &Config, random: Arc<dyn Random>) -> Result<Table, ConfigError> {
    let name = config.get("TABLE_NAME")?;
    let client = aws_sdk_dynamodb::Client::new(&sdk_config().await);
    Ok(Table::new(client, name, random))
}
