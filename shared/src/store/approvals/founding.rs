//! Approval 1: a customer's workspace is born pending, and its sponsor's acceptance activates it.

use super::ApprovalItem;
use crate::{
    delivery::{
        ApprovalId,
        approval::{self, Request, Terms, Until},
    },
    store::{StoreError, TenantStore, audit::Acting, table::Write, users::UserRecord},
    tenant::{Workspace, WorkspaceKind, principal::Actor},
};

/// The id of each workspace's own approval: there is one, and everybody knows where.
pub const WORKSPACE_APPROVAL: &str = "workspace";

impl TenantStore {
    /// The writes that put a customer's workspace before its sponsor; none for the operators' and a partner's.
    /// The sponsor's answer is entry 1 of the ledger.
    pub fn workspace_request(
        &self,
        workspace: &Workspace,
        sponsor: &UserRecord,
        acting: &Acting<'_>,
    ) -> Result<Vec<Write>, StoreError> {
        match workspace.kind {
            WorkspaceKind::Customer => {}
            WorkspaceKind::Operator | WorkspaceKind::Partner => return Ok(Vec::new()),
        }
        let request = Request {
            id: ApprovalId::new(WORKSPACE_APPROVAL),
            tenant: workspace.tenant.clone(),
            terms: Terms::WorkspaceCreation {
                subdomain: workspace.subdomain.as_str().to_owned(),
                sponsor: sponsor.id.clone(),
            },
            not_before: acting.at,
            until: Until::Revoked,
            requested_by: Actor::System { component: "onboarding".to_owned() },
        };
        let requested = approval::request(request, acting.at)
            .map_err(|error| StoreError::Corrupt { kind: "workspace approval", reason: error.to_string() })?;
        let put = Write::create(self.approval_key(&requested.id), &ApprovalItem::of(&requested));
        Ok(vec![put, self.look_at_its_end(&requested)])
    }
}
