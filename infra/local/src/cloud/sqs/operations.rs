//! The operations of the JSON protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::request::{
    Batch, ChangeMessageVisibility, Content, CreateQueue, DeleteMessage, GetQueueAttributes, GetQueueUrl,
    OnQueue, Receipt, ReceiveMessage, SendMessage, SetQueueAttributes, invalid, queue_name, within,
};
use super::state::{Attributes, Entry, Message, Millis};
use super::{Inner, Sqs, answer};
use crate::cloud::ACCOUNT;
use crate::cloud::api::{ApiError, ApiResult, input};

const MAX_BATCH: usize = 10;
const MAX_BATCH_BYTES: usize = 1 << 20;

impl Sqs {
    pub(in crate::cloud) async fn call(&self, operation: &str, body: &Value) -> ApiResult {
        match operation {
            "CreateQueue" => self.create_queue(&input(body)?),
            "DeleteQueue" => self.on_queue(&input(body)?, |queue| Entry::QueueDeleted { queue }),
            "PurgeQueue" => self.on_queue(&input(body)?, |queue| Entry::Purged { queue }),
            "GetQueueUrl" => self.get_queue_url(&input(body)?),
            "ListQueues" => Ok(self.list_queues()),
            "GetQueueAttributes" => self.get_attributes(&input(body)?),
            "SetQueueAttributes" => self.set_attributes(&input(body)?),
            "SendMessage" => self.send_message(input(body)?),
            "SendMessageBatch" => self.send_batch(&input(body)?),
            "ReceiveMessage" => self.receive_message(&input(body)?).await,
            "DeleteMessage" => {
                let request: DeleteMessage = input(body)?;
                self.delete(queue_name(&request.queue_url), &request.receipt_handle)?;
                Ok(json!({}))
            }
            "DeleteMessageBatch" => batch(&input(body)?, |queue, entry| {
                self.delete(queue, &input::<Receipt>(entry)?.receipt_handle)?;
                Ok(json!({}))
            }),
            "ChangeMessageVisibility" => {
                let request: ChangeMessageVisibility = input(body)?;
                let queue = queue_name(&request.queue_url);
                self.change_visibility(queue, &request.receipt_handle, request.visibility_timeout)
            }
            _ => Err(ApiError::unknown(operation)),
        }
    }

    fn create_queue(&self, request: &CreateQueue) -> ApiResult {
        let name = &request.queue_name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 80 || !name.chars().all(allowed) {
            return Err(invalid(
                "a queue name is 1 to 80 letters, digits, - and _; FIFO queues are not known here",
            ));
        }
        let attributes = Attributes::default().with(&request.attributes)?;
        let mut inner = self.lock();
        match inner.state.queues.get(name) {
            Some(existing) if existing.attributes == attributes => {}
            Some(_) => {
                return Err(ApiError {
                    query_code: Some("QueueAlreadyExists"),
                    ..ApiError::new(
                        "QueueNameExists",
                        "A queue already exists with the same name and a different value.",
                    )
                });
            }
            None => {
                inner.check_redrive(&attributes)?;
                let created = self.now();
                self.commit(&mut inner, vec![Entry::Queue { queue: name.clone(), attributes, created }])?;
            }
        }
        Ok(json!({ "QueueUrl": self.queue_url(name) }))
    }

    fn get_queue_url(&self, request: &GetQueueUrl) -> ApiResult {
        self.lock().queue(&request.queue_name)?;
        Ok(json!({ "QueueUrl": self.queue_url(&request.queue_name) }))
    }

    fn list_queues(&self) -> Value {
        let urls: Vec<String> = self.lock().state.queues.keys().map(|name| self.queue_url(name)).collect();
        json!({ "QueueUrls": urls })
    }

    fn get_attributes(&self, request: &GetQueueAttributes) -> ApiResult {
        let name = queue_name(&request.queue_url);
        let inner = self.lock();
        let attributes =
            answer::queue_attributes(name, inner.queue(name)?, self.now(), &request.attribute_names);
        Ok(json!({ "Attributes": attributes }))
    }

