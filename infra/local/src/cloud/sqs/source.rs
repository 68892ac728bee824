//! Event source mappings: what Lambda's poller does between a queue and a function.
//!
//! The one rule: a message is deleted only when the function said, without doubt, that it is done. A failed invocation,
//! an unreadable answer or a reported failure leaves it to come back when its visibility timeout ends
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::state::Message;
use super::{Sqs, answer};
use crate::cloud::{REGION, arn};

const WAIT: Duration = Duration::from_secs(20);
/// Between two tries after a queue could not be read.
const PAUSE: Duration = Duration::from_secs(1);

/// A mapping from a queue to a function, as the template describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// The queue's name.
    pub queue: String,
    /// Most messages per invocation, 1 to 10.
    pub batch_size: usize,
    /// How long a received message stays hidden; `None` takes the queue's.
    pub visibility_timeout: Option<Duration>,
    /// Whether the function's answer names the messages that failed (`ReportBatchItemFailures`).
    pub report_batch_item_failures: bool,
    /// Most invocations at one time (`MaximumConcurrency`).
    pub max_concurrency: usize,
}

/// A running mapping. Dropping it stops polling; [`Listener::stop`] also waits for running invocations.
pub struct Listener {
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Stops polling and returns when no invocation runs any more.
    pub async fn stop(self) {
        self.stop.send_replace(());
        let _ = self.task.await;
    }
}

impl Sqs {
    /// Polls `source.queue` and gives `function` the payload Lambda would (`aws_lambda_events::sqs::SqsEvent`).
    pub fn listen<F, R>(self: &Arc<Self>, source: EventSource, function: F) -> Listener
    where
        F: Fn(Value) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, String>> + Send + 'static,
    {
        let stop = watch::Sender::new(());
        let stopped = stop.subscribe();
        let task = tokio::spawn(poll(Arc::clone(self), source, Arc::new(function), stopped));
        Listener { stop, task }
    }
}

async fn poll<F, R>(sqs: Arc<Sqs>, source: EventSource, function: Arc<F>, mut stopped: watch::Receiver<()>)
where
    F: Fn(Value) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Value, String>> + Send + 'static,
{
    let source = Arc::new(source);
    let slots = Arc::new(Semaphore::new(source.max_concurrency.max(1)));
    let visibility_s =
        source.visibility_timeout.map(|timeout| i64::try_from(timeout.as_secs()).unwrap_or(43_200));
    let mut running = JoinSet::new();
    loop {
        // Ended invocations need no more care; a panic in one was a failed invocation.
        while running.try_join_next().is_some() {}
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, sqs.receive(&source.queue, source.batch_size.clamp(1, 10), visibility_s, WAIT).await)
        };
        let (slot, received) = tokio::select! {
            _ = stopped.changed() => break,
            next = next => next,
        };
        match received {
            Ok(messages) if messages.is_empty() => {}
            Ok(messages) => {
                let (sqs, source, function) = (Arc::clone(&sqs), Arc::clone(&source), Arc::clone(&function));
                running.spawn(async move {
                    invoke(&sqs, &source, &*function, &messages).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(queue = source.queue, %error, "the queue cannot be read");
                tokio::select! { _ = stopped.changed() => break, () = tokio::time::sleep(PAUSE) => {} }
            }
        }
    }
    while running.join_next().await.is_some() {}
}

async fn invoke<F, R>(sqs: &Sqs, source: &EventSource, function: &F, messages: &[Message])
where
    F: Fn(Value) -> R,
    R: Future<Output = Result<Value, String>>,
{
    let failed = match function(event(&source.queue, messages)).await {
        Ok(_) if !source.report_batch_item_failures => Some(BTreeSet::new()),
        Ok(answer) => failures(&answer, messages),
        Err(error) => {
            tracing::warn!(queue = source.queue, error, "an invocation failed");
            None
        }
    };
    let Some(failed) = failed else { return };
    for message in messages.iter().filter(|message| !failed.contains(&message.id)) {
        let receipt = message.receipt.as_deref().unwrap_or_default();
        if let Err(error) = sqs.delete(&source.queue, receipt) {
            tracing::warn!(queue = source.queue, %error, "a finished message was not deleted");
        }
    }
}

/// The ids the function reported; `None` if the answer cannot be read, which fails the whole batch.
fn failures(answer: &Value, messages: &[Message]) -> Option<BTreeSet<String>> {
    let items = match answer {
        Value::Null => return Some(BTreeSet::new()),
        Value::Object(answer) => match answer.get("batchItemFailures") {
            None | Some(Value::Null) => return Some(BTreeSet::new()),
            Some(items) => items.as_array()?,
        },
        _ => return None,
    };
    let id = |item: &Value| {
        let id = item.get("itemIdentifier")?.as_str()?;
        messages.iter().any(|message| message.id == id).then(|| id.to_owned())
    };
    items.iter().map(id).collect()
}

fn event(queue: &str, messages: &[Message]) -> Value {
    let records: Vec<Value> = messages.iter().map(|message| record(queue, message)).collect();
    json!({ "Records": records })
}

fn record(queue: &str, message: &Message) -> Value {
    let system: Map<String, Value> = answer::system_attributes(message)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let attributes: Map<String, Value> = message
        .attributes
        .iter()
        .map(|(name, attribute)| {
            let mut value = json!({
                "stringListValues": [], "binaryListValues": [], "dataType": attribute.data_type,
            });
            if let Some(text) = &attribute.string_value {
                value["stringValue"] = text.clone().into();
            }
            if let Some(base64) = &attribute.binary_value {
                value["binaryValue"] = base64.clone().into();
            }
            (name.clone(), value)
        })
        .collect();
    let mut record = json!({
        "messageId": message.id, "receiptHandle": message.receipt, "body": message.body, "attributes": system,
        "messageAttributes": attributes, "md5OfBody": answer::md5(message.body.as_bytes()),
        "eventSource": "aws:sqs", "eventSourceARN": arn("sqs", queue), "awsRegion": REGION,
    });
    if !message.attributes.is_empty() {
        record["md5OfMessageAttributes"] = answer::md5_of_attributes(&message.attributes).into();
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> Vec<Message> {
        let message = |id: &str| Message {
            id: id.into(),
            body: "{}".into(),
            attributes: [].into(),
            sent: 0,
            visible: 0,
            received: 1,
            first_received: Some(0),
            receipt: Some("0.x".into()),
        };
        vec![message("a"), message("b")]
    }

    #[test]
    fn an_answer_deletes_only_what_it_clears_without_doubt() {
        let failed =
            |answer: Value| failures(&answer, &messages()).map(|ids| ids.into_iter().collect::<Vec<_>>());
        for all_done in
            [json!(null), json!({}), json!({"batchItemFailures": null}), json!({"batchItemFailures": []})]
        {
            assert_eq!(failed(all_done), Some(vec![]));
        }
        assert_eq!(
            failed(json!({"batchItemFailures": [{"itemIdentifier": "b"}]})),
            Some(vec!["b".to_owned()])
        );
        for all_failed in [
            json!("done"),
            json!({"batchItemFailures": "b"}),
            json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
            json!({"batchItemFailures": [{"itemIdentifier": null}]}),
            json!({"batchItemFailures": [{"id": "b"}]}),
            json!({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "unknown"}]}),
        ] {
            assert_eq!(failed(all_failed), None);
        }
    }
}
