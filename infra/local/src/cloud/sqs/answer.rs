//! What the operations answer: messages, digests, attributes.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use s3s::crypto::{Checksum, Md5};
use serde_json::{Map, Value, json};

use super::state::{Message, MessageAttribute, Millis, Queue};
use super::{Counts, counts};
use crate::cloud::{ACCOUNT, arn};

/// The message as a receiver sees it, with the attributes it asked for.
pub(super) fn message(message: &Message, system: &[String], names: &[String]) -> Value {
    let mut answer = json!({
        "MessageId": message.id, "ReceiptHandle": message.receipt, "MD5OfBody": md5(message.body.as_bytes()),
        "Body": message.body,
    });
    let attributes: Map<String, Value> = system_attributes(message)
        .into_iter()
        .filter(|(name, _)| system.iter().any(|wanted| wanted == "All" || wanted == name))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    if !attributes.is_empty() {
        answer["Attributes"] = attributes.into();
    }
    let chosen: BTreeMap<String, MessageAttribute> = message
        .attributes
        .clone()
        .into_iter()
        .filter(|(name, _)| names.iter().any(|wanted| chosen(wanted, name)))
        .collect();
    if !chosen.is_empty() {
        answer["MD5OfMessageAttributes"] = md5_of_attributes(&chosen).into();
        answer["MessageAttributes"] = json!(chosen);
    }
    answer
}

/// `All`, `.*`, `prefix.*` or a name.
fn chosen(wanted: &str, name: &str) -> bool {
    match wanted {
        "All" | ".*" => true,
        _ => wanted.strip_suffix(".*").map_or(wanted == name, |prefix| name.starts_with(prefix)),
    }
}

pub(super) fn system_attributes(message: &Message) -> [(&'static str, String); 4] {
    [
        ("ApproximateReceiveCount", message.received.to_string()),
        ("SentTimestamp", message.sent.to_string()),
        ("SenderId", ACCOUNT.to_owned()),
        ("ApproximateFirstReceiveTimestamp", message.first_received.unwrap_or(message.sent).to_string()),
    ]
}

pub(super) fn queue_attributes(name: &str, queue: &Queue, now: Millis, wanted: &[String]) -> Value {
    let Counts { visible, in_flight, delayed } = counts(queue, now);
    let set = &queue.attributes;
    let mut all = vec![
        ("QueueArn", arn("sqs", name)),
        ("ApproximateNumberOfMessages", visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ("CreatedTimestamp", (queue.created / 1000).to_string()),
        ("LastModifiedTimestamp", (queue.created / 1000).to_string()),
        ("VisibilityTimeout", set.visibility_timeout_s.to_string()),
        ("DelaySeconds", set.delay_s.to_string()),
        ("ReceiveMessageWaitTimeSeconds", set.wait_s.to_string()),
        ("MessageRetentionPeriod", set.retention_s.to_string()),
        ("MaximumMessageSize", set.max_message_bytes.to_string()),
    ];
    if let Some(redrive) = &set.redrive {
        let policy = json!({
            "deadLetterTargetArn": arn("sqs", &redrive.dead_letter_queue),
            "maxReceiveCount": redrive.max_receive_count,
        });
        all.push(("RedrivePolicy", policy.to_string()));
    }
    let chosen = all.into_iter().filter(|(name, _)| wanted.iter().any(|w| w == "All" || w == name));
    chosen.map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<Map<_, _>>().into()
}

pub(super) fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::checksum(bytes))
}

/// MD5 over name, type and value of each attribute in order of name, each behind its length; SDKs check it
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
pub(super) fn md5_of_attributes(attributes: &BTreeMap<String, MessageAttribute>) -> String {
    let mut bytes = Vec::new();
    let mut put = |part: &[u8], kind: Option<u8>| {
        bytes.extend(kind);
        bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(part);
    };
    for (name, attribute) in attributes {
        put(name.as_bytes(), None);
        put(attribute.data_type.as_bytes(), None);
        match (&attribute.string_value, &attribute.binary_value) {
            (Some(text), _) => put(text.as_bytes(), Some(1)),
            (None, Some(base64)) => put(&STANDARD.decode(base64).unwrap_or_default(), Some(2)),
            (None, None) => {}
        }
    }
    md5(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_developer_guide() {
        assert_eq!(md5(b"This is a test message"), "fafb00f5732ab283681e124bf8747ed1");
        let attribute = |data_type: &str, string: Option<&str>, binary: Option<&str>| MessageAttribute {
            data_type: data_type.into(),
            string_value: string.map(Into::into),
            binary_value: binary.map(Into::into),
        };
        let attributes = BTreeMap::from([
            ("timestamp".to_owned(), attribute("Number", Some("1493147359900"), None)),
            ("blob".to_owned(), attribute("Binary", None, Some("AQI="))),
        ]);
        // 4+"blob" 4+"Binary" 2 4+0102, then 4+"timestamp" 4+"Number" 1 4+"1493147359900"
        let bytes = b"\0\0\0\x04blob\0\0\0\x06Binary\x02\0\0\0\x02\x01\x02\0\0\0\x09timestamp\0\0\0\x06Number\x01\0\0\0\x0d1493147359900";
        assert_eq!(md5_of_attributes(&attributes), md5(bytes));
    }
}