    fn set_attributes(&self, request: &SetQueueAttributes) -> ApiResult {
        let queue = queue_name(&request.queue_url).to_owned();
        let mut inner = self.lock();
        let existing = inner.queue(&queue)?;
        let (attributes, created) =
            (existing.attributes.clone().with(&request.attributes)?, existing.created);
        inner.check_redrive(&attributes)?;
        self.commit(&mut inner, vec![Entry::Queue { queue, attributes, created }])?;
        Ok(json!({}))
    }

    fn on_queue(&self, request: &OnQueue, entry: impl FnOnce(String) -> Entry) -> ApiResult {
        let name = queue_name(&request.queue_url);
        let mut inner = self.lock();
        inner.queue(name)?;
        self.commit(&mut inner, vec![entry(name.to_owned())])?;
        Ok(json!({}))
    }

    fn send_message(&self, request: SendMessage) -> ApiResult {
        self.send(queue_name(&request.queue_url), request.content)
    }

    fn send_batch(&self, request: &Batch) -> ApiResult {
        let length = |entry: &Value| entry.get("MessageBody").and_then(Value::as_str).map_or(0, str::len);
        if request.entries.iter().map(length).sum::<usize>() > MAX_BATCH_BYTES {
            let message = format!("Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes.");
            return Err(batch_error("BatchRequestTooLong", message));
        }
        batch(request, |queue, entry| self.send(queue, input(entry)?))
    }

    fn send(&self, queue: &str, content: Content) -> ApiResult {
        let Content { message_body: body, delay_seconds, message_attributes: attributes } = content;
        check_content(&body, &attributes)?;
        let now = self.now();
        let mut inner = self.lock();
        let set = &inner.queue(queue)?.attributes;
        let bytes =
            body.len() + attributes.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if bytes > set.max_message_bytes {
            let most = set.max_message_bytes;
            return Err(invalid(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
            )));
        }
        let delay_s = within("DelaySeconds", delay_seconds.unwrap_or(set.delay_s), 0, 900)?;
        let message = Message {
            id: shared::ops::random::uuid(&*self.surroundings.random).to_string(),
            body,
            attributes,
            sent: now,
            visible: now + delay_s * 1000,
            received: 0,
            first_received: None,
            receipt: None,
        };
        let mut answer =
            json!({ "MessageId": message.id, "MD5OfMessageBody": answer::md5(message.body.as_bytes()) });
        if !message.attributes.is_empty() {
            answer["MD5OfMessageAttributes"] = answer::md5_of_attributes(&message.attributes).into();
        }
        let seq = inner.state.next;
        self.commit(&mut inner, vec![Entry::Sent { queue: queue.to_owned(), seq, message }])?;
        Ok(answer)
    }

    async fn receive_message(&self, request: &ReceiveMessage) -> ApiResult {
        let name = queue_name(&request.queue_url);
        let max = within("MaxNumberOfMessages", request.max_number_of_messages.unwrap_or(1), 1, 10)?;
        let visibility =
            request.visibility_timeout.map(|s| within("VisibilityTimeout", s, 0, 43_200)).transpose()?;
        let default_wait = self.lock().queue(name)?.attributes.wait_s;
        let wait = within("WaitTimeSeconds", request.wait_time_seconds.unwrap_or(default_wait), 0, 20)?;
        let wait = Duration::from_secs(wait.unsigned_abs());
        let messages = self.receive(name, usize::try_from(max).unwrap_or(1), visibility, wait).await?;
        let system = [request.attribute_names.as_slice(), &request.message_system_attribute_names].concat();
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| answer::message(message, &system, &request.message_attribute_names))
            .collect();
        // The service leaves the list out when it is empty.
        Ok(if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) })
    }

    fn change_visibility(&self, queue: &str, receipt: &str, seconds: i64) -> ApiResult {
        let seconds = within("VisibilityTimeout", seconds, 0, 43_200)?;
        let now = self.now();
        let mut inner = self.lock();
        let held = inner.held(queue, receipt)?.filter(|(_, message)| message.visible > now);
        let Some((seq, _)) = held else {
            return Err(ApiError {
                query_code: Some("AWS.SimpleQueueService.MessageNotInflight"),
                ..ApiError::new("MessageNotInflight", "The message referred to isn't in flight.")
            });
        };
        let visible: Millis = now + seconds * 1000;
        self.commit(&mut inner, vec![Entry::Visibility { queue: queue.to_owned(), seq, visible }])?;
        Ok(json!({}))
    }

    fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.url.get().map(String::as_str).unwrap_or_default())
    }
}

