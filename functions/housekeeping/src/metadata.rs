//! Fetches the metadata of the workspaces' identity providers anew.
//!
//! One rule: a run is bounded, and no workspace stops another. What is not reached is first in line the next time.

use futures::{StreamExt, stream};
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    http::{
        door::open_to_visits,
        metadata::{Refreshed, Refresher},
    },
    store::{StoreError, audit::Acting, sso::DueConnection},
};

use crate::Housekeeping;

/// Connections of one run. Each takes 5 seconds at most, so that a run of the slowest ends within three minutes.
const MOST: usize = 200;
const AT_ONCE: usize = 8;

/// How long metadata counts as fresh.
const INTERVAL: SignedDuration = SignedDuration::from_hours(6);
/// How soon it is tried again when it could not be had.
const RETRY: SignedDuration = SignedDuration::from_hours(1);
/// How long a connection is one run's, should the run die.
const LEASE: SignedDuration = SignedDuration::from_mins(15);

/// Refreshes what is due; says how many ended how.
pub(crate) async fn run(chores: &Housekeeping, request_id: &str) -> Result<Value, StoreError> {
    let due = chores.workspaces.due_connections(chores.clock.now(), MOST).await?;
    let mut outcomes = stream::iter(due).map(|due| one(chores, due, request_id)).buffer_unordered(AT_ONCE);
    let mut counts = serde_json::Map::new();
    while let Some(outcome) = outcomes.next().await {
        let count = counts.entry(outcome).or_insert(json!(0));
        *count = json!(count.as_u64().unwrap_or_default() + 1);
    }
    let counts = Value::from(counts);
    tracing::info!(outcomes = %counts, "metadata refresh");
    Ok(counts)
}

/// Refreshes one connection; gives the word for how it ended.
async fn one(chores: &Housekeeping, due: DueConnection, request_id: &str) -> &'static str {
    let tenant = due.tenant.clone();
    match attempt(chores, due, request_id).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(tenant = %tenant, error.message = %error, "metadata refresh");
            "error"
        }
    }
}

async fn attempt(
    chores: &Housekeeping,
    due: DueConnection,
    request_id: &str,
) -> Result<&'static str, StoreError> {
    let (now, table) = (chores.clock.now(), &chores.workspaces);
    let after = |span| now.saturating_add(span).unwrap_or(now);
    let leased = DueConnection { look_at: after(LEASE), ..due.clone() };
    if !table.look_at_connection_later(&due, leased.look_at).await? {
        return Ok("taken");
    }
    let Ok(workspace) = open_to_visits(table.read(&due.tenant).await?) else {
        table.look_at_connection_later(&leased, after(INTERVAL)).await?;
        return Ok("closed");
    };
    let store = table.table().tenant(&workspace);
    let acting = Acting {
        actor: "job:metadata".to_owned(),
        at: now,
        correlation_id: request_id,
        random: &*chores.random,
    };
    let refresher = Refresher {
        outbound: &chores.outbound,
        mailer: &chores.mailer,
        base: &chores.base,
        workspace: &workspace,
    };
    let refreshed = refresher.refresh(&store, &acting).await?;
    let next = if matches!(refreshed, Refreshed::Failed { .. }) { RETRY } else { INTERVAL };
    table.look_at_connection_later(&leased, after(next)).await?;
    Ok(refreshed.as_str())
}
