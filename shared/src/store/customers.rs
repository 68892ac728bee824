//! The operators' own list of the workspaces they created. It opens none of them.

use serde::{Deserialize, Serialize};

use super::{
    StoreError, TenantStore,
    audit::Acting,
    table::{Range, Write},
};
use crate::tenant::{Subdomain, TenantId, Workspace, WorkspaceKind};

/// A workspace in the operators' list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomerEntry {
    pub tenant: TenantId,
    pub subdomain: Subdomain,
    pub name: String,
    pub kind: WorkspaceKind,
    pub created: jiff::Timestamp,
}

impl TenantStore {
    /// The writes that put a workspace on the operators' list.
    pub(super) fn customer(&self, workspace: &Workspace, acting: &Acting<'_>) -> Vec<Write> {
        let entry = CustomerEntry {
            tenant: workspace.tenant.clone(),
            subdomain: workspace.subdomain.clone(),
            name: workspace.name.clone(),
            kind: workspace.kind,
            created: workspace.created,
        };
        let write = Write::put(self.key("CUSTOMERS", workspace.subdomain.as_str()), &entry);
        let audit = acting.record("customer.create", format!("workspace:{}", workspace.tenant), "");
        vec![write, audit.write(self.tenant_id())]
    }

    /// The operators' list, by subdomain.
    pub async fn customers(&self) -> Result<Vec<CustomerEntry>, StoreError> {
        let pk = self.partition("CUSTOMERS");
        self.table.list(&Range { pk: &pk, from: None, to: None, newest_first: false, limit: u32::MAX }).await
    }
}