impl Inner {
    /// A dead-letter queue must be there before it is named.
    fn check_redrive(&self, attributes: &Attributes) -> Result<(), ApiError> {
        match &attributes.redrive {
            Some(redrive) if !self.state.queues.contains_key(&redrive.dead_letter_queue) => {
                Err(invalid(format!("Dead letter target {} does not exist.", redrive.dead_letter_queue)))
            }
            _ => Ok(()),
        }
    }
}

/// Applies `f` to each entry; one that fails does not stop the others.
fn batch(request: &Batch, mut f: impl FnMut(&str, &Value) -> ApiResult) -> ApiResult {
    if request.entries.is_empty() {
        return Err(batch_error("EmptyBatchRequest", "There should be at least one entry in the request."));
    }
    if request.entries.len() > MAX_BATCH {
        let message = format!("Maximum number of entries per request are {MAX_BATCH}.");
        return Err(batch_error("TooManyEntriesInBatchRequest", message));
    }
    let id = |entry: &Value| entry.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let ids: BTreeSet<String> = request.entries.iter().map(id).collect();
    if ids.len() < request.entries.len() {
        return Err(batch_error("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id."));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if ids.iter().any(|id| id.is_empty() || id.len() > 80 || !id.chars().all(allowed)) {
        return Err(batch_error(
            "InvalidBatchEntryId",
            "A batch entry id is 1 to 80 letters, digits, - and _.",
        ));
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in &request.entries {
        match f(queue_name(&request.queue_url), entry) {
            Ok(mut answer) => {
                answer["Id"] = id(entry).into();
                successful.push(answer);
            }
            // Nothing about one entry: the queue is not there, or the disk is full.
            Err(error) if error.code == "QueueDoesNotExist" || error.status.is_server_error() => {
                return Err(error);
            }
            Err(error) => failed.push(json!({
                "Id": id(entry), "SenderFault": true, "Code": error.query_code.unwrap_or(error.code),
                "Message": error.message,
            })),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn batch_error(code: &'static str, message: impl Into<String>) -> ApiError {
    let query_code = match code {
        "EmptyBatchRequest" => "AWS.SimpleQueueService.EmptyBatchRequest",
        "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "BatchEntryIdsNotDistinct" => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "BatchRequestTooLong" => "AWS.SimpleQueueService.BatchRequestTooLong",
        _ => "AWS.SimpleQueueService.InvalidBatchEntryId",
    };
    ApiError { query_code: Some(query_code), ..ApiError::new(code, message) }
}

/// Text that XML can carry, and attributes of a known type with a value.
fn check_content(
    body: &str,
    attributes: &BTreeMap<String, super::state::MessageAttribute>,
) -> Result<(), ApiError> {
    if body.is_empty() {
        return Err(invalid("The request must contain the parameter MessageBody."));
    }
    let xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if !body.chars().all(xml) {
        let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | \
                       #xE000 to #xFFFD | #x10000 to #x10FFFF";
        return Err(ApiError {
            query_code: Some("InvalidMessageContents"),
            ..ApiError::new("InvalidMessageContents", message)
        });
    }
    if attributes.len() > 10 {
        return Err(invalid("Number of message attributes exceeds the allowed maximum [10]."));
    }
    for (name, attribute) in attributes {
        if !attribute.is_valid() {
            return Err(invalid(format!(
                "The message attribute '{name}' has an invalid type or an empty value."
            )));
        }
    }
    Ok(())
}
