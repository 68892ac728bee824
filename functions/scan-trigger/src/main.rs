use lambda_runtime::{Error, LambdaEvent, service_fn};
use scan_trigger::ScanTrigger;
use serde_json::Value;
use shared::{
    http::start,
    ops::{Config, telemetry},
    store::Aws,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(telemetry::EVENTS);
    let aws = Aws::from_env(Config::from_env()).await;
    let trigger = ScanTrigger::new(&aws, start::door(&aws)?)?;
    let trigger = &trigger;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| scan_trigger::handle(trigger, event)))
        .await
}
