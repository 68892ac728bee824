//! The main job as `cargo local demo` runs it, and again over the data that a run before it left.

use std::path::Path;

use anyhow::Context;
use jiff::SignedDuration;
use local::{
    Stack, StackOptions,
    demo::{Demo, Narrator},
};

/// What a run took.
struct Run {
    requests: u32,
    /// Of those, the ones that said what they cost.
    counted: u32,
    /// How far the stack's clock was ahead when it began.
    ahead: SignedDuration,
}

async fn run(data: &Path) -> anyhow::Result<Run> {
    let options = StackOptions { data: Some(data.to_owned()), users: 300, ..StackOptions::default() };
    let stack = Stack::start(options).await?;
    let ahead = stack.clock.offset();
    let mut demo = Demo::new(&stack, Some(data), Narrator::silent())?;
    demo.run().await?;
    let (requests, counted) = (demo.narrator.exchanges(), demo.narrator.tally().requests);
    drop(demo);
    stack.shutdown().await;
    Ok(Run { requests, counted, ahead })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_runs_from_an_empty_deployment_to_a_delivered_report() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let first = run(data.path()).await?;
    assert_eq!(first.ahead, SignedDuration::ZERO);
    // All but what goes to the twin.
    assert!(first.counted > first.requests / 2, "{} of {}", first.counted, first.requests);
    let delivered = data.path().join("delivered");
    let report = std::fs::read_to_string(delivered.join("report.html"))?;
    assert!(report.contains("Okta security assessment"));
    let _: serde_json::Value = serde_json::from_slice(&std::fs::read(delivered.join("report.json"))?)?;
    let raw = std::fs::read_dir(&delivered)?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with("raw-"));
    let raw = std::fs::read(raw.context("a file of raw evidence")?.path())?;
    assert!(raw.starts_with(&ZSTD), "it is kept as it came");

    // What was done is not done again, and the week that went by is not forgotten.
    let second = run(data.path()).await?;
    assert!(second.requests < first.requests / 2, "{} requests after {}", second.requests, first.requests);
    assert!(second.ahead > SignedDuration::from_hours(24 * 7), "{}", second.ahead);
    Ok(())
}

/// How a file of zstd begins (RFC 8878 section 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
