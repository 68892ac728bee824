//! Messages as SQS hands them to a function: each by itself, and those that must come again named in the answer
//! (partial batch responses).

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use serde_json::Value;

use super::ScanMessage;
use crate::ops::telemetry::{Batch, Done};

/// A function that a queue of [`ScanMessage`]s feeds.
pub trait Receiver: Sync {
    /// Does what one message asks for; `id` is the queue's, and the correlation id. An error, in
    /// words that quote nothing of what was sent, brings the message again.
    fn receive(&self, message: &ScanMessage, id: &str) -> impl Future<Output = Result<(), String>> + Send;
}

/// Receives every message of an event. What is no message of ours is said in the log and done with: it would come
/// again for ever.
///
/// # Errors
/// The event is not one of SQS's.
pub async fn receive_all(receiver: &impl Receiver, event: Value) -> Result<Done, serde_json::Error> {
    let event: SqsEvent = serde_json::from_value(event)?;
    let (mut failures, mut batch) = (SqsBatchResponse::default(), Batch::default());
    for record in event.records {
        let id = record.message_id.unwrap_or_default();
        let message = record.body.and_then(|body| serde_json::from_str::<ScanMessage>(&body).ok());
        let Some(message) = message else {
            tracing::error!(correlation_id = id, "not a message of ours");
            batch.add(&id, None, None);
            continue;
        };
        let failure = receiver.receive(&message, &id).await.err();
        batch.add(&id, Some(&message.scan), failure.as_deref());
        if failure.is_some() {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failures.batch_item_failures.push(failure);
        }
    }
    Ok(Done::batch(serde_json::to_value(failures)?, batch))
}
