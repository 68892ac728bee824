//! The schedule: which orgs are due, and a scan for each.
//!
//! One rule: time is cut into slots from the connection's creation on, as long as its cadence. A slot is served once;
//! a scan that somebody asked for serves the slot it falls into.

use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use serde_json::{Value, json};
use shared::{
    store::{
        StoreError,
        audit::Acting,
        connections::Connection,
        due::DueOrg,
        scans::{Begun, Trigger},
    },
    tenant::WorkspaceState,
};

use super::{NotBegun, ScanTrigger};

/// Orgs looked at at once.
const AT_ONCE: usize = 8;

/// The function has 28 seconds: what is not reached is looked at by the next run.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stretch of time that one scan serves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    name: String,
    start: Timestamp,
    end: Timestamp,
}

/// What looking at one org came to.
enum Looked {
    Began,
    Waits,
}

pub(super) async fn run(trigger: &ScanTrigger, request_id: &str) -> Result<Value, Error> {
    let now = trigger.door.clock.now();
    let due = trigger.door.workspaces.due_orgs(now).await?;
    let total = due.len();
    let (mut began, mut failed, mut looked) = (0_u32, 0_u32, 0_u32);
    let looks = async {
        let looks = due.iter().map(|due| async move { (due, look(trigger, due, now, request_id).await) });
        let mut looks = futures::stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        while let Some((due, outcome)) = looks.next().await {
            looked += 1;
            match outcome {
                Ok(Looked::Began) => began += 1,
                Ok(Looked::Waits) => {}
                // One org's trouble is not the others'.
                Err(error) => {
                    failed += 1;
                    tracing::error!(tenant = %due.tenant, org = %due.org, error.message = %error, "schedule");
                }
            }
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, looks).await.is_ok();
    tracing::info!(total, looked, began, failed, in_time, "orgs looked at");
    Ok(json!({ "looked": looked, "began": began, "failed": failed }))
}

async fn look(
    trigger: &ScanTrigger,
    due: &DueOrg,
    now: Timestamp,
    request_id: &str,
) -> Result<Looked, NotBegun> {
    let workspaces = &trigger.door.workspaces;
    let Some(workspace) = workspaces.read(&due.tenant).await? else { return Ok(Looked::Waits) };
    if workspace.state != WorkspaceState::Active {
        return Ok(Looked::Waits);
    }
    let store = workspaces.table().tenant(&workspace);
    let Some(connection) = store.connection(&due.org).await? else { return Ok(Looked::Waits) };
    if let Some(scan) = store.scan_under_way(&due.org).await? {
        if scan.is_stalled(now) {
            tracing::warn!(scan = scan.id, "the scan's message was lost and is sent again");
            trigger.send(&store, &scan).await?;
        }
        return Ok(Looked::Waits);
    }
    let Some(slot) = slot(&connection, now) else { return Ok(Looked::Waits) };
    if connection.last_scan_at.is_some_and(|last| last >= slot.start) {
        workspaces.look_later(due, slot.end).await?;
        return Ok(Looked::Waits);
    }
    let acting = Acting {
        actor: "job:scan-trigger".to_owned(),
        at: now,
        correlation_id: request_id,
        random: &*trigger.door.random,
    };
    match trigger.begin(&store, &connection, Trigger::Schedule { slot: slot.name }, &acting).await {
        Ok(Begun::New(_)) => Ok(Looked::Began),
        // Not ready, or another run of the schedule was faster.
        Ok(Begun::Before(_))
        | Err(NotBegun::Unchecked | NotBegun::Unapproved | NotBegun::Store(StoreError::Conflict)) => {
            Ok(Looked::Waits)
        }
        Err(error) => Err(error),
    }
}

/// The slot that `now` falls into; none when the org is not scanned by schedule.
fn slot(connection: &Connection, now: Timestamp) -> Option<Slot> {
    let length = SignedDuration::from_hours(24 * connection.cadence.days()?).as_secs();
    let since = now.as_second() - connection.created.as_second();
    let start = connection.created.as_second() + since.div_euclid(length) * length;
    let start = Timestamp::from_second(start).ok()?;
    let end = start.checked_add(SignedDuration::from_secs(length)).ok()?;
    Some(Slot { name: format!("{}-{start}", connection.cadence.word()), start, end })
}

#[cfg(test)]
mod tests {
    use shared::{store::connections::Cadence, tenant::OrgId};

    use super::*;

    fn connection(cadence: Cadence) -> Connection {
        Connection {
            org: OrgId::new("o1"),
            okta_url: "https://acme.okta.com".to_owned(),
            label: "Production".to_owned(),
            client_id: None,
            key_id: "k".to_owned(),
            public_key: json!({}),
            cadence,
            preflight: None,
            last_scan_at: None,
            created: "2026-11-01T08:30:00Z".parse().unwrap(),
            version: 1,
        }
    }

    #[test]
    fn slots_meet_and_do_not_overlap() {
        let weekly = connection(Cadence::Weekly);
        let at = |time: &str| slot(&weekly, time.parse().unwrap()).unwrap();
        let first = at("2026-11-01T08:30:00Z");
        assert_eq!(first.name, "weekly-2026-11-01T08:30:00Z");
        assert_eq!(at("2026-11-08T08:29:59Z"), first);
        assert_eq!(at("2026-11-08T08:30:00Z").start, first.end);
        assert_eq!(slot(&connection(Cadence::Off), first.start), None);
        let daily = slot(&connection(Cadence::Daily), first.start).unwrap();
        assert_ne!(daily.name, first.name, "another cadence has other slots");
    }
}
