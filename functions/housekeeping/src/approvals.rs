//! Writes down what has run out: approvals at their end, requests that nobody decided, revocations that are over.
//!
//! One rule: nothing waits for this. Whether an approval is in force goes by the clock; this is for the ledger, and for
//! the people who read it.

use futures::{StreamExt, stream};
use serde_json::{Value, json};
use shared::store::{
    StoreError,
    approvals::{DecisionError, ends::DueApproval},
    audit::Acting,
};

use crate::Housekeeping;

/// Approvals of one run. The rest is first in line the next time.
const MOST: usize = 500;
const AT_ONCE: usize = 8;

/// Ends what is due; says how many were ended, and how many could not be.
pub(crate) async fn run(chores: &Housekeeping, request_id: &str) -> Result<Value, StoreError> {
    let due = chores.workspaces.due_approvals(chores.clock.now(), MOST).await?;
    let mut outcomes = stream::iter(due).map(|due| one(chores, due, request_id)).buffer_unordered(AT_ONCE);
    let (mut ended, mut failed) = (0, 0);
    while let Some(outcome) = outcomes.next().await {
        match outcome {
            Ok(true) => ended += 1,
            Ok(false) => {}
            Err(error) => {
                failed += 1;
                tracing::error!(error.message = %error, "an approval was not ended");
            }
        }
    }
    Ok(json!({ "ended": ended, "failed": failed }))
}

async fn one(chores: &Housekeeping, due: DueApproval, request_id: &str) -> Result<bool, DecisionError> {
    let Some(workspace) = chores.workspaces.read(&due.tenant).await? else { return Ok(false) };
    let store = chores.workspaces.table().tenant(&workspace);
    let acting = Acting {
        actor: "job:approvals".to_owned(),
        at: chores.clock.now(),
        correlation_id: request_id,
        random: &*chores.random,
    };
    store.tidy_approval(&due.approval, &acting).await
}
