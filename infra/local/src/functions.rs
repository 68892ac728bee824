//! The functions of the deployment, in this process, invoked with what Lambda would hand them.
//!
//! One rule: an invocation has its own request id and its function's time, as on Lambda; that time is the machine's.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use axum::Router;
use lambda_http::Adapter;
use lambda_runtime::{Config, Context as LambdaContext, LambdaEvent};
use serde_json::Value;
use shared::ops::{Clock, SystemClock, SystemRandom, random};
use tower::Service;

use crate::cloud::arn;

/// The longest that Lambda lets any function run.
const LONGEST: Duration = Duration::from_secs(900);

type Answer = Pin<Box<dyn Future<Output = anyhow::Result<Value>> + Send>>;
type Handler = Arc<dyn Fn(Value, LambdaContext) -> Answer + Send + Sync>;

/// Every function by its crate's name.
#[derive(Default)]
pub struct Functions {
    handlers: BTreeMap<&'static str, Handler>,
    timeouts: BTreeMap<String, Duration>,
    random: SystemRandom,
    running: AtomicUsize,
}

impl Functions {
    /// Mounts a function that answers HTTP: the same conversion as in Lambda, by `lambda_http` itself.
    pub fn web(&mut self, name: &'static str, router: Router) {
        let handler = move |event: Value, context: LambdaContext| -> Answer {
            let request = match serde_json::from_value(event).context("not an event that lambda_http reads") {
                Ok(request) => request,
                Err(error) => return Box::pin(std::future::ready(Err(error))),
            };
            // A router is always ready.
            let answer = Adapter::from(router.clone()).call(LambdaEvent::new(request, context));
            Box::pin(async move { Ok(serde_json::to_value(answer.await.map_err(|never| match never {})?)?) })
        };
        self.handlers.insert(name, Arc::new(handler));
    }

    /// Mounts a function that takes events: its handler as `lambda_runtime` would call it.
    pub fn event<S, F, R>(&mut self, name: &'static str, state: S, handler: F)
    where
        S: Clone + Send + Sync + 'static,
        F: Fn(S, LambdaEvent<Value>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, lambda_runtime::Error>> + Send + 'static,
    {
        let handler = move |event: Value, context: LambdaContext| -> Answer {
            let answer = handler(state.clone(), LambdaEvent::new(event, context));
            Box::pin(async move { answer.await.map_err(|error| anyhow::anyhow!("{error}")) })
        };
        self.handlers.insert(name, Arc::new(handler));
    }

    /// Ends what runs longer than its function may. Who is not named may run for as long as it takes.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: impl IntoIterator<Item = (String, Duration)>) -> Self {
        self.timeouts.extend(timeouts);
        self
    }

    /// Invokes `name`. A panic is an error of that invocation, as in Lambda, and so is running out of time.
    pub async fn invoke(&self, name: &str, event: Value) -> anyhow::Result<Value> {
        let handler =
            self.handlers.get(name).with_context(|| format!("no function named {name} is mounted"))?;
        let timeout = self.timeouts.get(name).copied();
        let context = self.context(name, timeout.unwrap_or(LONGEST));
        let request_id = context.request_id.clone();
        let answer = std::panic::AssertUnwindSafe(handler(event, context));
        let answer = futures::FutureExt::catch_unwind(answer);
        let _running = Running::one_more(&self.running);
        let answer = match timeout {
            None => answer.await,
            Some(timeout) => tokio::time::timeout(timeout, answer).await.with_context(|| {
                // Lambda's words.
                format!("{request_id} Task timed out after {:.2} seconds", timeout.as_secs_f64())
            })?,
        };
        answer.unwrap_or_else(|_| Err(anyhow::anyhow!("{name} panicked")))
    }

    /// What Lambda tells a function of one invocation.
    fn context(&self, name: &str, timeout: Duration) -> LambdaContext {
        let deadline = SystemClock.now().as_duration().unsigned_abs() + timeout;
        let mut context = LambdaContext::default();
        context.request_id = random::uuid(&self.random).to_string();
        context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        context.invoked_function_arn = arn("lambda", &format!("function:{name}"));
        context.env_config = Arc::new(Config { function_name: name.to_owned(), ..Config::default() });
        context
    }

    /// Invocations under way.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// The mounted functions' names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }
}

/// Counts an invocation for as long as it is held: one whose caller went away is over too.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn one_more(running: &'a AtomicUsize) -> Self {
        running.fetch_add(1, Ordering::SeqCst);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn every_invocation_has_its_own_id_and_its_functions_time() {
        let mut functions = Functions::default();
        functions.event("echo", (), |(), event: LambdaEvent<Value>| async move {
            let context = event.context;
            Ok(json!({
                "id": context.request_id,
                "deadline": context.deadline,
                "name": context.env_config.function_name,
            }))
        });
        let functions = functions.with_timeouts([("echo".to_owned(), Duration::from_secs(28))]);
        let now = SystemClock.now().as_millisecond();
        let one = functions.invoke("echo", Value::Null).await.unwrap();
        let other = functions.invoke("echo", Value::Null).await.unwrap();
        assert_eq!(one["name"], "echo");
        assert_eq!(one["id"].as_str().map(str::len), Some(36));
        assert_ne!(one["id"], other["id"]);
        let left = one["deadline"].as_i64().unwrap() - now;
        assert!((28_000..88_000).contains(&left), "{left} ms");
    }

    #[tokio::test]
    async fn who_runs_out_of_time_ends_with_an_error() {
        let mut functions = Functions::default();
        functions.event("slow", (), |(), _| std::future::pending());
        let functions = functions.with_timeouts([("slow".to_owned(), Duration::from_millis(20))]);
        let error = functions.invoke("slow", Value::Null).await.unwrap_err();
        assert!(error.to_string().ends_with("Task timed out after 0.02 seconds"), "{error}");
        assert_eq!(functions.running(), 0);
    }

    #[tokio::test]
    async fn who_is_no_longer_waited_for_does_not_run() {
        let mut functions = Functions::default();
        functions.event("slow", (), |(), _| std::future::pending());
        let waited = tokio::time::timeout(Duration::from_millis(20), functions.invoke("slow", Value::Null));
        assert!(waited.await.is_err());
        assert_eq!(functions.running(), 0);
    }
}
