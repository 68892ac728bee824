//! Whose sessions there are, to look at and to end.
//!
//! One rule: a list names a session by an id of its own. The hash of a session's secret is what the browser's
//! trace cookie holds, and is shown to nobody.

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{
    store::{
        StoreError, TenantStore,
        audit::AuditRecord,
        keys::Key,
        table::{Range, Write},
    },
    tenant::{Digest, UserId, session::SessionRecord},
};

const PARTITION: &str = "SL";

/// Above every character of a session's id.
const AFTER_IDS: char = '~';

/// A session in a list, live or not: judge it before showing it.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// Names it among its user's.
    pub id: String,
    pub record: SessionRecord,
    hash: Digest,
}

impl ListedSession {
    /// Whether it is the session that this cookie's hash names.
    pub fn is(&self, hash: &Digest) -> bool {
        self.hash == *hash
    }
}

#[derive(Serialize, Deserialize)]
struct Place {
    user: UserId,
    hash: Digest,
}

impl TenantStore {
    /// The sessions of one person, at most `limit`.
    pub async fn sessions_of(&self, user: &UserId, limit: u32) -> Result<Vec<ListedSession>, StoreError> {
        let (from, to) = (format!("{user}#"), format!("{user}#{AFTER_IDS}"));
        Ok(self.listed(Some(&from), Some(&to), limit).await?.0)
    }

    /// The workspace's sessions after the place `after`, ordered by person, at most `limit`; and the place after
    /// which there are more.
    pub async fn sessions(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<ListedSession>, Option<String>), StoreError> {
        let after = after.map(|place| format!("{place}{AFTER_IDS}"));
        self.listed(after.as_deref(), None, limit).await
    }

    /// Ends the session `id` of `user`. `false` if there is none.
    pub async fn revoke_session(
        &self,
        user: &UserId,
        id: &str,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let Some(listed) = self.table.read::<Place>(&self.key(PARTITION, place(user, id))).await? else {
            return Ok(false);
        };
        self.end_session(&listed.hash, user, audit).await?;
        Ok(true)
    }

    pub(super) fn list_session(&self, hash: &Digest, session: &SessionRecord) -> Write {
        let listed = Place { user: session.user.clone(), hash: *hash };
        Write::put(self.listed_key(hash, &session.user), &listed)
    }

    pub(super) fn unlist_session(&self, hash: &Digest, user: &UserId) -> Write {
        Write::delete(self.listed_key(hash, user))
    }

    async fn listed(
        &self,
        from: Option<&str>,
        to: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<ListedSession>, Option<String>), StoreError> {
        let pk = self.partition(PARTITION);
        let range = Range { pk: &pk, from, to, newest_first: false, limit };
        let places: Vec<Place> = self.table.list(&range).await?;
        let last = places.last().filter(|_| places.len() == limit as usize);
        let more = last.map(|last| place(&last.user, &public_id(&last.hash)));
        let read = places.into_iter().map(async |Place { hash, .. }| {
            let record = self.session(&hash).await?;
            Ok::<_, StoreError>(record.map(|record| ListedSession { id: public_id(&hash), record, hash }))
        });
        Ok((try_join_all(read).await?.into_iter().flatten().collect(), more))
    }

    fn listed_key(&self, hash: &Digest, user: &UserId) -> Key {
        self.key(PARTITION, place(user, &public_id(hash)))
    }
}

fn place(user: &UserId, id: &str) -> String {
    format!("{user}#{id}")
}

/// 80 bits that follow from the hash and do not lead back to it.
fn public_id(hash: &Digest) -> String {
    let digest = Digest::framed([&b"session in a list"[..], hash.as_bytes()]).to_string();
    digest.get(..20).unwrap_or_default().to_owned()
}
