//! How a web function starts: its settings, its table, its door.

use std::sync::Arc;

use axum::{Router, middleware};

use super::{
    Door,
    observe::{Surface, observe},
};
use crate::{
    ops::{Config, SystemClock, SystemRandom, telemetry},
    store::Aws,
};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The door of this deployment.
pub fn door(aws: &Aws) -> Result<Door, Error> {
    let random = Arc::new(SystemRandom::default());
    Ok(Door::new(aws.config().public_base()?, aws.table(random.clone())?, Arc::new(SystemClock), random))
}

/// Runs a web function under Lambda: settings are read and checked once, before the first request.
pub async fn run(router: impl FnOnce(&Aws, Door) -> Result<Router, Error>) -> Result<(), Error> {
    telemetry::init("info");
    let aws = Aws::from_env(Config::from_env()).await;
    lambda_http::run(router(&aws, door(&aws)?)?).await
}

/// Finishes a function's routes: everything goes through [`observe`].
pub fn finish(routes: Router<Door>, door: Door, surface: Surface) -> Router {
    routes.layer(middleware::from_fn_with_state((door.clone(), surface), observe)).with_state(door)
}
