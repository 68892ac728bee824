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

#[tokio::test]
async fn two_ephemeral_runs_with_one_seed_draw_the_same_ids() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (cloud, _) = stack(None).await;
        let client = aws_sdk_kms::Client::new(&cloud.sdk_config());
        ids.push(client.create_key().send().await.unwrap().key_metadata.unwrap().key_id);
        cloud.shutdown().await;
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_stopped_stack_listens_no_more() {
    let (cloud, _) = stack(None).await;
    let addresses = [&cloud.endpoints().dynamodb, &cloud.endpoints().s3, &cloud.endpoints().sqs]
        .map(|url| url.strip_prefix("http://").unwrap().to_owned());
    for address in &addresses {
        tokio::net::TcpStream::connect(address).await.unwrap();
    }
    cloud.shutdown().await;
    for address in &addresses {
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "{address} still listens");
    }
}
