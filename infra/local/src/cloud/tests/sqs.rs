use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::receive_message::ReceiveMessageOutput;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry, SendMessageBatchResultEntry,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::ops::clock::OffsetClock;

use super::{seconds, stack};
use crate::cloud::sqs::{Counts, EventSource, QueueSpec};
use crate::cloud::{Cloud, CloudOptions};

struct Queue {
    cloud: Cloud,
    clock: Arc<OffsetClock>,
    client: Client,
    url: String,
}

/// `jobs`, hidden for 60 s after a receive, and `dead` for what was received three times.
async fn queue(data: Option<&Path>) -> Queue {
    let (cloud, clock) = stack(data).await;
    let client = Client::new(&cloud.sdk_config());
    let dead = client.create_queue().queue_name("dead").send().await.unwrap().queue_url.unwrap();
    let attributes =
        client.get_queue_attributes().queue_url(dead).attribute_names(QueueAttributeName::QueueArn);
    let arn = attributes.send().await.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
    let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 3 }).to_string();
    let url = client
        .create_queue()
        .queue_name("jobs")
        .attributes(QueueAttributeName::VisibilityTimeout, "60")
        .attributes(QueueAttributeName::RedrivePolicy, redrive)
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    Queue { cloud, clock, client, url }
}

impl Queue {
    async fn send(&self, body: &str) {
        self.client.send_message().queue_url(&self.url).message_body(body).send().await.unwrap();
    }

    async fn receive(&self) -> ReceiveMessageOutput {
        let request = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        request.message_system_attribute_names(MessageSystemAttributeName::All).send().await.unwrap()
    }

    fn counts(&self) -> (usize, usize, usize) {
        let Counts { visible, in_flight, delayed } = self.cloud.sqs().counts("jobs");
        (visible, in_flight, delayed)
    }
}

fn source(report_batch_item_failures: bool) -> EventSource {
    EventSource {
        queue: "jobs".into(),
        batch_size: 10,
        visibility_timeout: None,
        report_batch_item_failures,
        max_concurrency: 2,
    }
}

#[tokio::test]
async fn a_message_is_delayed_hidden_and_comes_back_by_the_stacks_clock() {
    let q = queue(None).await;
    q.client.send_message().queue_url(&q.url).message_body("later").delay_seconds(900).send().await.unwrap();
    assert!(q.receive().await.messages().is_empty());
    assert_eq!(q.counts(), (0, 0, 1));
    q.clock.advance(seconds(901));
    let first = q.receive().await;
    assert_eq!(first.messages()[0].body(), Some("later"));
    assert!(q.receive().await.messages().is_empty());
    assert_eq!(q.counts(), (0, 1, 0));

    q.clock.advance(seconds(61));
    let second = q.receive().await;
    let count =
        &second.messages()[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "2");
    // The first receipt is stale: it deletes nothing.
    let delete = |message: &ReceiveMessageOutput| {
        let receipt = message.messages()[0].receipt_handle().unwrap();
        q.client.delete_message().queue_url(&q.url).receipt_handle(receipt).send()
    };
    delete(&first).await.unwrap();
    assert_eq!(q.counts(), (0, 1, 0));
    delete(&second).await.unwrap();
    assert_eq!(q.counts(), (0, 0, 0));
    let garbage =
        q.client.delete_message().queue_url(&q.url).receipt_handle("garbage").send().await.unwrap_err();
    assert_eq!(garbage.code(), Some("ReceiptHandleIsInvalid"));
}

#[tokio::test]
async fn visibility_can_be_given_back_or_extended_while_in_flight() {
    let q = queue(None).await;
    q.send("work").await;
    let message = q.receive().await;
    let receipt = message.messages()[0].receipt_handle().unwrap();
    let change = |seconds: i32| {
        let change = q.client.change_message_visibility().queue_url(&q.url).receipt_handle(receipt);
        change.visibility_timeout(seconds).send()
    };
    change(600).await.unwrap();
    q.clock.advance(seconds(61));
    assert_eq!(q.counts(), (0, 1, 0));
    change(0).await.unwrap();
    assert_eq!(q.counts(), (1, 0, 0));
    assert!(change(5).await.unwrap_err().as_service_error().unwrap().is_message_not_inflight());
}

#[tokio::test]
async fn after_three_receives_a_message_is_dead() {
    let q = queue(None).await;
    q.send("poison").await;
    for _ in 0..3 {
        assert_eq!(q.receive().await.messages().len(), 1);
        q.clock.advance(seconds(61));
    }
    assert!(q.receive().await.messages().is_empty());
    assert_eq!(q.counts(), (0, 0, 0));
    let dead = q.cloud.sqs().contents("dead");
    assert_eq!((dead.len(), dead[0].body.as_str(), dead[0].receive_count), (1, "poison", 3));
}

