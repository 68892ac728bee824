//! SQS: standard queues with delay, visibility timeout, redelivery and dead-letter queues, and the poller that hands
//! their messages to a function.
//!
//! The one rule: a change is in the `journal` before it is answered, and every time comes from the stack's clock.
//!
//! | file | holds |
//! |---|---|
//! | `state` | queues, messages, and the changes they know |
//! | `journal` | those changes on disk |
//! | `operations`, `request`, `answer` | the JSON protocol |
//! | `create` | queues from a plain description |
//! | `source` | event source mappings: from queue to function |
//!
//! FIFO queues are refused: the product has none.

mod answer;
mod create;
mod journal;
mod operations;
mod request;
mod source;
mod state;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Surroundings;
use super::api::ApiError;
use journal::Journal;
use state::{Entry, Message, Millis, Queue, State};

pub use create::QueueSpec;
pub use source::{EventSource, Listener};

/// How often a waiting receiver looks at the stack's clock, which may have been moved meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The queues.
pub struct Sqs {
    inner: Mutex<Inner>,
    /// Wakes who waits for messages, or for their end.
    changed: Notify,
    url: OnceLock<String>,
    surroundings: Surroundings,
}

struct Inner {
    state: State,
    journal: Option<Journal>,
}

/// How many messages a queue holds, at the stack's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ready to be received.
    pub visible: usize,
    /// Received, not deleted, hidden until their visibility timeout ends.
    pub in_flight: usize,
    /// Sent with a delay that has not passed.
    pub delayed: usize,
}

/// A message as it lies in its queue.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    pub message_id: String,
    pub body: String,
    pub receive_count: u32,
}

impl Sqs {
    pub(super) fn open(data: Option<&Path>, surroundings: Surroundings) -> anyhow::Result<Self> {
        let (journal, state) = match data {
            Some(data) => {
                let (journal, state) = Journal::open(&data.join("sqs"))?;
                (Some(journal), state)
            }
            None => (None, State::default()),
        };
        Ok(Self {
            inner: Mutex::new(Inner { state, journal }),
            changed: Notify::new(),
            url: OnceLock::new(),
            surroundings,
        })
    }

    /// Says under which URL the queues are answered; queue URLs begin with it.
    pub(super) fn serve_under(&self, url: &str) {
        self.url.get_or_init(|| url.to_owned());
    }

    /// How many messages `queue` holds; none if there is no such queue.
    pub fn counts(&self, queue: &str) -> Counts {
        self.lock().state.queues.get(queue).map(|queue| counts(queue, self.now())).unwrap_or_default()
    }

    /// Every message of `queue`, oldest first, whoever holds it.
    pub fn contents(&self, queue: &str) -> Vec<Stored> {
        let inner = self.lock();
        let messages = inner.state.queues.get(queue).into_iter().flat_map(|queue| queue.messages.values());
        let stored = messages.map(|message| Stored {
            message_id: message.id.clone(),
            body: message.body.clone(),
            receive_count: message.received,
        });
        stored.collect()
    }

    /// Waits until `queue` holds nothing: nothing visible, delayed or in flight. A message in the dead-letter queue has
    /// left this one.
    pub async fn drained(&self, queue: &str) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.counts(queue) == Counts::default() {
                return;
            }
            changed.await;
        }
    }

    /// Receives up to `max` messages, waiting up to `wait` of real time for the first.
    async fn receive(
        &self,
        queue: &str,
        max: usize,
        visibility_s: Option<i64>,
        wait: Duration,
    ) -> Result<Vec<Message>, ApiError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let messages = self.receive_now(queue, max, visibility_s)?;
            if !messages.is_empty() || tokio::time::Instant::now() >= deadline {
                return Ok(messages);
            }
            let look = (tokio::time::Instant::now() + LOOK_EVERY).min(deadline);
            let _ = tokio::time::timeout_at(look, changed).await;
        }
    }

    fn receive_now(
        &self,
        name: &str,
        max: usize,
        visibility_s: Option<i64>,
    ) -> Result<Vec<Message>, ApiError> {
        let now = self.now();
        let random = &*self.surroundings.random;
        let mut inner = self.lock();
        let queue = inner.queue(name)?;
        let visibility_s = visibility_s.unwrap_or(queue.attributes.visibility_timeout_s);
        let receipt = |seq| format!("{seq}.{}", shared::ops::random::secret_256(random));
        let (entries, messages) = queue.receive(name, max, visibility_s, now, receipt);
        self.commit(&mut inner, entries)?;
        Ok(messages)
    }

    /// Deletes by receipt; an old receipt deletes nothing, and that is no error.
    fn delete(&self, queue: &str, receipt: &str) -> Result<(), ApiError> {
        let mut inner = self.lock();
        let entry =
            inner.held(queue, receipt)?.map(|(seq, _)| Entry::Deleted { queue: queue.to_owned(), seq });
        self.commit(&mut inner, entry.into_iter().collect())
    }

    /// Writes the entries down, then makes them true, then tells who waits.
    fn commit(&self, inner: &mut Inner, entries: Vec<Entry>) -> Result<(), ApiError> {
        if entries.is_empty() {
            return Ok(());
        }
        if let Some(journal) = &mut inner.journal {
            journal.append(&entries)?;
        }
        for entry in entries {
            inner.state.apply(entry);
        }
        if let Some(journal) = &mut inner.journal {
            // The change is made and written; a longer journal than needed is no reason to deny it.
            if let Err(error) = journal.compact(&inner.state) {
                tracing::warn!(%error, "the journal could not be rewritten");
            }
        }
        self.changed.notify_waiters();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Millis {
        (self.surroundings.now)().as_millisecond()
    }
}

impl Inner {
    fn queue(&self, name: &str) -> Result<&Queue, ApiError> {
        self.state.queues.get(name).ok_or_else(|| ApiError {
            query_code: Some("AWS.SimpleQueueService.NonExistentQueue"),
            ..ApiError::new("QueueDoesNotExist", "The specified queue does not exist.")
        })
    }

    /// The message whose last receipt this is.
    fn held(&self, queue: &str, receipt: &str) -> Result<Option<(u64, &Message)>, ApiError> {
        let queue = self.queue(queue)?;
        let seq = receipt.split_once('.').and_then(|(seq, _)| seq.parse().ok()).ok_or_else(|| {
            let message = format!("The input receipt handle \"{receipt}\" is not a valid receipt handle.");
            ApiError {
                query_code: Some("ReceiptHandleIsInvalid"),
                ..ApiError::new("ReceiptHandleIsInvalid", message)
            }
        })?;
        let message = queue.messages.get(&seq).filter(|message| message.receipt.as_deref() == Some(receipt));
        Ok(message.map(|message| (seq, message)))
    }
}

fn counts(queue: &Queue, now: Millis) -> Counts {
    let mut counts = Counts::default();
    for message in queue.messages.values() {
        if message.visible <= now {
            counts.visible += 1;
        } else if message.receipt.is_some() {
            counts.in_flight += 1;
        } else {
            counts.delayed += 1;
        }
    }
    counts
}
