//! One-time links: invitations and e-mail sign-in. Only the hash of the token is kept.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{StoreError, TenantStore, audit::AuditRecord, table::Write};
use crate::{
    ops::{Random, random},
    tenant::{Digest, UserId},
};

/// How long an invitation works.
pub const INVITATION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long a sign-in link works.
pub const SIGN_IN: SignedDuration = SignedDuration::from_mins(10);

/// What a link opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    pub user: UserId,
    pub expires: Timestamp,
}

impl TenantStore {
    /// A new link's token, and the write that makes it work.
    pub fn new_link(
        &self,
        user: &UserId,
        lifetime: SignedDuration,
        now: Timestamp,
        random: &(impl Random + ?Sized),
    ) -> (String, Write) {
        let token = random::secret_256(random);
        let expires = now.saturating_add(lifetime).unwrap_or(now);
        let record = LinkRecord { user: user.clone(), expires };
        let key = self.key(&partition(&token), "L");
        (token, Write::create(key, &record).expires(expires.as_second()))
    }

    /// Makes a link that `write` describes work.
    pub async fn add_link(&self, write: Write, audit: &AuditRecord) -> Result<(), StoreError> {
        self.change(vec![write], audit).await
    }

    /// What `token` opens at `now`.
    pub async fn link(&self, token: &str, now: Timestamp) -> Result<Option<LinkRecord>, StoreError> {
        let link: Option<LinkRecord> = self.table.read(&self.key(&partition(token), "L")).await?;
        Ok(link.filter(|link| now < link.expires))
    }

    /// The write that spends a link; refused when it was spent.
    pub fn spend_link(&self, token: &str) -> Write {
        Write::delete(self.key(&partition(token), "L")).when("attribute_exists(PK)")
    }
}

fn partition(token: &str) -> String {
    format!("L#{}", Digest::of(token.as_bytes()))
}
