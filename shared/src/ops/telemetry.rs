//! Logs: JSON lines, one wide event per invocation, no secrets and no personal data.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging as JSON on standard output, at `level` (such as `info`).
pub fn init(level: &str) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start (tests, the local stack) keeps the first subscriber.
    let _ = fmt().json().flatten_event(true).with_current_span(false).with_env_filter(filter).try_init();
}
