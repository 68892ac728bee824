//! What is done once the answer is on its way: nobody waits for it, and it is done all the same.
//!
//! One rule: Lambda freezes a function when it asks for the next event, so it asks only after [`After::finish`]
//! (a layer around the whole runtime; the answer has left by then). Elsewhere the tasks just run.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use lambda_http::lambda_runtime::LambdaInvocation;
use tokio::task::JoinSet;
use tower::{Layer, Service};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Work that no answer waits for.
#[derive(Clone, Default)]
pub struct After(Arc<Mutex<JoinSet<()>>>);

impl After {
    /// Starts `work`. It says itself, in the telemetry, when it fails.
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// Waits for all that was started.
    pub async fn finish(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error.message = %error, "work after an answer failed");
            }
        }
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The layer that keeps a Lambda from asking for its next event before the work is done.
impl<S> Layer<S> for After {
    type Service = Finishing<S>;

    fn layer(&self, inner: S) -> Finishing<S> {
        Finishing { inner, after: self.clone() }
    }
}

/// See [`After`].
pub struct Finishing<S> {
    inner: S,
    after: After,
}

impl<S> Service<LambdaInvocation> for Finishing<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let (answered, after) = (self.inner.call(invocation), self.after.clone());
        Box::pin(async move {
            let answered = answered.await;
            after.finish().await;
            answered
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn the_next_event_is_asked_for_after_the_work() {
        let (after, done) = (After::default(), Arc::new(AtomicBool::new(false)));
        let (starter, flag) = (after.clone(), done.clone());
        let function = tower::service_fn(move |_: LambdaInvocation| {
            let flag = flag.clone();
            starter.start(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                flag.store(true, Ordering::SeqCst);
            });
            std::future::ready(Ok::<(), Error>(()))
        });
        let (parts, ()) = http::Response::new(()).into_parts();
        let invocation =
            LambdaInvocation { parts, body: bytes::Bytes::new(), context: lambda_http::Context::default() };
        after.layer(function).call(invocation).await.unwrap();
        assert!(done.load(Ordering::SeqCst));
    }
}
