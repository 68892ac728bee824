//! The main job as `cargo local demo` runs it, and again over the data that a run before it left.

use local::{
    Stack, StackOptions,
    demo::{Demo, Narrator},
};

async fn run(data: &std::path::Path) -> anyhow::Result<u32> {
    let options = StackOptions { data: Some(data.to_owned()), users: 300, ..StackOptions::default() };
    let stack = Stack::start(options).await?;
    let mut demo = Demo::new(&stack, Some(data), Narrator::silent())?;
    demo.run().await?;
    let requests = demo.narrator.exchanges();
    drop(demo);
    stack.shutdown().await;
    Ok(requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_runs_from_an_empty_deployment_to_a_delivered_report() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let first = run(data.path()).await?;
    let report = std::fs::read_to_string(data.path().join("delivered/report.html"))?;
    assert!(report.contains("Okta security assessment"));
    // What was done is not done again.
    let second = run(data.path()).await?;
    assert!(second < first / 2, "{second} requests after {first}");
    Ok(())
}
