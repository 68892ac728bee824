//! An operator's reach into a customer's workspace.
//!
//! One rule: it rests on a first-scan approval of that org that is in force now and on a second factor that we saw
//! ourselves, and each use is in the customer's own audit log, the refused ones too, and holds a lease.

use super::{StoreError, TenantStore, Workspaces, audit::Acting};
use crate::{
    delivery::approval::limits,
    tenant::{
        OrgId, Permission, Principal, TenantId, Workspace, WorkspaceKind, WorkspaceState, session::Method,
    },
};

/// Why an operator does not get in. All but the store's own failures read the same to the operator.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    #[error("not an operator who may look after customers")]
    NotAnOperator,
    #[error("not signed in with a second factor that we saw")]
    SecondFactor,
    #[error("there is no active customer of that name")]
    Customer,
    #[error("the customer has no first-scan approval of this org in force")]
    NotApproved,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An operator inside a customer's workspace.
#[derive(Debug)]
pub struct Reach {
    pub principal: Principal,
    pub customer: Workspace,
}

impl Workspaces {
    /// Lets `operator` into `customer` for `org`, if the customer approved; `acting` is the operator's request.
    pub async fn reach(
        &self,
        operator: &Principal,
        customer: &TenantId,
        org: &OrgId,
        acting: &Acting<'_>,
    ) -> Result<Reach, ReachError> {
        let user = operator.user().ok_or(ReachError::NotAnOperator)?;
        operator.require(Permission::CustomersView).map_err(|_| ReachError::NotAnOperator)?;
        if !operator.method().is_some_and(Method::proves_second_factor) {
            return Err(ReachError::SecondFactor);
        }
        let workspace = self.read(customer).await?.ok_or(ReachError::Customer)?;
        if workspace.kind != WorkspaceKind::Customer || workspace.state != WorkspaceState::Active {
            return Err(ReachError::Customer);
        }
        let store = self.table().tenant(&workspace);
        let acting = Acting { actor: format!("operator:{user}"), ..acting.clone() };
        let approval = store.first_scan(org, acting.at).await?;
        let grant = approval.as_ref().and_then(|approval| approval.operator_grant(org, acting.at));
        let principal =
            grant.as_ref().and_then(|grant| Principal::operator_with_approval(operator, grant).ok());
        let target = format!("org:{org}");
        if let (Some(principal), Some(approval)) = (principal, approval) {
            // Longer than a function runs: what the operator does now is over before a revocation is.
            let what = format!("operator#{}", acting.correlation_id);
            let writes = store.lease_under(&approval, limits::LEASE, &what, acting.at);
            let audit = acting.record("operator.access", target.clone(), approval.id.as_str());
            match store.change(writes.into(), &audit).await {
                Ok(()) => return Ok(Reach { principal, customer: workspace }),
                Err(StoreError::Condition(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        store.note(&acting.record("operator.refused", target, "")).await?;
        Err(ReachError::NotApproved)
    }
}

impl Reach {
    /// The customer's store.
    pub fn store(&self, workspaces: &Workspaces) -> TenantStore {
        workspaces.table().tenant(&self.principal)
    }
}
