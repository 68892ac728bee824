//! What the operations take (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/>).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::state::{Attributes, MessageAttribute, Redrive};
use crate::cloud::api::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    pub queue_name: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    pub queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnQueue {
    pub queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    pub queue_url: String,
    #[serde(default)]
    pub attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    pub queue_url: String,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    pub queue_url: String,
    #[serde(flatten)]
    pub content: Content,
}

/// What one message and one entry of a batch share.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Content {
    pub message_body: String,
    pub delay_seconds: Option<i64>,
    #[serde(default)]
    pub message_attributes: BTreeMap<String, MessageAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    pub queue_url: String,
    #[serde(default)]
    pub entries: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub queue_url: String,
    pub max_number_of_messages: Option<i64>,
    pub visibility_timeout: Option<i64>,
    pub wait_time_seconds: Option<i64>,
    #[serde(default)]
    pub attribute_names: Vec<String>,
    #[serde(default)]
    pub message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    pub queue_url: String,
    pub receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receipt {
    pub receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibility {
    pub queue_url: String,
    pub receipt_handle: String,
    pub visibility_timeout: i64,
}

/// The queue's name, from its URL.
pub(super) fn queue_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

/// A number within what the service allows.
pub(super) fn within(name: &str, value: i64, least: i64, most: i64) -> Result<i64, ApiError> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    let message =
        format!("Value {value} for parameter {name} is invalid. Reason: Must be between {least} and {most}.");
    Err(invalid(message))
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError {
        query_code: Some("InvalidParameterValue"),
        ..ApiError::new("InvalidParameterValueException", message)
    }
}

impl Attributes {
    /// These attributes with some of them set as the API spells them.
    pub(super) fn with(mut self, set: &BTreeMap<String, String>) -> Result<Self, ApiError> {
        for (name, value) in set {
            let number = |least, most| {
                let number = value.parse().map_err(|_| unusable(name))?;
                within(name, number, least, most).map_err(|_| unusable(name))
            };
            match name.as_str() {
                "VisibilityTimeout" => self.visibility_timeout_s = number(0, 43_200)?,
                "DelaySeconds" => self.delay_s = number(0, 900)?,
                "ReceiveMessageWaitTimeSeconds" => self.wait_s = number(0, 20)?,
                "MessageRetentionPeriod" => self.retention_s = number(60, 1_209_600)?,
                "MaximumMessageSize" => {
                    self.max_message_bytes =
                        usize::try_from(number(1024, 1 << 20)?).map_err(|_| unusable(name))?;
                }
                "RedrivePolicy" if value.is_empty() => self.redrive = None,
                "RedrivePolicy" => self.redrive = Some(redrive(value).ok_or_else(|| unusable(name))?),
                // Encryption and access are settings of the real thing only.
                "Policy"
                | "SqsManagedSseEnabled"
                | "KmsMasterKeyId"
                | "KmsDataKeyReusePeriodSeconds"
                | "RedriveAllowPolicy" => {}
                _ => {
                    return Err(ApiError {
                        query_code: Some("InvalidAttributeName"),
                        ..ApiError::new("InvalidAttributeName", format!("Unknown Attribute {name}."))
                    });
                }
            }
        }
        Ok(self)
    }
}

fn unusable(name: &str) -> ApiError {
    let message = format!("Invalid value for the parameter {name}.");
    ApiError { query_code: Some("InvalidAttributeValue"), ..ApiError::new("InvalidAttributeValue", message) }
}

/// `{"deadLetterTargetArn": "...", "maxReceiveCount": 3}`; the count may be a string.
fn redrive(json: &str) -> Option<Redrive> {
    let policy: Value = serde_json::from_str(json).ok()?;
    let dead_letter_queue = policy.get("deadLetterTargetArn")?.as_str()?.rsplit(':').next()?.to_owned();
    let count = policy.get("maxReceiveCount")?;
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
    let max_receive_count = u32::try_from(count).ok().filter(|count| (1..=1000).contains(count))?;
    Some(Redrive { dead_letter_queue, max_receive_count })
}
