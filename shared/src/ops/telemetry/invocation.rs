//! The one event of an invocation that is no request: a schedule's, a queue's, the deploying team's.
//!
//! One rule: what `http::observe` says too has the same name here, and a reason quotes nothing that was sent.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
};

use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;

use crate::ops::{Clock, meter};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What an invocation came to: its answer and, from a queue, what became of the messages.
#[derive(Debug)]
pub struct Done {
    answer: Value,
    batch: Option<Batch>,
}

/// What became of a queue's messages.
#[derive(Debug, Default)]
pub struct Batch {
    ids: Vec<String>,
    scans: Vec<String>,
    /// One for each message that comes again.
    reasons: Vec<String>,
}

impl From<Value> for Done {
    fn from(answer: Value) -> Self {
        Self { answer, batch: None }
    }
}

impl Done {
    /// The answer to a queue.
    pub fn batch(answer: Value, batch: Batch) -> Self {
        Self { answer, batch: Some(batch) }
    }
}

impl Batch {
    /// Counts a message: its id, its scan if it could be read, and why it must come again if it must.
    pub fn add(&mut self, id: &str, scan: Option<&str>, failure: Option<&str>) {
        self.ids.push(id.to_owned());
        self.scans.extend(scan.map(ToOwned::to_owned));
        self.reasons.extend(failure.map(ToOwned::to_owned));
    }
}

/// Runs `work`, an invocation of `function`, and says at its end how it went and what it cost.
///
/// The correlation id is the one in the audit records: of messages their ids, else the request's. An invocation that
/// runs out of time says nothing; the platform does.
pub fn invocation<'a, D: Into<Done>>(
    function: &'a str,
    request_id: &'a str,
    clock: &'a dyn Clock,
    work: impl Future<Output = Result<D, Error>> + Send + 'a,
) -> impl Future<Output = Result<Value, Error>> + Send + 'a {
    // On the heap and without its type: it holds all that an invocation works on, and so would every frame above.
    let work = async move { work.await.map(Into::<Done>::into) };
    watched(function, request_id, clock, work.boxed())
}

async fn watched(
    function: &str,
    request_id: &str,
    clock: &dyn Clock,
    work: BoxFuture<'_, Result<Done, Error>>,
) -> Result<Value, Error> {
    let started = clock.now();
    let (ended, cost) = meter::measured(AssertUnwindSafe(work).catch_unwind()).await;
    let duration = clock.now().duration_since(started);
    let (batch, reason) = match &ended {
        Ok(Ok(done)) => {
            let batch = done.batch.as_ref();
            (batch, batch.and_then(|batch| joined(&batch.reasons, "; ")))
        }
        Ok(Err(error)) => (None, Some(words(&**error))),
        Err(_) => (None, Some("it panicked".to_owned())),
    };
    let correlation_id = batch.map_or_else(|| request_id.to_owned(), |batch| batch.ids.join(" "));
    macro_rules! say {
        ($level:ident, $outcome:literal) => {
            tracing::$level!(
                function,
                outcome = $outcome,
                reason,
                request_id,
                correlation_id,
                scan = batch.and_then(|batch| joined(&batch.scans, " ")),
                messages = batch.map(|batch| batch.ids.len()),
                failed = batch.map(|batch| batch.reasons.len()),
                duration_ms = u64::try_from(duration.as_millis()).unwrap_or_default(),
                dynamo.calls = cost.calls,
                dynamo.trips = cost.trips,
                dynamo.rcu = cost.rcu,
                dynamo.wcu = cost.wcu,
                "invocation"
            )
        };
    }
    if reason.is_none() {
        say!(info, "ok");
    } else {
        say!(error, "error");
    }
    match ended {
        Ok(answered) => answered.map(|done| done.answer),
        Err(panic) => resume_unwind(panic),
    }
}

/// All of them, if there are any.
fn joined(words: &[String], by: &str) -> Option<String> {
    (!words.is_empty()).then(|| words.join(by))
}

