//! Which orgs the schedule looks at, of all workspaces: ids and times only.
//!
//! One rule: it is a hint. Whether a scan begins is decided from the workspace's own items, and once per slot.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    StoreError, TenantStore, Workspaces,
    keys::{Key, deployment, partition_key},
    table::{Range, Write},
};
use crate::tenant::{OrgId, TenantId};

const PARTITION: &str = "DUE";

/// An org that the schedule looks at, not before `look_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueOrg {
    pub tenant: TenantId,
    pub org: OrgId,
    pub look_at: Timestamp,
}

impl Workspaces {
    /// The orgs to look at now, the longest waiting first.
    pub async fn due_orgs(&self, now: Timestamp) -> Result<Vec<DueOrg>, StoreError> {
        self.due(PARTITION, |due: &DueOrg| due.look_at, now).await
    }

    /// What of a list of the deployment's is to be looked at now, the longest waiting first.
    pub(super) async fn due<T: DeserializeOwned>(
        &self,
        partition: &str,
        look_at: impl Fn(&T) -> Timestamp,
        now: Timestamp,
    ) -> Result<Vec<T>, StoreError> {
        let pk = partition_key(&deployment(), partition);
        let range = Range { pk: &pk, from: None, to: None, newest_first: false, limit: u32::MAX };
        let mut due: Vec<T> = self.table().list(&range).await?;
        due.retain(|due| look_at(due) <= now);
        due.sort_by_key(|due| look_at(due));
        Ok(due)
    }

    /// Leaves an org alone until `look_at`, unless somebody asked to look sooner since it was read.
    pub async fn look_later(&self, read: &DueOrg, look_at: Timestamp) -> Result<(), StoreError> {
        let write = Write::update(key(&read.tenant, &read.org))
            .set("look_at", look_at)
            .when("#look_at = :read")
            .bind(":read", read.look_at);
        match self.table().write(vec![write]).await {
            Err(StoreError::Condition(_)) => Ok(()),
            done => done,
        }
    }
}

impl TenantStore {
    /// The write that lets the schedule look at `org` at its next run.
    pub(super) fn look_soon(&self, org: &OrgId) -> Write {
        let due = DueOrg { tenant: self.tenant.clone(), org: org.clone(), look_at: Timestamp::UNIX_EPOCH };
        Write::put(key(&self.tenant, org), &due)
    }
}

fn key(tenant: &TenantId, org: &OrgId) -> Key {
    Key::of(&deployment(), PARTITION, format!("{tenant}#{org}"))
}
