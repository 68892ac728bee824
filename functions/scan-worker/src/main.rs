use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use scan_worker::ScanWorker;
use serde_json::Value;
use shared::{
    http::outbound::Outbound,
    ops::{Config, SystemClock, SystemRandom, telemetry},
    store::{Aws, Workspaces},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(telemetry::EVENTS);
    let aws = Aws::from_env(Config::from_env()).await;
    let random = Arc::new(SystemRandom::default());
    let worker = ScanWorker {
        workspaces: Workspaces::new(aws.table(random.clone())?),
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        signer: aws.signer()?,
        queue: aws.queue("SCAN_QUEUE_URL")?,
        transport: Outbound::public()?,
        extra_origins: Vec::new(),
        clock: Arc::new(SystemClock),
        random,
    };
    let worker = &worker;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        Box::pin(scan_worker::handle(worker, event))
    }))
    .await
}
