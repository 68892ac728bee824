//! Items in, items out: the table's five operations, counted, with one error type.
//!
//! Every write names its condition; concurrent changes are native expressions and transactions, so that
//! none is lost.

mod ahead;
mod failure;
mod write;

use std::{collections::HashMap, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnConsumedCapacity, ReturnValue},
};
use serde::{Serialize, de::DeserializeOwned};

use self::ahead::Ahead;
pub use self::write::Write;
use super::{StoreError, keys::Key};
use crate::ops::{Random, meter, random};

/// An item as DynamoDB holds it.
pub type Item = HashMap<String, AttributeValue>;

/// How often a transaction is tried again when other writers touch the same items.
const CONFLICT_RETRIES: u32 = 8;

/// The one table of a deployment.
#[derive(Clone)]
pub struct Table {
    client: Client,
    name: Arc<str>,
    random: Arc<dyn Random>,
    ahead: Ahead,
}

/// Which items of a partition to read.
#[derive(Debug, Clone)]
pub struct Range<'a> {
    pub pk: &'a str,
    /// From this sort key on (inclusive), in reading order.
    pub from: Option<&'a str>,
    /// Up to this sort key (inclusive), in reading order.
    pub to: Option<&'a str>,
    pub newest_first: bool,
    pub limit: u32,
}

impl Table {
    /// The table `name`, spoken to through `client`.
    pub fn new(client: Client, name: &str, random: Arc<dyn Random>) -> Self {
        Self { client, name: name.into(), random, ahead: Ahead::default() }
    }

    /// The same table, keeping what is read now for the first who asks the same.
    pub(super) fn reading_ahead(&self) -> Self {
        Self { ahead: Ahead::recording(), ..self.clone() }
    }

    /// The same table, giving out what was read ahead.
    pub(super) fn having_read(&self) -> Self {
        Self { ahead: self.ahead.replay(), ..self.clone() }
    }

    /// The item at `key`, as the latest committed write left it.
    pub async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let question = || format!("{}\n{}", key.pk, key.sk);
        if let Some(known) = self.ahead.take(question) {
            return Ok(known.into_iter().next());
        }
        let call = meter::call();
        let answer = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(write::key_attributes(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| failure::of(&e))?;
        call.consumed(failure::units(answer.consumed_capacity()), 0.0);
        self.ahead.keep(question, answer.item.as_slice());
        Ok(answer.item)
    }

