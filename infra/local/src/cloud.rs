//! AWS on one machine, in this process: what the AWS SDK for Rust talks to over HTTP on loopback, with only the
//! endpoint changed.
//!
//! The one rule: product code cannot tell. It gets an [`SdkConfig`] and uses the real SDK;
//! nothing here is called by it directly. DynamoDB and S3 are embedded servers of others (`dynoxide-rs`, `s3s-fs`);
//! SQS, Secrets Manager, KMS, STS and SES are small stand-ins, faithful in what the product uses and in the
//! errors they answer. What a stand-in does not know, it refuses by name.
//!
//! | kept under `data` | holds |
//! |---|---|
//! | `dynamodb.sqlite` | tables |
//! | `s3/` | one folder per bucket |
//! | `sqs/journal.jsonl` | queues and messages |
//! | `secretsmanager.json`, `kms.json`, `sts.json`, `ses.json` | the rest, readable by the owner only |
//!
//! [`emulator`] puts an emulator of others in the place of four of them, as a second opinion.

mod api;
mod document;
mod dynamodb;
pub mod emulator;
pub mod faults;
pub(crate) mod held;
pub mod kms;
mod operation;
pub mod s3;
pub mod secrets;
mod seeded;
mod server;
pub mod ses;
pub mod sqs;
pub mod sts;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use jiff::Timestamp;
use shared::ops::{Random, SystemRandom};

pub use dynamodb::TableSpec;
use emulator::Emulator;

use crate::template::Policy;

/// The region every resource lives in.
pub const REGION: &str = "us-east-1";
/// The account every resource belongs to.
pub const ACCOUNT: &str = "000000000000";
/// The stack's own access key; its secret guards nothing but loopback.
pub const ACCESS_KEY_ID: &str = "local-stack";
const SECRET_ACCESS_KEY: &str = "loopback-only";

/// The stack's clock.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How the stack starts.
#[derive(Clone)]
pub struct CloudOptions {
    /// Folder that keeps everything between runs; `None` keeps nothing.
    pub data: Option<PathBuf>,
    /// Time for delays, leases, expiry and stamps.
    pub now: Now,
    /// Draws ids from this seed, so that two ephemeral runs read the same. Ignored with `data`: a second run over
    /// kept data would draw the ids of the first again. Keys and access keys are never seeded.
    pub seed: Option<u64>,
}

/// Where each service listens, as `http://127.0.0.1:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub dynamodb: String,
    pub s3: String,
    pub sqs: String,
    pub secretsmanager: String,
    pub kms: String,
    pub sts: String,
    pub ses: String,
}

/// What every stand-in needs to know.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub now: Now,
    pub random: Arc<dyn Random>,
}

/// The running stand-ins. Dropping it stops them; [`Cloud::shutdown`] also waits.
pub struct Cloud {
    endpoints: Endpoints,
    credentials: Credentials,
    now: Now,
    sqs: Arc<sqs::Sqs>,
    ses: Arc<ses::Ses>,
    sts: Arc<sts::Sts>,
    servers: server::Servers,
    /// Deletes the folder of an ephemeral stack when the stack goes.
    _ephemeral: Option<tempfile::TempDir>,
    /// Held while the stack runs: two stacks on one folder would overwrite each other.
    _lock: Option<File>,
}

