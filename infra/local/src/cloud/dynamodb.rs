//! DynamoDB: the embedded `dynoxide` server, tables from a plain description, and expiry.
//!
//! The one rule: everything but starting the server goes through the real SDK.
//!
//! Expiry is ours because the server's own sweep reads the machine's clock when the database is a file, and the stack's
//! clock may be elsewhere. Like the service, the sweep deletes what expired within the last five years and nothing that
//! changed since it was read
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::Cloud;
use super::server::Servers;

/// What a folder of data has its tables in.
pub(super) const FILE: &str = "dynamodb.sqlite";

const SWEEP_EVERY: Duration = Duration::from_mins(1);
const FIVE_YEARS_S: i64 = 5 * 365 * 86_400;

/// A table as the template describes it. Keys are strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    pub name: String,
    /// Partition key attribute.
    pub pk: String,
    /// Sort key attribute.
    pub sk: Option<String>,
    /// Attribute that holds the second an item expires.
    pub ttl: Option<String>,
}

pub(super) fn spawn(servers: &mut Servers, listener: TcpListener, data: Option<&Path>) -> anyhow::Result<()> {
    let database = match data {
        Some(data) => {
            let path = data.join(FILE);
            let path = path.to_str().context("the data folder's name is not UTF-8")?;
            dynoxide::Database::new(path).map_err(|error| anyhow::anyhow!("cannot open {path}: {error}"))?
        }
        None => dynoxide::Database::memory().map_err(|error| anyhow::anyhow!("{error}"))?,
    };
    let stopped = servers.stopped();
    servers.spawn(async move {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stopped).await {
            tracing::error!(%error, "DynamoDB stopped serving");
        }
    });
    Ok(())
}

impl Cloud {
    /// Creates the table unless it is there; one of the same name with other keys is an error.
    pub async fn create_table(&self, spec: &TableSpec) -> anyhow::Result<()> {
        let client = Client::new(&self.sdk_config());
        let keys = key_schema(spec)?;
        match client.describe_table().table_name(&spec.name).send().await {
            Ok(found) => {
                let found = found.table.and_then(|table| table.key_schema).unwrap_or_default();
                if found != keys {
                    bail!("table {} exists with other keys: want {keys:?}, got {found:?}", spec.name);
                }
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeTableError::is_resource_not_found_exception) =>
            {
                let mut create = client.create_table().table_name(&spec.name);
                create = create.billing_mode(BillingMode::PayPerRequest).set_key_schema(Some(keys));
                for name in std::iter::once(&spec.pk).chain(&spec.sk) {
                    let definition = AttributeDefinition::builder().attribute_name(name);
                    create = create
                        .attribute_definitions(definition.attribute_type(ScalarAttributeType::S).build()?);
                }
                create.send().await.with_context(|| format!("creating table {}", spec.name))?;
            }
            Err(error) => return Err(error).with_context(|| format!("looking for table {}", spec.name)),
        }
        match &spec.ttl {
            Some(attribute) if ttl_attribute(&client, &spec.name).await?.as_ref() != Some(attribute) => {
                let ttl =
                    TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
                client
                    .update_time_to_live()
                    .table_name(&spec.name)
                    .time_to_live_specification(ttl)
                    .send()
                    .await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Deletes every expired item of every table and says how many; runs each minute by itself.
    pub async fn sweep_ttl(&self) -> anyhow::Result<u64> {
        sweep(&Client::new(&self.sdk_config()), (self.now)()).await
    }

    pub(super) fn spawn_sweeper(&self) {
        let client = Client::new(&self.sdk_config());
        let now = self.now.clone();
        let stopped = self.servers.stopped();
        self.servers.spawn(async move {
            let sweeping = async {
                loop {
                    tokio::time::sleep(SWEEP_EVERY).await;
                    if let Err(error) = sweep(&client, now()).await {
                        tracing::warn!(error = %format!("{error:#}"), "the expiry sweep failed");
                    }
                }
            };
            tokio::select! { () = stopped => {}, () = sweeping => {} }
        });
    }
}

fn key_schema(spec: &TableSpec) -> anyhow::Result<Vec<KeySchemaElement>> {
    let key = |name: &String, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let mut schema = vec![key(&spec.pk, KeyType::Hash)?];
    if let Some(sk) = &spec.sk {
        schema.push(key(sk, KeyType::Range)?);
    }
    Ok(schema)
}

async fn ttl_attribute(client: &Client, table: &str) -> anyhow::Result<Option<String>> {
    let answer = client.describe_time_to_live().table_name(table).send().await?;
    let ttl = answer.time_to_live_description;
    Ok(ttl
        .filter(|ttl| ttl.time_to_live_status == Some(TimeToLiveStatus::Enabled))
        .and_then(|ttl| ttl.attribute_name))
}

async fn sweep(client: &Client, now: Timestamp) -> anyhow::Result<u64> {
    let mut deleted = 0;
    for table in client.list_tables().send().await?.table_names() {
        if let Some(ttl) = ttl_attribute(client, table).await? {
            deleted += sweep_table(client, table, &ttl, now).await?;
        }
    }
    Ok(deleted)
}

async fn sweep_table(client: &Client, table: &str, ttl: &str, now: Timestamp) -> anyhow::Result<u64> {
    let description = client.describe_table().table_name(table).send().await?;
    let schema = description.table.and_then(|table| table.key_schema).unwrap_or_default();
    let keys: Vec<String> = schema.iter().map(|key| key.attribute_name().to_owned()).collect();
    let number = |seconds: i64| AttributeValue::N(seconds.to_string());
    let mut pages = client
        .scan()
        .table_name(table)
        .filter_expression("#ttl BETWEEN :oldest AND :now")
        .expression_attribute_names("#ttl", ttl)
        .expression_attribute_values(":oldest", number(now.as_second() - FIVE_YEARS_S))
        .expression_attribute_values(":now", number(now.as_second()))
        .into_paginator()
        .items()
        .send();
    let mut deleted = 0;
    while let Some(item) = pages.try_next().await? {
        let Some(seen) = item.get(ttl) else { continue };
        let key = keys.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect();
        let answer = client
            .delete_item()
            .table_name(table)
            .set_key(Some(key))
            .condition_expression("#ttl = :seen")
            .expression_attribute_names("#ttl", ttl)
            .expression_attribute_values(":seen", seen.clone())
            .send()
            .await;
        match answer {
            Ok(_) => deleted += 1,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(deleted)
}
