use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use report_export::ReportExport;
use serde_json::Value;
use shared::{
    ops::{Config, SystemClock, SystemRandom, telemetry},
    store::{Aws, Workspaces},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(telemetry::EVENTS);
    let aws = Aws::from_env(Config::from_env()).await;
    let random = Arc::new(SystemRandom::default());
    let export = ReportExport {
        workspaces: Workspaces::new(aws.table(random.clone())?),
        evidence: aws.evidence()?,
        secrets: aws.secrets()?,
        clock: Arc::new(SystemClock),
        random,
    };
    let export = &export;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| report_export::handle(export, event)))
        .await
}
