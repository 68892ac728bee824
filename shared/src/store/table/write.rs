//! One write of a transaction, with its condition.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};
use serde::Serialize;

use super::{Item, encode};
use crate::store::{StoreError, keys::Key};

/// A write under construction: what, where, and the condition under which it may happen.
#[must_use]
#[derive(Debug)]
pub struct Write {
    key: Key,
    action: Action,
    condition: Option<String>,
    values: HashMap<String, AttributeValue>,
    /// The first thing that could not be encoded; surfaces when the transaction is made.
    failed: Option<StoreError>,
}

#[derive(Debug)]
enum Action {
    Put(Item),
    Update { set: Vec<String>, add: Vec<String>, delete: Vec<String>, remove: Vec<String> },
    Delete,
    Check,
}

impl Write {
    fn new(key: Key, action: Action) -> Self {
        Self { key, action, condition: None, values: HashMap::new(), failed: None }
    }

    /// Puts `value` as the whole item.
    pub fn put(key: Key, value: &impl Serialize) -> Self {
        match encode(value) {
            Ok(item) => Self::new(key, Action::Put(item)),
            Err(error) => Self { failed: Some(error), ..Self::new(key, Action::Check) },
        }
    }

    /// Puts `value` where nothing is yet.
    pub fn create(key: Key, value: &impl Serialize) -> Self {
        Self::put(key, value).when("attribute_not_exists(PK)")
    }

    /// Changes single attributes.
    pub fn update(key: Key) -> Self {
        let none = Vec::new;
        Self::new(key, Action::Update { set: none(), add: none(), delete: none(), remove: none() })
    }

    /// Removes the item.
    pub fn delete(key: Key) -> Self {
        Self::new(key, Action::Delete)
    }

    /// Changes nothing; the transaction happens only if the condition holds.
    pub fn check(key: Key) -> Self {
        Self::new(key, Action::Check)
    }

    /// The condition; attributes stand as `#attribute`, values as `:name` bound with [`Write::bind`].
    pub fn when(mut self, condition: &str) -> Self {
        self.condition = Some(match self.condition {
            Some(before) => format!("({before}) AND ({condition})"),
            None => condition.to_owned(),
        });
        self
    }

    /// Gives the value of a `:name` in the condition.
    pub fn bind(mut self, name: &str, value: impl Serialize) -> Self {
        match serde_dynamo::to_attribute_value(value) {
            Ok(value) => {
                self.values.insert(name.to_owned(), value);
            }
            Err(e) => self.failed = Some(StoreError::Corrupt { kind: "value", reason: e.to_string() }),
        }
        self
    }

    /// `attribute = value`.
    pub fn set(self, attribute: &str, value: impl Serialize) -> Self {
        let name = format!(":s_{attribute}");
        let mut write = self.bind(&name, value);
        if let Action::Update { set, .. } = &mut write.action {
            set.push(format!("#{attribute} = {name}"));
        }
        write
    }

    /// Adds a number: 0 where there is none yet.
    pub fn add(self, attribute: &str, by: i64) -> Self {
        let name = format!(":a_{attribute}");
        let mut write = self.bind(&name, by);
        if let Action::Update { add, .. } = &mut write.action {
            add.push(format!("#{attribute} {name}"));
        }
        write
    }

    /// Puts `members` into a string set; commutes with every other such change.
    pub fn add_to_set(self, attribute: &str, members: Vec<String>) -> Self {
        self.adding(attribute, AttributeValue::Ss(members))
    }

    /// Puts a number into a number set.
    pub fn add_to_number_set(self, attribute: &str, number: u64) -> Self {
        self.adding(attribute, AttributeValue::Ns(vec![number.to_string()]))
    }

    fn adding(mut self, attribute: &str, value: AttributeValue) -> Self {
        let name = format!(":i_{attribute}");
        if let Action::Update { add, .. } = &mut self.action {
            add.push(format!("#{attribute} {name}"));
        }
        self.values.insert(name, value);
        self
    }

    /// Takes `members` out of a string set.
    pub fn delete_from_set(mut self, attribute: &str, members: Vec<String>) -> Self {
        let name = format!(":d_{attribute}");
        if let Action::Update { delete, .. } = &mut self.action {
            delete.push(format!("#{attribute} {name}"));
        }
        self.values.insert(name, AttributeValue::Ss(members));
        self
    }

    /// Removes an attribute.
    pub fn remove(mut self, attribute: &str) -> Self {
        if let Action::Update { remove, .. } = &mut self.action {
            remove.push(format!("#{attribute}"));
        }
        self
    }

    /// The item lives until `epoch_seconds`. DynamoDB deletes late, so readers check the time themselves.
    pub fn expires(mut self, epoch_seconds: i64) -> Self {
        if let Action::Put(item) = &mut self.action {
            item.insert("ttl".to_owned(), AttributeValue::N(epoch_seconds.to_string()));
        }
        self
    }

    pub(super) fn into_item(self, table: &str) -> Result<TransactWriteItem, StoreError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let values = (!self.values.is_empty()).then_some(self.values);
        let condition = self.condition.as_deref().unwrap_or_default();
        let keys = key_attributes(&self.key);
        let out = TransactWriteItem::builder();
        let built = match self.action {
            Action::Put(mut item) => {
                item.extend(keys);
                Put::builder()
                    .table_name(table)
                    .set_item(Some(item))
                    .set_expression_attribute_names(names(&[condition]))
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_values(values)
                    .build()
                    .map(|put| out.put(put))
            }
            Action::Update { set, add, delete, remove } => {
                let clause = |word: &str, parts: &[String]| {
                    (!parts.is_empty()).then(|| format!("{word} {}", parts.join(", ")))
                };
                let expression = [
                    clause("SET", &set),
                    clause("ADD", &add),
                    clause("DELETE", &delete),
                    clause("REMOVE", &remove),
                ]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ");
                Update::builder()
                    .table_name(table)
                    .set_key(Some(keys))
                    .set_expression_attribute_names(names(&[condition, &expression]))
                    .update_expression(expression)
                    .set_condition_expression(self.condition)
                    .set_expression_attribute_values(values)
                    .build()
                    .map(|update| out.update(update))
            }
            Action::Delete => Delete::builder()
                .table_name(table)
                .set_key(Some(keys))
                .set_expression_attribute_names(names(&[condition]))
                .set_condition_expression(self.condition)
                .set_expression_attribute_values(values)
                .build()
                .map(|delete| out.delete(delete)),
            Action::Check => ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(keys))
                .set_expression_attribute_names(names(&[condition]))
                .set_condition_expression(self.condition)
                .set_expression_attribute_values(values)
                .build()
                .map(|check| out.condition_check(check)),
        };
        built
            .map(aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder::build)
            .map_err(|e| StoreError::Corrupt { kind: "write", reason: e.to_string() })
    }
}

pub(super) fn key_attributes(key: &Key) -> HashMap<String, AttributeValue> {
    [("PK", &key.pk), ("SK", &key.sk)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone())))
        .collect()
}

/// The `#attribute` names that the expressions use. All are written so, since hundreds of plain words
/// (`state`, `name`, `groups`) are reserved.
fn names(expressions: &[&str]) -> Option<HashMap<String, String>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names: HashMap<_, _> = expressions
        .iter()
        .flat_map(|expression| expression.split('#').skip(1))
        .map(|rest| &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())])
        .map(|name| (format!("#{name}"), name.to_owned()))
        .collect();
    (!names.is_empty()).then_some(names)
}
