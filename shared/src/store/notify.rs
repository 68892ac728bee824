//! Who the Admins are, and mail to every one of them: changes to the front door are never silent.

use std::collections::BTreeMap;

use super::{Mailer, ServiceError, StoreError, TenantStore, users::UserRecord};
use crate::{
    scim::Start,
    tenant::{Role, resource_id},
};

/// In a workspace too large to look through: how many members of the role-group, and how many of the first people
/// (those who were invited came first), are looked at.
const LOOKED_AT: u32 = 1_000;

/// Why not every Admin was told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Mail(#[from] ServiceError),
}

impl TenantStore {
    /// Sends `text` to every active Admin of the workspace.
    pub async fn tell_admins(&self, mailer: &Mailer, subject: &str, text: &str) -> Result<(), NotifyError> {
        for admin in self.admins().await? {
            if let Some(address) = admin.attributes.primary_email() {
                mailer.send(address, subject, text).await?;
            }
        }
        Ok(())
    }

    /// The active Admins of the workspace.
    pub async fn admins(&self) -> Result<Vec<UserRecord>, StoreError> {
        let is_admin = |user: &UserRecord| user.role(self.tenant_id()) == Some(Role::Admin);
        if let Some(admins) = self.scan_users(is_admin).await? {
            return Ok(admins);
        }
        let first = self.user_page(Start::Index(1), LOOKED_AT, jiff::Timestamp::MIN).await?.users;
        let mut people: BTreeMap<_, _> = first.into_iter().map(|user| (user.seq, user)).collect();
        let group = resource_id::role_group(self.tenant_id(), Role::Admin);
        for member in self.members(&group, LOOKED_AT).await? {
            people.extend(self.user(&member.user).await?.map(|user| (user.seq, user)));
        }
        Ok(people.into_values().filter(is_admin).collect())
    }
}
