//! How a run is ended from outside: Ctrl-C, or SIGTERM, which tools and service managers send. Either way what is not
//! kept is removed.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears both signals from when it is made on.
pub(crate) struct Ending {
    interrupt: Signal,
    terminate: Signal,
}

impl Ending {
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// What the work came to; none if it was ended before.
    pub(crate) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            outcome = work => Some(outcome),
            _ = self.interrupt.recv() => None,
            _ = self.terminate.recv() => None,
        }
    }
}
