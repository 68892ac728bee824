//! How a scan comes into being: once per slot, and never beside another one of the same org.

use serde::{Deserialize, Serialize};

use super::{Outcomes, ScanRecord, ScanState, Severities, Trigger, id};
use crate::{
    assessment::checkpoint::Progress,
    delivery::Approval,
    store::{StoreError, TenantStore, audit::Acting, table::Write},
    tenant::OrgId,
};

/// The latest scan of an org and whether it is still under way.
#[derive(Serialize, Deserialize)]
pub(super) struct Current {
    pub scan: String,
    pub open: bool,
}

/// The scan that was begun for a slot.
#[derive(Serialize, Deserialize)]
struct Slot {
    scan: String,
}

/// A scan to send a message for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It was begun now.
    New(ScanRecord),
    /// One is under way, or was begun for this slot before.
    Before(ScanRecord),
}

/// Why no scan was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The approval was changed in this moment.
    #[error("the approval is not what it was a moment ago")]
    Approval,
    #[error("the org is not connected")]
    NoConnection,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TenantStore {
    /// Begins a scan of `org` under `approval`, a first-scan approval in force; if one is under way or the slot had
    /// its own, that one. The approval must still be as it was read when the scan begins.
    pub async fn begin_scan(
        &self,
        org: &OrgId,
        trigger: Trigger,
        approval: &Approval,
        acting: &Acting<'_>,
    ) -> Result<Begun, BeginError> {
        let scan = ScanRecord {
            id: id::new(org, acting.at, acting.random),
            org: org.clone(),
            trigger,
            approval: approval.id.to_string(),
            state: ScanState::Queued,
            progress: Progress::default(),
            coverage: None,
            outcomes: Outcomes::default(),
            findings: Severities::default(),
            manifest: None,
            evaluation: None,
            created: acting.at,
            started: None,
            finished: None,
            published: None,
            touched: acting.at,
            lease: None,
            version: 1,
        };
        let current = Current { scan: scan.id.clone(), open: true };
        let mut writes = vec![
            Write::put(self.current_scan_key(org), &current)
                .when("attribute_not_exists(PK) OR #open = :no")
                .bind(":no", false),
            Write::create(self.scan_key(org, &scan.id), &scan),
            Write::update(self.key("O", org.as_str()))
                .set("last_scan_at", acting.at)
                .add("version", 1)
                .when("attribute_exists(PK)"),
            self.approval_unchanged(&approval.id, approval.epoch),
            self.look_soon(org),
        ];
        let slot = match &scan.trigger {
            Trigger::Schedule { slot } => Some(self.key(&format!("XS#{org}"), format!("SLOT#{slot}"))),
            Trigger::Request { .. } => None,
        };
        writes.extend(slot.iter().map(|key| Write::create(key.clone(), &Slot { scan: scan.id.clone() })));
        let audit = acting.record("scan.begin", format!("scan:{}", scan.id), approval.id.as_str());
        match self.change(writes, &audit).await {
            Ok(()) => Ok(Begun::New(scan)),
            Err(error) if error.refused(0) || error.refused(5) => {
                let slot = match slot {
                    Some(key) => self.table.read::<Slot>(&key).await?,
                    None => None,
                };
                let before = match slot {
                    Some(slot) => self.scan(&slot.scan).await?,
                    None => self.scan_under_way(org).await?,
                };
                // It ended between the two looks: whoever asks again begins the next.
                before.map(Begun::Before).ok_or(BeginError::Store(StoreError::Conflict))
            }
            Err(error) if error.refused(2) => Err(BeginError::NoConnection),
            Err(error) if error.refused(3) => Err(BeginError::Approval),
            Err(error) => Err(error.into()),
        }
    }

    /// The write that lets the next scan of the org begin.
    pub(super) fn close_scan(&self, scan: &ScanRecord) -> Write {
        Write::update(self.current_scan_key(&scan.org))
            .set("open", false)
            .when("#scan = :scan")
            .bind(":scan", &scan.id)
    }
}