#[tokio::test]
async fn attributes_and_digests_go_with_a_message() {
    let q = queue(None).await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("t1").build().unwrap();
    let blob =
        MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new([1, 2])).build().unwrap();
    let sent = q.client.send_message().queue_url(&q.url).message_body("This is a test message");
    let sent = sent
        .message_attributes("tenant", text.clone())
        .message_attributes("blob", blob)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("fafb00f5732ab283681e124bf8747ed1"));
    let receive = q.client.receive_message().queue_url(&q.url).message_attribute_names("ten.*");
    let received = receive.send().await.unwrap();
    let attributes = received.messages()[0].message_attributes().unwrap();
    assert_eq!(attributes.iter().collect::<Vec<_>>(), [(&"tenant".to_owned(), &text)]);
    assert_ne!(received.messages()[0].md5_of_message_attributes(), sent.md5_of_message_attributes());
}

#[tokio::test]
async fn a_batch_tells_each_entrys_fate() {
    let q = queue(None).await;
    let entry = |id: &str, body: &str, delay: i32| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(body);
        entry.delay_seconds(delay).build().unwrap()
    };
    let send = |entries| q.client.send_message_batch().queue_url(&q.url).set_entries(Some(entries)).send();
    let sent =
        send(vec![entry("a", "one", 0), entry("b", "two", 901), entry("c", "three", 0)]).await.unwrap();
    assert_eq!(sent.successful().iter().map(SendMessageBatchResultEntry::id).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!((sent.failed()[0].id(), sent.failed()[0].code()), ("b", "InvalidParameterValue"));
    let refused = [
        (vec![], "AWS.SimpleQueueService.EmptyBatchRequest"),
        (vec![entry("a", "x", 0), entry("a", "y", 0)], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
        (
            (0..11).map(|n| entry(&n.to_string(), "x", 0)).collect(),
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        ),
    ];
    for (entries, code) in refused {
        assert_eq!(send(entries).await.unwrap_err().code(), Some(code));
    }

    let received = q.receive().await;
    let entries = received.messages().iter().enumerate().map(|(n, message)| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(n.to_string());
        entry.receipt_handle(message.receipt_handle().unwrap()).build().unwrap()
    });
    let delete = q.client.delete_message_batch().queue_url(&q.url).set_entries(Some(entries.collect()));
    assert_eq!(delete.send().await.unwrap().successful().len(), 2);
    assert_eq!(q.counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_long_poll_ends_when_a_message_comes() {
    let q = queue(None).await;
    let poll = q.client.receive_message().queue_url(&q.url).wait_time_seconds(20).send();
    let send = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        q.send("now").await;
    };
    let (received, ()) =
        tokio::time::timeout(Duration::from_secs(5), futures::future::join(poll, send)).await.unwrap();
    assert_eq!(received.unwrap().messages().len(), 1);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused_in_its_words() {
    let q = queue(None).await;
    let missing = q.client.get_queue_url().queue_name("none").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_queue_does_not_exist());
    let other = q.client.create_queue().queue_name("jobs").send().await.unwrap_err();
    assert!(other.as_service_error().unwrap().is_queue_name_exists());
    let nul = q.client.send_message().queue_url(&q.url).message_body("\u{0}").send().await.unwrap_err();
    assert!(nul.as_service_error().unwrap().is_invalid_message_contents());
    let large = q.client.send_message().queue_url(&q.url).message_body("x".repeat((1 << 20) + 1));
    assert_eq!(large.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    q.send("gone").await;
    q.client.purge_queue().queue_url(&q.url).send().await.unwrap();
    assert_eq!(q.counts(), (0, 0, 0));
}

#[tokio::test]
async fn an_answered_send_survives_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let q = queue(Some(folder.path())).await;
    q.send("first").await;
    q.send("second").await;
    let held = q.receive().await;
    let receipt = held.messages()[0].receipt_handle().unwrap().to_owned();
    // As a kill leaves it: copied while the stack runs, with half a line that was never answered.
    let after = tempfile::tempdir().unwrap();
    std::fs::create_dir(after.path().join("sqs")).unwrap();
    let journal = after.path().join("sqs/journal.jsonl");
    std::fs::copy(folder.path().join("sqs/journal.jsonl"), &journal).unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(&journal).unwrap();
    file.write_all(b"{\"e\":\"sent\",\"queue\":\"jo").unwrap();

    let again = queue(Some(after.path())).await;
    assert_eq!(again.counts(), (0, 2, 0), "still hidden from others");
    again.client.delete_message().queue_url(&again.url).receipt_handle(receipt).send().await.unwrap();
    assert_eq!(again.counts(), (0, 1, 0));
    again.clock.advance(seconds(61));
    assert_eq!(again.receive().await.messages()[0].body(), Some("second"));
    let second =
        CloudOptions { data: Some(after.path().into()), now: Arc::new(|| Timestamp::UNIX_EPOCH), seed: None };
    let Err(error) = Cloud::start(second.clone()).await else { panic!("two stacks on one folder") };
    assert!(error.to_string().contains("another local stack"), "{error}");
    again.cloud.shutdown().await;

    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("\"e\"", "\"x\"", 1)).unwrap();
    let Err(error) = Cloud::start(second).await else { panic!("started over a damaged journal") };
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test]
async fn a_function_gets_lambdas_payload_and_what_it_reports_comes_back() {
    let q = queue(None).await;
    for body in ["good", "bad", "fine"] {
        let tenant = MessageAttributeValue::builder().data_type("String").string_value("t1").build().unwrap();
        let send = q.client.send_message().queue_url(&q.url).message_body(body);
        send.message_attributes("tenant", tenant).send().await.unwrap();
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let listener = q.cloud.sqs().listen(source(true), move |payload: Value| {
        let log = Arc::clone(&log);
        async move {
            let event: SqsEvent = serde_json::from_value(payload).map_err(|error| error.to_string())?;
            let mut failed = Vec::new();
            for record in event.records {
                assert_eq!(record.event_source.as_deref(), Some("aws:sqs"));
                assert_eq!(record.message_attributes["tenant"].string_value.as_deref(), Some("t1"));
                let count = record.attributes["ApproximateReceiveCount"].clone();
                let body = record.body.unwrap_or_default();
                if body == "bad" {
                    failed.push(json!({ "itemIdentifier": record.message_id }));
                }
                log.lock().unwrap().push((body, count));
            }
            Ok(json!({ "batchItemFailures": failed }))
        }
    });
    let drained_to = |counts: (usize, usize, usize)| {
        let q = &q;
        async move {
            let wait = async {
                while q.counts() != counts {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap();
        }
    };
    drained_to((0, 1, 0)).await;
    q.clock.advance(seconds(61));
    for count in ["2", "3"] {
        let again = async {
            while !seen.lock().unwrap().contains(&("bad".to_owned(), count.to_owned())) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), again).await.unwrap();
        q.clock.advance(seconds(61));
    }
    tokio::time::timeout(Duration::from_secs(5), q.cloud.sqs().drained("jobs")).await.unwrap();
    listener.stop().await;
    assert_eq!(q.cloud.sqs().contents("dead")[0].body, "bad");
    let tries = seen.lock().unwrap().iter().fold(BTreeMap::<_, usize>::new(), |mut tries, (body, _)| {
        *tries.entry(body.clone()).or_default() += 1;
        tries
    });
    assert_eq!(
        tries,
        BTreeMap::from([("good".to_owned(), 1), ("fine".to_owned(), 1), ("bad".to_owned(), 3)])
    );
}

#[tokio::test]
async fn a_failed_or_panicking_invocation_deletes_nothing_and_stopping_waits() {
    let q = queue(None).await;
    q.send("one").await;
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let listener = q.cloud.sqs().listen(source(false), move |_| {
        let call = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            match call {
                0 => Err("timeout".to_owned()),
                1 => panic!("a bug in the function"),
                _ => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    Ok(Value::Null)
                }
            }
        }
    });
    for call in 1..=3 {
        let wait = async {
            while calls.load(std::sync::atomic::Ordering::SeqCst) < call {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), wait).await.unwrap();
        if call < 3 {
            assert_eq!(q.counts(), (0, 1, 0));
            q.clock.advance(seconds(61));
        }
    }
    listener.stop().await;
    assert_eq!(q.counts(), (0, 0, 0), "the third invocation was waited for, and its message deleted");
}

#[tokio::test]
async fn a_queue_follows_its_description_when_that_changes() {
    let q = queue(None).await;
    let spec =
        QueueSpec { name: "jobs".into(), visibility_timeout: Duration::from_secs(10), dead_letter: None };
    q.cloud.create_queue(&spec).await.unwrap();
    assert_eq!(q.cloud.create_queue(&spec).await.unwrap(), q.url);
    q.send("kept").await;
    for _ in 0..4 {
        assert_eq!(q.receive().await.messages().len(), 1, "never dead: the redrive policy is gone");
        q.clock.advance(seconds(11));
    }
    let spec = QueueSpec { dead_letter: Some(("none".into(), 3)), ..spec };
    assert!(q.cloud.create_queue(&spec).await.is_err(), "a dead-letter queue comes first");
}
