//! What the template names, created in the stand-ins; every step can be repeated over kept data.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_kms::{
    operation::describe_key::DescribeKeyError,
    types::{KeySpec, KeyUsageType},
};
use shared::ops::Config;

use crate::{
    cloud::{Cloud, TableSpec, sqs::QueueSpec},
    template::Template,
};

const TABLE: &str = "atomation";
const BUCKET: &str = "atomation-evidence";
const PREFIX: &str = "atomation";
const REQUESTS_PER_MINUTE: &str = "SCIM_REQUESTS_PER_MINUTE";
const MAIL_FROM: &str = "no-reply@atomation.example";
const SIGNING_KEY: &str = "alias/atomation-signing";

/// Creates table, bucket, queues and key, and says what the functions' environment is.
pub(super) async fn create(cloud: &Cloud, template: &Template, port: u16) -> anyhow::Result<Config> {
    let text = |text: &str| text.to_owned();
    let table = TableSpec { name: text(TABLE), pk: text("PK"), sk: Some(text("SK")), ttl: Some(text("ttl")) };
    cloud.create_table(&table).await?;
    cloud.create_bucket(BUCKET).await?;
    let urls = queues(cloud, template).await?;
    let url = |name: &str| urls.get(name).cloned().with_context(|| format!("the template has no {name}"));
    let settings = [
        ("TABLE_NAME", text(TABLE)),
        ("EVIDENCE_BUCKET", text(BUCKET)),
        ("SCAN_QUEUE_URL", url("ScanQueue")?),
        ("REPORT_QUEUE_URL", url("ReportQueue")?),
        ("SIGNING_KEY_ID", signing_key(cloud).await?),
        ("BASE_DOMAIN", format!("http://localhost:{port}")),
        ("MAIL_FROM", text(MAIL_FROM)),
        ("SECRET_PREFIX", text(PREFIX)),
    ];
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
    Ok(settings.chain(from_outside()).collect())
}

/// Settings that whoever starts the stack may give: a benchmark sends more than any Okta does.
fn from_outside() -> Option<(String, String)> {
    let value = Config::from_env().get(REQUESTS_PER_MINUTE).ok()?.to_owned();
    Some((REQUESTS_PER_MINUTE.to_owned(), value))
}

async fn queues(cloud: &Cloud, template: &Template) -> anyhow::Result<BTreeMap<String, String>> {
    // A queue that takes dead letters exists before the one that sends them.
    let mut queues: Vec<_> = template.queues.iter().collect();
    queues.sort_by_key(|(_, queue)| queue.dead_letters.is_some());
    let mut urls = BTreeMap::new();
    for (name, queue) in queues {
        let spec = QueueSpec {
            name: name.clone(),
            visibility_timeout: queue.visibility,
            dead_letter: queue.dead_letters.clone(),
        };
        urls.insert(name.clone(), cloud.create_queue(&spec).await?);
    }
    Ok(urls)
}

async fn signing_key(cloud: &Cloud) -> anyhow::Result<String> {
    let client = aws_sdk_kms::Client::new(&cloud.sdk_config());
    match client.describe_key().key_id(SIGNING_KEY).send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(DescribeKeyError::is_not_found_exception) => {
            let key = client.create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify);
            let key = key.send().await?;
            let id = key.key_metadata.context("a key without metadata")?.key_id;
            client.create_alias().alias_name(SIGNING_KEY).target_key_id(id).send().await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(SIGNING_KEY.to_owned())
}
