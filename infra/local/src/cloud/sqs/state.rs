//! Queues and messages, and the only changes they know.
//!
//! The one rule: the state changes by [`Entry`] only. What an operation decided is written down before it is applied,
//! and applying the same entries again gives the same state; that is all there is to a restart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Milliseconds since the epoch.
pub(super) type Millis = i64;

#[derive(Default)]
pub(super) struct State {
    pub queues: BTreeMap<String, Queue>,
    pub next: u64,
}

pub(super) struct Queue {
    pub attributes: Attributes,
    pub created: Millis,
    pub messages: BTreeMap<u64, Message>,
}

/// What can be set on a queue, in the units of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub visibility_timeout_s: i64,
    pub delay_s: i64,
    pub wait_s: i64,
    pub retention_s: i64,
    pub max_message_bytes: usize,
    pub redrive: Option<Redrive>,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            visibility_timeout_s: 30,
            delay_s: 0,
            wait_s: 0,
            retention_s: 4 * 86_400,
            max_message_bytes: 1 << 20,
            redrive: None,
        }
    }
}

/// Where a message goes that was received `max_receive_count` times and not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Redrive {
    pub dead_letter_queue: String,
    pub max_receive_count: u32,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Message {
    pub id: String,
    pub body: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, MessageAttribute>,
    pub sent: Millis,
    /// Hidden until then: delayed if never received, in flight otherwise.
    pub visible: Millis,
    #[serde(default)]
    pub received: u32,
    pub first_received: Option<Millis>,
    /// The receipt of the last receive; only that one deletes.
    pub receipt: Option<String>,
}

/// A message attribute as the API spells it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// One change.
#[derive(Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub(super) enum Entry {
    Queue { queue: String, attributes: Attributes, created: Millis },
    QueueDeleted { queue: String },
    Sent { queue: String, seq: u64, message: Message },
    Received { queue: String, seq: u64, receipt: String, at: Millis, visible: Millis },
    Visibility { queue: String, seq: u64, visible: Millis },
    Moved { queue: String, seq: u64, to: String, at: Millis },
    Deleted { queue: String, seq: u64 },
    Purged { queue: String },
}

impl State {
    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Queue { queue, attributes, created } => match self.queues.get_mut(&queue) {
                Some(existing) => existing.attributes = attributes,
                None => {
                    self.queues.insert(queue, Queue { attributes, created, messages: BTreeMap::new() });
                }
            },
            Entry::QueueDeleted { queue } => {
                self.queues.remove(&queue);
            }
            Entry::Sent { queue, seq, message } => {
                self.next = self.next.max(seq + 1);
                if let Some(queue) = self.queues.get_mut(&queue) {
                    queue.messages.insert(seq, message);
                }
            }
            Entry::Received { queue, seq, receipt, at, visible } => {
                if let Some(message) = self.message(&queue, seq) {
                    message.received += 1;
                    message.first_received.get_or_insert(at);
                    message.receipt = Some(receipt);
                    message.visible = visible;
                }
            }
            Entry::Visibility { queue, seq, visible } => {
                if let Some(message) = self.message(&queue, seq) {
                    message.visible = visible;
                }
            }
            Entry::Moved { queue, seq, to, at } => {
                let moved = self.queues.get_mut(&queue).and_then(|queue| queue.messages.remove(&seq));
                if let (Some(mut message), Some(to)) = (moved, self.queues.get_mut(&to)) {
                    message.visible = at;
                    message.receipt = None;
                    to.messages.insert(seq, message);
                }
            }
            Entry::Deleted { queue, seq } => {
                if let Some(queue) = self.queues.get_mut(&queue) {
                    queue.messages.remove(&seq);
                }
            }
            Entry::Purged { queue } => {
                if let Some(queue) = self.queues.get_mut(&queue) {
                    queue.messages.clear();
                }
            }
        }
    }

    /// The shortest list of entries that leads here.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let queues = self.queues.iter().map(|(name, queue)| Entry::Queue {
            queue: name.clone(),
            attributes: queue.attributes.clone(),
            created: queue.created,
        });
        let messages = self.queues.iter().flat_map(|(name, queue)| {
            queue.messages.iter().map(move |(seq, message)| Entry::Sent {
                queue: name.clone(),
                seq: *seq,
                message: message.clone(),
            })
        });
        queues.chain(messages).collect()
    }

    pub(super) fn size(&self) -> usize {
        self.queues.values().map(|queue| 1 + queue.messages.len()).sum()
    }

    fn message(&mut self, queue: &str, seq: u64) -> Option<&mut Message> {
        self.queues.get_mut(queue)?.messages.get_mut(&seq)
    }
}

impl Queue {
    /// Entries that receiving up to `max` messages at `now` makes, and the messages as the receiver gets them.
    pub(super) fn receive(
        &self,
        name: &str,
        max: usize,
        visibility_s: i64,
        now: Millis,
        mut receipt: impl FnMut(u64) -> String,
    ) -> (Vec<Entry>, Vec<Message>) {
        let queue = || name.to_owned();
        let (mut entries, mut messages) = (Vec::new(), Vec::new());
        for (&seq, message) in &self.messages {
            if messages.len() == max {
                break;
            }
            if message.sent.saturating_add(self.attributes.retention_s * 1000) < now {
                entries.push(Entry::Deleted { queue: queue(), seq });
                continue;
            }
            if message.visible > now {
                continue;
            }
            if let Some(redrive) = &self.attributes.redrive
                && message.received >= redrive.max_receive_count
            {
                entries.push(Entry::Moved {
                    queue: queue(),
                    seq,
                    to: redrive.dead_letter_queue.clone(),
                    at: now,
                });
                continue;
            }
            let receipt = receipt(seq);
            let visible = now + visibility_s * 1000;
            messages.push(Message {
                received: message.received + 1,
                first_received: message.first_received.or(Some(now)),
                receipt: Some(receipt.clone()),
                visible,
                ..message.clone()
            });
            entries.push(Entry::Received { queue: queue(), seq, receipt, at: now, visible });
        }
        (entries, messages)
    }
}

impl MessageAttribute {
    /// What it counts towards the size of its message.
    pub(super) fn len(&self) -> usize {
        let value = self.string_value.as_ref().map_or(0, String::len)
            + self.binary_value.as_ref().map_or(0, String::len);
        self.data_type.len() + value
    }

    /// A type of `String`, `Number` or `Binary`, perhaps with a label of its own, and a value that fits.
    pub(super) fn is_valid(&self) -> bool {
        let value = match self.data_type.split('.').next() {
            Some("String" | "Number") => &self.string_value,
            Some("Binary") => &self.binary_value,
            _ => &None,
        };
        value.as_ref().is_some_and(|value| !value.is_empty())
    }
}
