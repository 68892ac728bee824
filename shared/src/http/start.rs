//! How a web function starts: its settings, its table, its door.

use std::sync::Arc;

use axum::{Router, middleware};

use super::{
    Door,
    observe::{Surface, observe},
};
use crate::{
    ops::{Config, SystemClock, SystemRandom, telemetry},
    store::aws,
};

/// The door of this deployment, from the environment.
pub async fn door(config: &Config) -> Result<Door, Box<dyn std::error::Error + Send + Sync>> {
    let random = Arc::new(SystemRandom::default());
    let table = aws::table(config, random.clone()).await?;
    Ok(Door::new(config.public_base()?, table, Arc::new(SystemClock), random))
}

/// Runs a web function under Lambda: settings are read and checked once, before the first request.
pub async fn run(router: impl FnOnce(Door) -> Router) -> Result<(), lambda_http::Error> {
    let config = Config::from_env();
    telemetry::init("info");
    lambda_http::run(router(door(&config).await?)).await
}

/// Finishes a function's routes: everything goes through [`observe`].
pub fn finish(routes: Router<Door>, door: Door, surface: Surface) -> Router {
    routes
        .layer(middleware::from_fn_with_state((door.clone(), surface), observe))
        .with_state(door)
}
