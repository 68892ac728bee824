//! Listening on loopback, and stopping in order.
//!
//! The one rule: never on another address. The stand-ins take anybody's word for who they are.

use std::future::Future;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

const GRACE: Duration = Duration::from_secs(5);

/// A free port of loopback, and its URL.
pub(super) async fn bind() -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port on loopback")?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// The running servers and the signal that stops them. Dropping it stops them too, without waiting.
pub(super) struct Servers {
    stop: watch::Sender<()>,
    tasks: std::sync::Mutex<JoinSet<()>>,
}

impl Default for Servers {
    fn default() -> Self {
        Self { stop: watch::Sender::new(()), tasks: std::sync::Mutex::default() }
    }
}

impl Servers {
    /// Resolves when the servers are to stop.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.subscribe();
        async move {
            // Either a value or a dropped sender: both mean stop.
            let _ = stop.changed().await;
        }
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).spawn(task);
    }

    pub(super) fn spawn_http(&self, listener: TcpListener, router: Router) {
        let stopped = self.stopped();
        self.spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "a stand-in stopped serving");
            }
        });
    }

    pub(super) async fn stop(self) {
        self.stop.send_replace(());
        let mut tasks = self.tasks.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ended = tokio::time::timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("requests still running after the grace period were dropped");
        }
    }
}
