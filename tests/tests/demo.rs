//! The main job as `cargo local demo` runs it, and again over the data that a run before it left.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use anyhow::Context;
use jiff::SignedDuration;
use local::{
    Stack, StackOptions,
    demo::{Demo, Narrator},
};
use shared::ops::{Clock, SystemClock};

/// What a run took.
struct Run {
    requests: u32,
    /// Of those, the ones that said what they cost.
    counted: u32,
    /// How far the stack's clock was ahead when it began.
    ahead: SignedDuration,
}

async fn run(data: &Path, port: u16) -> anyhow::Result<Run> {
    let options = StackOptions { data: Some(data.to_owned()), port, users: 300, ..StackOptions::default() };
    let stack = Stack::start(options).await?;
    let ahead = stack.clock.offset();
    let mut demo = Demo::new(&stack, Some(data), Narrator::silent())?;
    demo.run().await?;
    let (requests, counted) = (demo.narrator.exchanges(), demo.narrator.tally().requests);
    drop(demo);
    stack.shutdown().await;
    Ok(Run { requests, counted, ahead })
}

/// Serves `data` two years later, and says how a SCIM client is answered that has the token which is handed out.
async fn client_of_later(data: &Path) -> anyhow::Result<u16> {
    let later = SystemClock.now() + SignedDuration::from_hours(2 * 366 * 24);
    let options = StackOptions { data: Some(data.to_owned()), clock: Some(later), ..StackOptions::default() };
    let stack = Stack::start(StackOptions { users: 300, ..options }).await?;
    let mut demo = Demo::new(&stack, Some(data), Narrator::silent())?;
    demo.prepare().await?;
    let token = demo.state.scim_token.clone().context("a token")?;
    let mut client = demo.visitor("scim").await?.bearing(&token);
    let answer = client.get(&mut demo.narrator, "/scim/v2/Users?count=1").await?;
    drop(demo);
    stack.shutdown().await;
    Ok(answer.status.as_u16())
}

/// The ports of the last run: of the gateway, and of each workspace.
fn ports(data: &Path) -> anyhow::Result<BTreeMap<String, u16>> {
    Ok(serde_json::from_slice(&std::fs::read(data.join("ports.json"))?)?)
}

/// Takes a port, or any for 0. One that was let go just now may need a moment.
async fn take(port: u16) -> anyhow::Result<TcpListener> {
    for _ in 0..100 {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Ok(listener);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("port {port} is not let go")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_runs_from_an_empty_deployment_to_a_delivered_report() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let first = run(data.path(), 0).await?;
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
    let mode = std::fs::metadata(&delivered)?.permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may look at raw evidence");

    // What was done is not done again, and the week that went by is not forgotten. The stack is moved, and somebody else
    // has the workspace's own port: the org's apps follow, or nobody would sign in.
    let before = ports(data.path())?;
    let taken = take(before["acme"]).await?;
    let elsewhere = take(0).await?.local_addr()?.port();
    let second = run(data.path(), elsewhere).await?;
    drop(taken);
    let after = ports(data.path())?;
    assert_eq!(after["@gateway"], elsewhere);
    let apps = std::fs::read_to_string(data.path().join("okta-twin/twin.json"))?;
    for part in ["@gateway", "acme"] {
        assert_ne!(after[part], before[part], "{part}");
        assert!(!apps.contains(&format!(":{}/", before[part])), "an app is at the old port of {part}");
    }
    assert!(second.requests < first.requests / 2, "{} requests after {}", second.requests, first.requests);
    assert!(second.ahead > SignedDuration::from_hours(24 * 7), "{}", second.ahead);

    // A token lives for a year.
    assert_eq!(client_of_later(data.path()).await?, 200);
    Ok(())
}

/// How a file of zstd begins (RFC 8878 section 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