    /// The item at `key` as a `T`.
    pub async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.get(key).await?.map(decode).transpose()
    }

    /// Items of one partition in sort-key order, at most `range.limit`; fewer means there are no more.
    pub async fn query(&self, range: &Range<'_>) -> Result<Vec<Item>, StoreError> {
        let question = || format!("{range:?}");
        if let Some(known) = self.ahead.take(question) {
            return Ok(known);
        }
        let items = self.pages(range).await?;
        self.ahead.keep(question, &items);
        Ok(items)
    }

    async fn pages(&self, range: &Range<'_>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let wanted = range.limit.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
            if wanted == 0 {
                return Ok(items);
            }
            let (low, high) =
                if range.newest_first { (range.to, range.from) } else { (range.from, range.to) };
            let condition = match (low, high) {
                (Some(_), Some(_)) => "PK = :pk AND SK BETWEEN :low AND :high",
                (Some(_), None) => "PK = :pk AND SK >= :low",
                (None, Some(_)) => "PK = :pk AND SK <= :high",
                (None, None) => "PK = :pk",
            };
            let text = |value: &str| AttributeValue::S(value.to_owned());
            let call = meter::call();
            let answer = self
                .client
                .query()
                .table_name(&*self.name)
                .key_condition_expression(condition)
                .expression_attribute_values(":pk", text(range.pk))
                .set_expression_attribute_values(Some(
                    [(":pk", Some(range.pk)), (":low", low), (":high", high)]
                        .into_iter()
                        .filter_map(|(name, value)| Some((name.to_owned(), text(value?))))
                        .collect(),
                ))
                .consistent_read(true)
                .scan_index_forward(!range.newest_first)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start.take())
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await
                .map_err(|e| failure::of(&e))?;
            call.consumed(failure::units(answer.consumed_capacity()), 0.0);
            items.extend(answer.items.unwrap_or_default());
            match answer.last_evaluated_key {
                Some(key) => start = Some(key),
                None => return Ok(items),
            }
        }
    }

    /// Items of one partition as `T`s.
    pub async fn list<T: DeserializeOwned>(&self, range: &Range<'_>) -> Result<Vec<T>, StoreError> {
        self.query(range).await?.into_iter().map(decode).collect()
    }

    /// Adds one to the number `attribute` of the item at `key`, notes in `given` when, and returns the new value: 1
    /// at first.
    pub async fn next(&self, key: &Key, attribute: &str, at: jiff::Timestamp) -> Result<u64, StoreError> {
        self.ahead.forget();
        let call = meter::call();
        let answer = self
            .client
            .update_item()
            .table_name(&*self.name)
            .set_key(Some(write::key_attributes(key)))
            .update_expression("SET given = :at ADD #n :one")
            .expression_attribute_names("#n", attribute)
            .expression_attribute_values(":at", AttributeValue::S(at.to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| failure::of(&e))?;
        call.consumed(0.0, failure::units(answer.consumed_capacity()));
        let value = answer.attributes.as_ref().and_then(|a| a.get(attribute)).and_then(|v| v.as_n().ok());
        value
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| StoreError::Corrupt { kind: "counter", reason: "no number".to_owned() })
    }

    /// Makes one write by itself, at half the price of a transaction: for an item that nothing else depends on.
    pub async fn keep(&self, write: Write) -> Result<(), StoreError> {
        let item = write.into_item(&self.name)?;
        let Some(put) = item.put else {
            return Err(StoreError::Corrupt { kind: "write", reason: "want a put".to_owned() });
        };
        let call = meter::call();
        let answer = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|e| failure::of(&e))?;
        call.consumed(0.0, failure::units(answer.consumed_capacity()));
        Ok(())
    }

    /// Makes all `writes` or none of them. No two may touch one item; at most 100.
    ///
    /// Conflicts with other writers are tried again with jitter. The SDK's client request token makes a
    /// retry after a lost answer apply once.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.ahead.forget();
        let mut attempt = 0;
        let items = writes.into_iter().map(|w| w.into_item(&self.name)).collect::<Result<Vec<_>, _>>()?;
        // One token for all tries of these writes: a try whose answer was lost is not applied twice.
        let token = random::secret_256(&*self.random).chars().take(36).collect::<String>();
        loop {
            let call = meter::call();
            let answer = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(&token)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            match answer {
                Ok(answer) => {
                    let units = answer.consumed_capacity().iter().map(|c| failure::units(Some(c))).sum();
                    call.consumed(0.0, units);
                    return Ok(());
                }
                Err(error) => match failure::of_transaction(&error) {
                    StoreError::Conflict if attempt < CONFLICT_RETRIES => {
                        drop(call);
                        attempt += 1;
                        self.pause(attempt).await;
                    }
                    other => return Err(other),
                },
            }
        }
    }

    /// Waits up to 10 ms doubled per attempt, so that writers who met once do not meet again.
    pub(super) async fn pause(&self, attempt: u32) {
        let [low, high] = random::bytes::<2>(&*self.random);
        let jitter = u64::from(u16::from_le_bytes([low, high])) % (10 << attempt.min(6));
        tokio::time::sleep(std::time::Duration::from_millis(jitter)).await;
    }
}

/// An item as a `T`; what the key says it is, it must be.
pub fn decode<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let kind = std::any::type_name::<T>();
    serde_dynamo::from_item(item).map_err(|e| StoreError::Corrupt { kind, reason: e.to_string() })
}

/// A value as an item (without its key).
pub fn encode<T: Serialize>(value: &T) -> Result<Item, StoreError> {
    let kind = std::any::type_name::<T>();
    serde_dynamo::to_item(value).map_err(|e| StoreError::Corrupt { kind, reason: e.to_string() })
}
