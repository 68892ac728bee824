//! The functions of the deployment, in this process, invoked with what Lambda would hand them.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Context;
use axum::Router;
use lambda_http::Adapter;
use lambda_runtime::{Context as LambdaContext, LambdaEvent};
use serde_json::Value;
use tower::Service;

type Answer = Pin<Box<dyn Future<Output = anyhow::Result<Value>> + Send>>;
type Handler = Arc<dyn Fn(Value) -> Answer + Send + Sync>;

/// Every function by its crate's name.
#[derive(Default)]
pub struct Functions {
    handlers: BTreeMap<&'static str, Handler>,
    running: AtomicUsize,
}

impl Functions {
    /// Mounts a function that answers HTTP: the same conversion as in Lambda, by `lambda_http` itself.
    pub fn web(&mut self, name: &'static str, router: Router) {
        let handler = move |event: Value| -> Answer {
            let request = match serde_json::from_value(event).context("not an event that lambda_http reads") {
                Ok(request) => request,
                Err(error) => return Box::pin(std::future::ready(Err(error))),
            };
            // A router is always ready.
            let answer =
                Adapter::from(router.clone()).call(LambdaEvent::new(request, LambdaContext::default()));
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
        let handler = move |event: Value| -> Answer {
            let answer = handler(state.clone(), LambdaEvent::new(event, LambdaContext::default()));
            Box::pin(async move { answer.await.map_err(|error| anyhow::anyhow!("{error}")) })
        };
        self.handlers.insert(name, Arc::new(handler));
    }

    /// Invokes `name`. A panic is an error of that invocation, as in Lambda.
    pub async fn invoke(&self, name: &str, event: Value) -> anyhow::Result<Value> {
        let handler =
            self.handlers.get(name).with_context(|| format!("no function named {name} is mounted"))?;
        let answer = std::panic::AssertUnwindSafe(handler(event));
        self.running.fetch_add(1, Ordering::SeqCst);
        let answer = futures::FutureExt::catch_unwind(answer).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        answer.unwrap_or_else(|_| Err(anyhow::anyhow!("{name} panicked")))
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
