//! Logs: JSON lines, one wide event per invocation, no secrets and no personal data.

mod invocation;

use tracing_subscriber::{
    EnvFilter,
    fmt::{
        SubscriberBuilder,
        format::{Format, Json, JsonFields},
    },
};

pub use invocation::{Batch, Done, invocation};

/// The level of a function that takes events, also if requests are among them. [`invocation()`] says how each ended; the
/// runtime's own line about an error would be a second one, and shows all that the error's `Debug` shows.
pub const EVENTS: &str = "info,lambda_runtime::layers::panic=off";

/// Starts logging as JSON on standard output, at `level` (such as `info`).
pub fn init(level: &str) {
    // A second start (tests, the local stack) keeps the first subscriber.
    let _ = lines().with_env_filter(filter(level)).try_init();
}

/// The same on standard error: for a program whose standard output is its result.
pub fn init_on_stderr(level: &str) {
    let _ = lines().with_env_filter(filter(level)).with_writer(std::io::stderr).try_init();
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// One flat JSON object a line.
fn lines() -> SubscriberBuilder<JsonFields, Format<Json>> {
    tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false)
}
