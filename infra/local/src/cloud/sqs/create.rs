//! Queues from a plain description, through the real SDK.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::create_queue::CreateQueueError;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::cloud::{Cloud, arn};

/// A queue as the template describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    pub name: String,
    pub visibility_timeout: Duration,
    /// The dead-letter queue, created before, and how often a message is received before it goes there.
    pub dead_letter: Option<(String, u32)>,
}

impl Cloud {
    /// Creates the queue, or gives the one that is there these attributes; answers its URL. Messages stay.
    pub async fn create_queue(&self, spec: &QueueSpec) -> anyhow::Result<String> {
        let client = Client::new(&self.sdk_config());
        let redrive = spec.dead_letter.as_ref().map(|(queue, max_receive_count)| {
            json!({ "deadLetterTargetArn": arn("sqs", queue), "maxReceiveCount": max_receive_count })
                .to_string()
        });
        let attributes = [
            (QueueAttributeName::VisibilityTimeout, spec.visibility_timeout.as_secs().to_string()),
            // An empty policy takes a former one away.
            (QueueAttributeName::RedrivePolicy, redrive.unwrap_or_default()),
        ];
        let create =
            client.create_queue().queue_name(&spec.name).set_attributes(Some(attributes.clone().into()));
        let url = match create.send().await {
            Ok(created) => created.queue_url,
            Err(error) if error.as_service_error().is_some_and(CreateQueueError::is_queue_name_exists) => {
                let url = client.get_queue_url().queue_name(&spec.name).send().await?.queue_url;
                let set = client.set_queue_attributes().set_queue_url(url.clone());
                set.set_attributes(Some(attributes.into())).send().await?;
                url
            }
            Err(error) => return Err(error).with_context(|| format!("creating queue {}", spec.name)),
        };
        url.context("the answer has no queue URL")
    }
}