impl Cloud {
    /// Starts every service and answers when all of them accept connections.
    pub async fn start(options: CloudOptions) -> anyhow::Result<Self> {
        let CloudOptions { data, now, seed } = options;
        let random: Arc<dyn Random> = match (seed, &data) {
            (Some(seed), None) => Arc::new(seeded::SeededRandom::new(seed)),
            _ => Arc::new(SystemRandom::default()),
        };
        let ephemeral = match data {
            None => Some(tempfile::tempdir().context("a folder for the ephemeral stack")?),
            Some(_) => None,
        };
        let data = data.as_deref();
        let emulator = Emulator::from_env()?;
        anyhow::ensure!(
            data.is_none() || emulator.is_none(),
            "{} keeps its own data: run without a data folder",
            emulator::VARIABLE
        );
        let lock = data.map(lock_folder).transpose()?;
        let surroundings = Surroundings { now: Arc::clone(&now), random };

        let sqs = Arc::new(sqs::Sqs::open(data, surroundings.clone())?);
        let sts = Arc::new(sts::Sts::open(data, surroundings.clone())?);
        let ses = Arc::new(ses::Ses::open(data, surroundings.clone())?);
        let services = api::Services {
            sqs: Arc::clone(&sqs),
            sts: Arc::clone(&sts),
            ses: Arc::clone(&ses),
            secrets: secrets::Secrets::open(data, surroundings.clone())?,
            kms: kms::Kms::open(data, surroundings.clone())?,
        };

        let mut servers = server::Servers::default();
        let (listener, front) = server::bind().await?;
        sqs.serve_under(&front);
        servers.spawn_http(listener, api::router(services));

        let (listener, s3) = server::bind().await?;
        let folder = data.or(ephemeral.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("."));
        servers.spawn_http(listener, s3::router(&folder.join("s3"), Arc::clone(&sts), Arc::clone(&now))?);

        let (listener, dynamodb) = server::bind().await?;
        dynamodb::spawn(&mut servers, listener, data)?;

        let mut endpoints = Endpoints {
            dynamodb,
            s3,
            sqs: front.clone(),
            secretsmanager: front.clone(),
            kms: front.clone(),
            sts: front.clone(),
            ses: front,
        };
        let mut credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "local-stack");
        if let Some(emulator) = emulator {
            emulator.replace(&mut endpoints);
            credentials = Emulator::credentials(&SystemRandom::default());
        }
        let cloud =
            Self { endpoints, credentials, now, sqs, ses, sts, servers, _ephemeral: ephemeral, _lock: lock };
        cloud.spawn_sweeper();
        Ok(cloud)
    }

    /// Whether a stack ran on this folder before.
    pub fn has_data(folder: &Path) -> bool {
        folder.join(dynamodb::FILE).exists()
    }

    /// Where each service listens.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What every SDK client is made from: the endpoints, the stack's own credentials, a plain HTTP client.
    ///
    /// The SDK signs with the machine's clock, as the S3 side expects; the stack's clock decides only when a
    /// presigned URL expires, so presign with `start_time(clock.now())`.
    pub fn sdk_config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .http_client(plain_http_client())
            .service_config(self.endpoints.clone())
            .build()
    }

    /// What leads the SDK of a process outside to the stand-ins: its standard environment variables.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let Endpoints { dynamodb, s3, sqs, secretsmanager, kms, sts, ses } = &self.endpoints;
        let variables = [
            ("AWS_ACCESS_KEY_ID", self.credentials.access_key_id()),
            ("AWS_SECRET_ACCESS_KEY", self.credentials.secret_access_key()),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
            ("AWS_ENDPOINT_URL_S3", s3),
            ("AWS_ENDPOINT_URL_SQS", sqs),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secretsmanager),
            ("AWS_ENDPOINT_URL_KMS", kms),
            ("AWS_ENDPOINT_URL_STS", sts),
            ("AWS_ENDPOINT_URL_SESV2", ses),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// The same for the function `name`, which can do what its `policy` allows. `names` knows the template's names of
    /// resources.
    pub(crate) fn sdk_config_of(&self, name: &str, policy: Policy, names: Arc<dyn held::Names>) -> SdkConfig {
        let held = held::HeldHttpClient::wrap(plain_http_client(), name, policy, names);
        self.sdk_config().into_builder().http_client(held).build()
    }

    /// The same with the stack's HTTP client wrapped in a fault plan; keep a clone of the client to read its log.
    pub fn sdk_config_with_faults(&self, faults: &faults::FaultyHttpClient) -> SdkConfig {
        self.sdk_config().into_builder().http_client(faults.clone()).build()
    }

    /// The queues, for inspection and for event source mappings.
    pub fn sqs(&self) -> &Arc<sqs::Sqs> {
        &self.sqs
    }

    /// The outbox.
    pub fn ses(&self) -> &Arc<ses::Ses> {
        &self.ses
    }

    /// The roles that can be assumed, and the sessions that were.
    pub fn sts(&self) -> &Arc<sts::Sts> {
        &self.sts
    }

    /// Stops accepting, lets running requests end (at most 5 seconds), and returns when nothing listens any more.
    pub async fn shutdown(self) {
        self.servers.stop().await;
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() != "AWS_ENDPOINT_URL" {
            return None;
        }
        let url = match key.service_id() {
            "DynamoDB" => &self.dynamodb,
            "S3" => &self.s3,
            "SQS" => &self.sqs,
            "Secrets Manager" => &self.secretsmanager,
            "KMS" => &self.kms,
            "STS" => &self.sts,
            "SESv2" => &self.ses,
            _ => return None,
        };
        Some(url.clone())
    }
}

/// An SDK HTTP client without TLS: loopback has none, and loading the machine's root certificates takes longer than
/// starting the whole stack.
pub fn plain_http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// Makes `folder` this stack's own until it ends, by whatever end.
fn lock_folder(folder: &Path) -> anyhow::Result<File> {
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700);
    private.create(folder).with_context(|| format!("data folder {}", folder.display()))?;
    let lock =
        File::create(folder.join(".lock")).with_context(|| format!("data folder {}", folder.display()))?;
    lock.try_lock().with_context(|| format!("another local stack runs on {}", folder.display()))?;
    Ok(lock)
}

/// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`
pub(crate) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
