//! A second opinion on the stand-ins: DynamoDB, S3, Secrets Manager and KMS of an emulator made by others.
//!
//! The one rule: nothing but the endpoints and the account differ, so that the same tests and the same demo run over
//! both. `tests/tools/second_opinion.py` starts `ministack` and does so. Each stack takes an account of its own, which
//! such an emulator keeps apart by a twelve-digit access key.
//!
//! SQS and SES stay here: the event source mapping and the outbox look into them. STS stays, since the product asks it
//! for nothing yet.

use anyhow::Context;
use aws_sdk_sqs::config::Credentials;
use shared::ops::{Config, Random};
use url::{Host, Url};

use super::Endpoints;

/// Holds the emulator's URL, such as `http://127.0.0.1:4566`; unset, the stand-ins serve everything.
pub const VARIABLE: &str = "ATOMATION_EMULATOR";

/// Where the emulator listens.
pub(super) struct Emulator {
    endpoint: String,
}

impl Emulator {
    /// The emulator that the environment names. Loopback only: what the stack keeps is nobody else's.
    pub(super) fn from_env() -> anyhow::Result<Option<Self>> {
        let config = Config::from_env();
        let Ok(endpoint) = config.get(VARIABLE) else { return Ok(None) };
        let url = Url::parse(endpoint).with_context(|| format!("{VARIABLE}: {endpoint}"))?;
        let is_loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        anyhow::ensure!(is_loopback, "{VARIABLE}: want a loopback address, got {endpoint}");
        Ok(Some(Self { endpoint: endpoint.to_owned() }))
    }

    pub(super) fn replace(&self, endpoints: &mut Endpoints) {
        for endpoint in
            [&mut endpoints.dynamodb, &mut endpoints.s3, &mut endpoints.secretsmanager, &mut endpoints.kms]
        {
            endpoint.clone_from(&self.endpoint);
        }
    }

    /// A key of an account that no other stack has.
    pub(super) fn credentials(random: &dyn Random) -> Credentials {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        let account = u64::from_le_bytes(bytes) % 1_000_000_000_000;
        Credentials::new(format!("{account:012}"), "loopback-only", None, None, "emulator")
    }
}
