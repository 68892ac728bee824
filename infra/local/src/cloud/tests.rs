//! The stand-ins as the product meets them: through the real SDK, over HTTP.

mod dynamodb;
mod kms;
mod s3;
mod secrets;
mod ses_sts;
mod sqs;

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use shared::ops::Clock;
use shared::ops::clock::OffsetClock;

use super::{Cloud, CloudOptions, TableSpec};

/// A stack and its clock, which runs with the machine's until moved.
pub(super) async fn stack(data: Option<&Path>) -> (Cloud, Arc<OffsetClock>) {
    let clock = Arc::new(OffsetClock::default());
    let now = Arc::clone(&clock);
    let options =
        CloudOptions { data: data.map(Into::into), now: Arc::new(move || now.now()), seed: Some(1) };
    (Cloud::start(options).await.unwrap(), clock)
}

pub(super) fn table(name: &str) -> TableSpec {
    TableSpec { name: name.into(), pk: "pk".into(), sk: Some("sk".into()), ttl: Some("expires".into()) }
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}
