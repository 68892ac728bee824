//! Mail to every Admin: changes to the front door are never silent.

use super::{Mailer, ServiceError, StoreError, TenantStore, users::UserRecord};
use crate::tenant::Role;

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
        let is_admin = |user: &UserRecord| user.role(self.tenant_id()) == Some(Role::Admin);
        // A workspace too large to look through still tells its first page of people.
        let admins = match self.scan_users(is_admin).await? {
            Some(admins) => admins,
            None => self.users(1, 1000).await?.1.into_iter().filter(is_admin).collect(),
        };
        for admin in admins {
            if let Some(address) = admin.attributes.primary_email() {
                mailer.send(address, subject, text).await?;
            }
        }
        Ok(())
    }
}