/// An error in words. Of one about JSON its kind alone: the rest quotes what could not be read.
fn words(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    match error.downcast_ref::<serde_json::Error>() {
        Some(error) => format!("JSON that cannot be read or written: {:?}", error.classify()),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Arc, Mutex,
            atomic::{AtomicI64, Ordering},
        },
    };

    use jiff::Timestamp;
    use serde_json::json;
    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::ops::telemetry::{EVENTS, lines};

    /// Goes on by a quarter of a second at each look.
    #[derive(Default)]
    struct Steps(AtomicI64);

    impl Clock for Steps {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(self.0.fetch_add(250, Ordering::SeqCst)).unwrap()
        }
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged while `work` runs, under the filter and in the form of the functions.
    async fn logged(work: impl Future) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = lines().with_env_filter(EVENTS).with_writer(move || writer.clone()).finish();
        work.with_subscriber(subscriber).await;
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one event of an invocation that runs `work`.
    async fn event<D: Into<Done>>(work: impl Future<Output = Result<D, Error>> + Send) -> Value {
        let clock = Steps::default();
        let invocation = invocation("housekeeping", "r-1", &clock, work);
        let mut events = logged(AssertUnwindSafe(invocation).catch_unwind()).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    #[tokio::test]
    async fn an_end_is_said_once_with_what_it_cost() {
        let event = event(async {
            meter::call().consumed(1.5, 2.0);
            Ok(json!({ "looked": 3 }))
        });
        let event = event.await;
        for (name, want) in [
            ("level", json!("INFO")),
            ("message", json!("invocation")),
            ("function", json!("housekeeping")),
            ("outcome", json!("ok")),
            ("request_id", json!("r-1")),
            ("correlation_id", json!("r-1")),
            ("duration_ms", json!(250)),
            ("dynamo.calls", json!(1)),
            ("dynamo.trips", json!(1)),
            ("dynamo.rcu", json!(1.5)),
            ("dynamo.wcu", json!(2.0)),
        ] {
            assert_eq!(event[name], want, "{name}");
        }
        for absent in ["reason", "scan", "messages", "failed"] {
            assert!(event.get(absent).is_none(), "{absent}");
        }
    }

    #[tokio::test]
    async fn a_batch_is_found_by_its_scan_and_says_why_messages_come_again() {
        let mut batch = Batch::default();
        batch.add("m-1", Some("scan_1"), None);
        batch.add("m-2", Some("scan_2"), Some("the table is throttled"));
        batch.add("m-3", None, None);
        let event = event(std::future::ready(Ok(Done::batch(json!({}), batch)))).await;
        for (name, want) in [
            ("level", json!("ERROR")),
            ("outcome", json!("error")),
            ("reason", json!("the table is throttled")),
            ("correlation_id", json!("m-1 m-2 m-3")),
            ("scan", json!("scan_1 scan_2")),
            ("messages", json!(3)),
            ("failed", json!(1)),
        ] {
            assert_eq!(event[name], want, "{name}");
        }
    }

    #[tokio::test]
    async fn an_error_is_said_without_what_was_sent() {
        let sent = serde_json::from_value::<u32>(json!("ann@acme.example")).unwrap_err();
        assert!(sent.to_string().contains("ann@"), "serde quotes: {sent}");
        let unreadable = event(std::future::ready(Err::<Value, Error>(sent.into()))).await;
        assert_eq!(unreadable["outcome"], "error");
        assert_eq!(unreadable["reason"], "JSON that cannot be read or written: Data");
        let other = event(std::future::ready(Err::<Value, Error>("the table is throttled".into()))).await;
        assert_eq!(other["reason"], "the table is throttled");
    }

    #[tokio::test]
    async fn a_panic_is_said_too() {
        let none = Vec::<Value>::new();
        let event = event(async { Ok(none[0].clone()) }).await;
        assert_eq!((&event["outcome"], &event["reason"]), (&json!("error"), &json!("it panicked")));
    }

    #[tokio::test]
    async fn the_runtimes_own_line_about_an_error_is_left_out() {
        let runtimes = async { tracing::error!(target: "lambda_runtime::layers::panic", "Error {{ .. }}") };
        assert_eq!(logged(runtimes).await, Vec::<Value>::new());
    }
}
