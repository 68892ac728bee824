//! What the template names, created in the stand-ins; every step can be repeated over kept data.

use std::collections::BTreeMap;

use anyhow::Context;
use aws_sdk_kms::{
    operation::describe_key::DescribeKeyError,
    types::{KeySpec, KeyUsageType},
};
use shared::ops::Config;

use crate::{
    cloud::{Cloud, TableSpec, held::Names, sqs::QueueSpec},
    template::{Function, Table, Template, Variable},
};

const REQUESTS_PER_MINUTE: &str = "SCIM_REQUESTS_PER_MINUTE";

/// Parameters and resources of the template by their logical names, as they are called in this stack.
pub(crate) struct Resources {
    parameters: BTreeMap<String, String>,
    /// The parameters as the template has them.
    defaults: BTreeMap<String, String>,
    called: BTreeMap<String, String>,
    /// Logical names of buckets and of the keys that encrypt what lies in them.
    bucket_keys: BTreeMap<String, Option<String>>,
}

impl Resources {
    /// Creates tables, buckets, queues and keys.
    pub(super) async fn create(cloud: &Cloud, template: &Template, port: u16) -> anyhow::Result<Self> {
        let mut parameters = template.parameters.clone();
        parameters.insert("BaseDomain".to_owned(), format!("http://localhost:{port}"));
        let prefix = parameters.get("Prefix").cloned().context("the template has no parameter Prefix")?;
        let mut resources = Self {
            parameters,
            defaults: template.parameters.clone(),
            called: queues(cloud, template).await?,
            bucket_keys: template.buckets.clone(),
        };
        for (name, Table { pk, sk, ttl }) in &template.tables {
            let called = called(&prefix, name, "Table");
            let (pk, sk, ttl) = (pk.clone(), sk.clone(), ttl.clone());
            cloud.create_table(&TableSpec { name: called.clone(), pk, sk, ttl }).await?;
            resources.called.insert(name.clone(), called);
        }
        for name in template.buckets.keys() {
            let called = called(&prefix, name, "Bucket");
            cloud.create_bucket(&called).await?;
            resources.called.insert(name.clone(), called);
        }
        for (name, alias) in &template.signing_keys {
            let alias = resources.resolved(alias)?;
            create_signing_key(cloud, &alias).await?;
            resources.called.insert(name.clone(), alias);
        }
        Ok(resources)
    }

    /// A function's settings.
    pub(crate) fn config(&self, function: &Function) -> anyhow::Result<Config> {
        Ok(self.environment(function)?.into_iter().collect())
    }

    /// The variables that the template gives a function.
    pub(crate) fn environment(&self, function: &Function) -> anyhow::Result<BTreeMap<String, String>> {
        let settings = function.environment.iter().map(|(name, value)| {
            let value = self.resolved(value).with_context(|| format!("{} of {}", name, function.name))?;
            Ok((name.clone(), from_outside(name).unwrap_or(value)))
        });
        settings.collect()
    }

    fn resolved(&self, value: &Variable) -> anyhow::Result<String> {
        match value {
            Variable::Text(text) => Ok(text.clone()),
            Variable::Ref(name) => {
                let value = self.called.get(name).or_else(|| self.parameters.get(name));
                value.cloned().with_context(|| format!("there is no {name} here"))
            }
            Variable::Sub(text) => {
                // The base domain of this stack is an origin with a port, and nobody has mail there: in a text it is
                // the parameter's own.
                let replaced = self
                    .defaults
                    .iter()
                    .fold(text.clone(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
                Ok(replaced)
            }
        }
    }
}

impl Names for Resources {
    fn logical(&self, called: &str) -> Option<&str> {
        self.called.iter().find(|(_, known)| *known == called).map(|(name, _)| name.as_str())
    }

    fn key_of(&self, bucket: &str) -> Option<&str> {
        self.bucket_keys.get(bucket)?.as_deref()
    }
}

/// `Table` is `atomation` and `EvidenceBucket` is `atomation-evidence`.
fn called(prefix: &str, logical: &str, kind: &str) -> String {
    match logical.strip_suffix(kind).unwrap_or(logical) {
        "" => prefix.to_owned(),
        word => format!("{prefix}-{}", word.to_lowercase()),
    }
}

/// Settings that whoever starts the stack may give: a benchmark sends more than any Okta does.
fn from_outside(name: &str) -> Option<String> {
    let given = || Config::from_env().get(name).ok().map(ToOwned::to_owned);
    (name == REQUESTS_PER_MINUTE).then(given).flatten()
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

async fn create_signing_key(cloud: &Cloud, alias: &str) -> anyhow::Result<()> {
    let client = aws_sdk_kms::Client::new(&cloud.sdk_config());
    match client.describe_key().key_id(alias).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(DescribeKeyError::is_not_found_exception) => {
            let key = client.create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify);
            let key = key.send().await?;
            let id = key.key_metadata.context("a key without metadata")?.key_id;
            client.create_alias().alias_name(alias).target_key_id(id).send().await?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
