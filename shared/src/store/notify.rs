//! Who the Admins are, and mail to every one of them: changes to the front door are never silent.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use super::{Mailer, StoreError, TenantStore, users::UserRecord};
use crate::{
    scim::Start,
    tenant::{Role, resource_id},
};

/// In a workspace too large to look through: how many members of the role-group, and how many of the first people
/// (those who were invited came first), are looked at.
const LOOKED_AT: u32 = 1_000;

/// Mails in flight: SES takes some a second.
const AT_ONCE: usize = 8;

/// Mails one Admin. An error is the reason, without the address.
async fn tell(mailer: &Mailer, admin: &UserRecord, subject: &str, text: &str) -> Result<(), String> {
    let address = admin.attributes.primary_email().ok_or_else(|| "no address".to_owned())?;
    mailer.send(address, subject, text).await.map_err(|error| error.to_string())
}

impl TenantStore {
    /// Sends `text` to every active Admin of the workspace. What it is about has happened by then, so mail that cannot
    /// be sent undoes nothing and keeps no other Admin from theirs: the operator hears of it instead
    /// (infra/runbooks/admins-not-told.md).
    pub async fn tell_admins(&self, mailer: &Mailer, subject: &str, text: &str) {
        let admins = match self.admins().await {
            Ok(admins) => admins,
            Err(error) => {
                tracing::error!(
                    alarm = "admins_not_told",
                    workspace = %self.tenant_id(),
                    error.message = %error,
                    "who the Admins are cannot be read"
                );
                return;
            }
        };
        let mails: Vec<_> = admins.iter().map(|admin| tell(mailer, admin, subject, text)).collect();
        let mails: Vec<_> = stream::iter(mails).buffer_unordered(AT_ONCE).collect().await;
        let failed: Vec<_> = mails.iter().filter_map(|sent| sent.as_ref().err()).collect();
        // Where nobody is Admin, nobody was told either.
        if mails.is_empty() || !failed.is_empty() {
            tracing::error!(
                alarm = "admins_not_told",
                workspace = %self.tenant_id(),
                admins = mails.len(),
                failed = failed.len(),
                reason = failed.first().map(|reason| reason.as_str()),
                "mail to Admins"
            );
        }
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
