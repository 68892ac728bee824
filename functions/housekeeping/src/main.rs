use std::sync::Arc;

use housekeeping::Housekeeping;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use shared::{
    http::Outbound,
    ops::{Config, SystemClock, SystemRandom, telemetry},
    store::{Aws, Workspaces},
    tenant::PublicBase,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init(telemetry::EVENTS);
    let aws = Aws::from_env(Config::from_env()).await;
    let random = Arc::new(SystemRandom::default());
    let chores = Housekeeping {
        base: PublicBase::of(aws.config())?,
        workspaces: Workspaces::new(aws.table(random.clone())?),
        mailer: aws.mailer()?,
        outbound: Outbound::public()?,
        clock: Arc::new(SystemClock),
        random,
    };
    let chores = &chores;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| housekeeping::handle(chores, event)))
        .await
}
