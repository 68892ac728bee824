//! How a web function starts: its settings, its table, its door.

use std::sync::Arc;

use axum::{Router, extract::FromRef, middleware};
use lambda_http::{
    Adapter,
    lambda_runtime::{Runtime, layers::TracingLayer},
};

use super::{
    Door,
    observe::{Surface, observe},
    provisioning::logged,
    rate::Rate,
};
use crate::{
    ops::{Config, SystemClock, SystemRandom, telemetry},
    store::Aws,
    tenant::PublicBase,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The door of this deployment.
pub fn door(aws: &Aws) -> Result<Door, Error> {
    let (config, random) = (aws.config(), Arc::new(SystemRandom::default()));
    let base = PublicBase::of(config)?;
    let door = Door::new(base, aws.table(random.clone())?, Arc::new(SystemClock), random);
    Ok(Door { rate: Rate::of(config)?, ..door })
}

/// Runs a web function under Lambda: settings are read and checked once, before the first request.
pub async fn run(router: impl FnOnce(&Aws, Door) -> Result<Router, Error>) -> Result<(), Error> {
    telemetry::init("info");
    let aws = Aws::from_env(Config::from_env()).await;
    let door = door(&aws)?;
    let after = door.after.clone();
    let handler = Adapter::from(router(&aws, door)?);
    Runtime::new(handler).layer(TracingLayer::new()).layer(after).run().await
}

/// Finishes a function's routes: everything goes through [`observe`], and SCIM leaves its rows ([`logged`]).
pub fn finish<S: Clone + Send + Sync + 'static>(routes: Router<S>, state: S, surface: Surface) -> Router
where
    Door: FromRef<S>,
{
    let door = Door::from_ref(&state);
    let routes = match surface {
        Surface::Scim => routes.layer(middleware::from_fn_with_state(door.clone(), logged)),
        Surface::Web => routes,
    };
    routes.layer(middleware::from_fn_with_state((door, surface), observe)).with_state(state)
}
