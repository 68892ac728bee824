//! Workspaces and the lookup from host to tenant.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

use super::{StoreError, Table, TenantStore, audit::AuditRecord, keys::Key, table::Write};
use crate::tenant::{Subdomain, TenantId, Workspace, WorkspaceKind, WorkspaceState};

#[derive(Serialize, Deserialize)]
struct Host {
    tenant: TenantId,
}

/// Finds workspaces by the subdomain of a request's host.
///
/// A subdomain is never given twice and a tenant id never changes, so the mapping is kept for the life of
/// the process; the workspace itself (its state!) is read every time.
#[derive(Clone)]
pub struct Workspaces {
    table: Table,
    known: Arc<RwLock<BTreeMap<Subdomain, TenantId>>>,
}

/// How many hosts one process remembers.
const KNOWN_HOSTS: usize = 10_000;

impl Workspaces {
    /// Workspaces of `table`.
    pub fn new(table: Table) -> Self {
        Self { table, known: Arc::default() }
    }

    /// The table, for opening tenants' stores.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The tenant that `subdomain` was given to.
    pub async fn tenant_of(&self, subdomain: &Subdomain) -> Result<Option<TenantId>, StoreError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(subdomain).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let Some(host) = self.table.read::<Host>(&Key::host(subdomain)).await? else { return Ok(None) };
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() < KNOWN_HOSTS {
            all.insert(subdomain.clone(), host.tenant.clone());
        }
        Ok(Some(host.tenant))
    }

    /// The workspace reached at `subdomain`, in whatever state it is.
    pub async fn find(&self, subdomain: &Subdomain) -> Result<Option<Workspace>, StoreError> {
        match self.tenant_of(subdomain).await? {
            Some(tenant) => self.read(&tenant).await,
            None => Ok(None),
        }
    }

    /// The active workspace of this kind that somebody of another workspace names by its subdomain. A text that can be
    /// no subdomain names none.
    pub async fn active(
        &self,
        kind: WorkspaceKind,
        subdomain: &str,
    ) -> Result<Option<Workspace>, StoreError> {
        let Ok(subdomain) = Subdomain::parse(subdomain) else { return Ok(None) };
        let workspace = self.find(&subdomain).await?;
        Ok(workspace.filter(|it| it.kind == kind && it.state == WorkspaceState::Active))
    }

    /// The workspace of a tenant id that a message of ours or a principal carries.
    pub async fn read(&self, tenant: &TenantId) -> Result<Option<Workspace>, StoreError> {
        self.table.read(&Key::of(tenant, "W", "W")).await
    }

    /// Creates a workspace with `writes` beside it (its first administrator, its ledger), all or nothing.
    /// Write 0 is the subdomain: refused when it was ever given.
    pub async fn create(
        &self,
        workspace: &Workspace,
        writes: Vec<Write>,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let host = Host { tenant: workspace.tenant.clone() };
        let mut all = vec![
            Write::create(Key::host(&workspace.subdomain), &host),
            Write::create(Key::of(&workspace.tenant, "W", "W"), workspace),
        ];
        all.extend(writes);
        all.push(audit.write(&workspace.tenant));
        self.table.write(all).await
    }
}

impl TenantStore {
    /// The write that replaces the workspace as it was read; refused when someone changed it since.
    pub fn workspace_write(&self, workspace: &Workspace) -> Write {
        let next = Workspace { version: workspace.version + 1, ..workspace.clone() };
        Write::put(self.key("W", "W"), &next).when("#version = :read").bind(":read", workspace.version)
    }

    /// The write that ends what SAML opened so far. It counts as a change of the workspace, so that whoever saves it
    /// as it was before does not undo this.
    pub(super) fn note_withdrawals(&self, withdrawals: u64) -> Write {
        let write = Write::update(self.key("W", "W")).set("withdrawals", withdrawals).add("version", 1);
        write.when("attribute_exists(PK)")
    }

    /// Whether SSO decides who signs in. Then e-mail is for break-glass only.
    pub async fn sso_is_on(&self) -> Result<bool, StoreError> {
        #[derive(Deserialize)]
        struct Switch {
            enabled: bool,
        }
        let sso: Option<Switch> = self.table.read(&self.key("W", "SSO")).await?;
        Ok(sso.is_some_and(|sso| sso.enabled))
    }

    /// Replaces the workspace as it was read.
    pub async fn save_workspace(&self, workspace: &Workspace, audit: &AuditRecord) -> Result<(), StoreError> {
        self.change(vec![self.workspace_write(workspace)], audit).await
    }
}
