//! An approval as the table holds it.

use serde::{Deserialize, Serialize};

use crate::{
    delivery::{Approval, ApprovalId, approval::State},
    store::{StoreError, json_text},
    tenant::TenantId,
};

/// The approval as text, and beside it what conditions are put on.
#[derive(Serialize, Deserialize)]
pub(super) struct ApprovalItem {
    state: State,
    epoch: u64,
    version: u64,
    #[serde(with = "json_text")]
    approval: Approval,
}

impl ApprovalItem {
    pub(super) fn of(approval: &Approval) -> Self {
        let Approval { state, epoch, version, .. } = *approval;
        Self { state, epoch, version, approval: approval.clone() }
    }

    /// The approval, if the item says one thing and says it of this workspace.
    pub(super) fn open(self, tenant: &TenantId) -> Result<Approval, StoreError> {
        let Self { state, epoch, version, approval } = self;
        let agrees = (approval.state, approval.epoch, approval.version) == (state, epoch, version);
        if agrees && approval.tenant == *tenant {
            return Ok(approval);
        }
        let reason = "its attributes do not say what its text says".to_owned();
        Err(StoreError::Corrupt { kind: "approval", reason })
    }
}

/// What a request did.
#[derive(Serialize, Deserialize)]
pub(super) struct Once {
    pub(super) approval: ApprovalId,
}
