//! Which approvals come to an end by themselves, of all workspaces: ids and times only.
//!
//! One rule: it is a hint, so that somebody looks. Nothing waits for it: whether an approval is in force goes by the
//! clock, and what becomes of it is decided from the approval itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DecisionError;
use crate::{
    delivery::{
        Approval, ApprovalId,
        approval::{ApprovalError, State, ends_at},
    },
    store::{
        StoreError, TenantStore, Workspaces,
        audit::Acting,
        keys::{Key, deployment},
        table::Write,
    },
    tenant::TenantId,
};

const PARTITION: &str = "ENDS";

/// An approval that comes to its end, not before `look_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueApproval {
    pub tenant: TenantId,
    pub approval: ApprovalId,
    pub look_at: Timestamp,
}

impl Workspaces {
    /// The approvals to look at now, the longest waiting first, at most `limit`.
    pub async fn due_approvals(&self, now: Timestamp, limit: usize) -> Result<Vec<DueApproval>, StoreError> {
        let mut due = self.due(PARTITION, |due: &DueApproval| due.look_at, now).await?;
        due.truncate(limit);
        Ok(due)
    }
}

impl TenantStore {
    /// Ends an approval whose time has come: expired, or revoked when nothing is under way any more. `false` if there is
    /// nothing to end yet, or somebody else did.
    pub async fn tidy_approval(&self, id: &ApprovalId, acting: &Acting<'_>) -> Result<bool, DecisionError> {
        let Some(approval) = self.approval(id).await? else { return Ok(false) };
        let done = match approval.state {
            State::Revoking => self.settle(id, acting).await,
            State::Requested | State::Live => self.expire(id, acting).await,
            State::Revoked | State::Expired | State::Refused => return Ok(false),
        };
        match done {
            Ok(_) => Ok(true),
            Err(
                DecisionError::Changed
                | DecisionError::Rule(
                    ApprovalError::NotDue
                    | ApprovalError::LeasesOpen { .. }
                    | ApprovalError::WrongState { .. },
                ),
            ) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The write that has somebody look at `approval` when it may come to its end.
    pub(super) fn look_at_its_end(&self, approval: &Approval) -> Write {
        let key = Key::of(&deployment(), PARTITION, format!("{}#{}", self.tenant, approval.id));
        match ends_at(approval) {
            Some(look_at) => {
                let (tenant, approval) = (self.tenant.clone(), approval.id.clone());
                Write::put(key, &DueApproval { tenant, approval, look_at })
            }
            None => Write::delete(key),
        }
    }
}
