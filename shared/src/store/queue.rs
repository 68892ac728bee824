//! SQS: one message is one bounded step of work. A wait is the next message's delay.

use aws_sdk_sqs::Client;
use serde::Serialize;

use super::service_error::ServiceError;

/// SQS delays a message at most this long.
pub const MAX_DELAY_SECONDS: i32 = 900;

/// A queue of work.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    pub(super) fn new(client: Client, url: &str) -> Self {
        Self { client, url: url.to_owned() }
    }

    /// Sends `message`, to be received no earlier than `delay_seconds` from now (at most 900).
    pub async fn send(&self, message: &impl Serialize, delay_seconds: i32) -> Result<(), ServiceError> {
        let body = serde_json::to_string(message)
            .map_err(|_| ServiceError::Unavailable { service: "SQS", code: "not JSON".to_owned() })?;
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        let send = send.delay_seconds(delay_seconds.clamp(0, MAX_DELAY_SECONDS)).send().await;
        send.map(drop).map_err(|error| ServiceError::of("SQS", &error))
    }
}
