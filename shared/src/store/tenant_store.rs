//! The store of one tenant: the only way to an item, and every key it makes begins with that tenant.

use super::{
    StoreError, Table,
    audit::{self, AuditRecord},
    keys::{Key, partition_key},
    table::Write,
};
use crate::tenant::{Principal, TenantId, Workspace};

/// What can open a tenant's store: a principal that authentication made, or a workspace that was
/// found by the request's host.
pub trait Scope {
    /// The tenant that this scope is confined to.
    fn tenant(&self) -> &TenantId;
}

impl Scope for Workspace {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }
}

impl Scope for Principal {
    fn tenant(&self) -> &TenantId {
        Self::tenant(self)
    }
}

/// One tenant's items. The repositories (`users`, `groups`, `sessions`, …) are its methods, a file each.
#[derive(Clone)]
pub struct TenantStore {
    pub(super) table: Table,
    pub(super) tenant: TenantId,
}

impl Table {
    /// Opens the store of the scope's tenant.
    pub fn tenant(&self, scope: &impl Scope) -> TenantStore {
        TenantStore { table: self.clone(), tenant: scope.tenant().clone() }
    }
}

impl TenantStore {
    /// Whose store this is.
    pub fn tenant_id(&self) -> &TenantId {
        &self.tenant
    }

    pub(super) fn key(&self, partition: &str, sk: impl Into<String>) -> Key {
        Key::of(&self.tenant, partition, sk)
    }

    pub(super) fn partition(&self, partition: &str) -> String {
        partition_key(&self.tenant, partition)
    }

    /// Makes the changes and their audit record together: nothing changes unseen. In an error, index 0 is
    /// the first of `writes`.
    pub(super) async fn change(
        &self,
        mut writes: Vec<Write>,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        writes.push(record.write(&self.tenant));
        self.table.write(writes).await?;
        audit::made(record);
        Ok(())
    }
}
