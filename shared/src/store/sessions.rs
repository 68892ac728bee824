//! Sessions, under the hash of their secret, and the list of them.
//!
//! One rule: a session and its place in the list come and go in one transaction.

mod list;

use jiff::{SignedDuration, Timestamp};

pub use self::list::ListedSession;
use super::{StoreError, TenantStore, audit::AuditRecord, keys::Key, table::Write};
use crate::tenant::{Digest, UserId, session::SessionRecord};

impl TenantStore {
    /// The session that this cookie's hash names.
    pub async fn session(&self, hash: &Digest) -> Result<Option<SessionRecord>, StoreError> {
        self.table.read(&self.session_key(hash)).await
    }

    /// Opens a session, with `writes` that must happen with it (a used assertion, a used link).
    pub async fn open_session(
        &self,
        hash: &Digest,
        session: &SessionRecord,
        mut writes: Vec<Write>,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let end = session.absolute_expiry.as_second();
        writes.push(Write::create(self.session_key(hash), session).expires(end));
        writes.push(self.list_session(hash, session).expires(end));
        self.change(writes, audit).await
    }

    /// Notes that a live session was used, at most once a minute.
    pub async fn touch_session(&self, hash: &Digest, at: Timestamp) -> Result<(), StoreError> {
        let write = Write::update(self.session_key(hash)).set("last_seen", at).when("attribute_exists(PK)");
        self.table.write(vec![write]).await
    }

    /// Notes a fresh second factor in a live session; `spend` uses the code up and gives the tries back.
    pub async fn strengthen_session(
        &self,
        hash: &Digest,
        at: Timestamp,
        spend: [Write; 2],
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let write =
            Write::update(self.session_key(hash)).set("strong_auth_at", at).when("attribute_exists(PK)");
        let mut writes = Vec::from(spend);
        writes.push(write);
        self.change(writes, audit).await
    }

    /// Ends a session of `user`.
    pub async fn end_session(
        &self,
        hash: &Digest,
        user: &UserId,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        self.change(self.session_end(hash, user).into(), audit).await
    }

    /// The writes that end a session of `user`, as when another one takes its place.
    pub fn session_end(&self, hash: &Digest, user: &UserId) -> [Write; 2] {
        [Write::delete(self.session_key(hash)), self.unlist_session(hash, user)]
    }

    fn session_key(&self, hash: &Digest) -> Key {
        self.key(&format!("S#{hash}"), "S")
    }

    /// The write that spends something usable once until `expires`: an assertion, a TOTP step.
    /// Refused when it was spent before. It stays a while longer, since DynamoDB's clock is not ours.
    pub fn spend_once(&self, partition: &str, expires: Timestamp) -> Write {
        let keep = expires.saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
        let kind = partition.get(..1).unwrap_or_default().to_owned();
        Write::create(self.key(partition, kind), &Spent { expires }).expires(keep.as_second())
    }
}

#[derive(serde::Serialize)]
struct Spent {
    expires: Timestamp,
}
