//! What nobody asks for and somebody must do: on a schedule, and the one step that starts a deployment.
//!
//! `{"bootstrap": {...}}` creates the operators' workspace and invites its first administrator. Only who may
//! invoke the function directly (the deploying team, by IAM) can send it; a second time it changes nothing.

mod approvals;
mod bootstrap;
mod metadata;

use std::sync::Arc;

use futures::join;
use lambda_runtime::{Error, LambdaEvent};
use serde_json::{Value, json};
use shared::{
    http::Outbound,
    ops::{Clock, Random, telemetry},
    store::{Mailer, Workspaces},
    tenant::PublicBase,
};

/// What the chores need.
#[derive(Clone)]
pub struct Housekeeping {
    pub base: PublicBase,
    pub workspaces: Workspaces,
    pub mailer: Mailer,
    /// The way to identity providers.
    pub outbound: Outbound,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// Handles one event: a bootstrap, or the schedule's.
pub async fn handle(chores: &Housekeeping, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let chore = chore(chores, &payload, &context.request_id);
    telemetry::invocation("housekeeping", &context.request_id, &*chores.clock, chore).await
}

async fn chore(chores: &Housekeeping, event: &Value, request_id: &str) -> Result<Value, Error> {
    if let Some(request) = event.get("bootstrap") {
        return bootstrap::run(chores, request, request_id).await;
    }
    // One chore that fails keeps the other from nothing.
    let (metadata, approvals) = join!(metadata::run(chores, request_id), approvals::run(chores, request_id));
    Ok(json!({ "metadata": metadata?, "approvals": approvals? }))
}
