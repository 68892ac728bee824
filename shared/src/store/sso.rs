//! The workspace's single sign-on: which identity provider it trusts, which sign-ins are under way, which
//! assertions were used.
//!
//! One rule: what may happen once is spent by a conditional write in the transaction that opens the session.

mod ahead;
mod keys;
mod known;
mod refresh;
mod requests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::{
    ahead::{Ahead, Guess},
    keys::{Purpose, SpKey, SpKeys},
    known::KnownKeys,
    refresh::{DueConnection, RefreshFailure, RefreshState, Staged},
    requests::{REQUEST_LIFETIME, WaitingRequest},
};
use super::{StoreError, TenantStore, audit::AuditRecord, json_text, keys::Key, table::Write};
use crate::{
    saml::{Identity, IdpMetadata},
    tenant::{Digest, TenantId},
};

/// A workspace's connection to its identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SsoConnection {
    /// Where the metadata came from; none when it was pasted.
    #[serde(default)]
    pub metadata_url: Option<String>,
    /// The pinned identity provider.
    #[serde(with = "json_text")]
    pub idp: IdpMetadata,
    /// Whether it decides who signs in. A connection that is off keeps what was pinned.
    pub enabled: bool,
    /// When an administrator last saved this metadata and it was found good.
    pub verified_at: Timestamp,
    /// The workspace's count of withdrawals of trust, beside the keys: a sign-in reads both at once, so that none is
    /// verified under the old trust and counted under the new one.
    pub withdrawals: u64,
    /// Counts changes from 1; a write names the version it read.
    pub version: u64,
}

impl SsoConnection {
    /// Whether `next` no longer trusts what this did: it is off, another identity provider, or without one of the
    /// keys.
    fn is_withdrawn_by(&self, next: &Self) -> bool {
        let other = self.idp.entity_id != next.idp.entity_id;
        self.enabled && (!next.enabled || other || !self.idp.keys_beyond(&next.idp).is_empty())
    }
}

/// Why a connection was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// Another workspace trusts this very identity provider.
    #[error("the identity provider is bound to another workspace")]
    InUse,
    /// Somebody else changed the connection in the meantime.
    #[error("the connection was changed by somebody else")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which workspace an identity provider belongs to.
#[derive(Serialize)]
struct Binding<'a> {
    tenant: &'a TenantId,
}

impl TenantStore {
    /// The connection, switched on or not.
    pub async fn sso(&self) -> Result<Option<SsoConnection>, StoreError> {
        self.table.read(&self.sso_key()).await
    }

    /// Saves `connection`, in place of `before` as it was read, and binds its identity provider to this
    /// workspace. A binding is never given back, like a subdomain: an entity id of Okta's names one app. Where trust is
    /// withdrawn, the sessions that it opened end by their next request.
    ///
    /// # Errors
    /// The identity provider is another workspace's, or somebody changed the connection since it was read.
    pub async fn save_sso(
        &self,
        before: Option<&SsoConnection>,
        connection: &SsoConnection,
        audit: &AuditRecord,
    ) -> Result<SsoConnection, SsoError> {
        let read = before.map_or(0, |before| before.version);
        let withdrawn = before.is_some_and(|before| before.is_withdrawn_by(connection));
        let withdrawals = before.map_or(0, |before| before.withdrawals) + u64::from(withdrawn);
        let next = SsoConnection { version: read + 1, withdrawals, ..connection.clone() };
        let unchanged = match before {
            None => Write::create(self.sso_key(), &next),
            Some(_) => Write::put(self.sso_key(), &next).when("#version = :read").bind(":read", read),
        };
        let binding = Write::put(Key::idp(&next.idp.entity_id), &Binding { tenant: &self.tenant })
            .when("attribute_not_exists(PK) OR #tenant = :tenant")
            .bind(":tenant", &self.tenant);
        let [state, schedule] = self.begin_refreshing(&next);
        let mut writes = vec![binding, unchanged, state, schedule];
        writes.extend(withdrawn.then(|| self.note_withdrawals(withdrawals)));
        match self.change(writes, audit).await {
            Ok(()) => Ok(next),
            Err(error) if error.refused(0) => Err(SsoError::InUse),
            Err(error) if error.refused(1) => Err(SsoError::Changed),
            Err(error) => Err(error.into()),
        }
    }

    /// Spends an assertion: nobody signs in with it again. The item outlives the assertion by twice the skew,
    /// so that it is there as long as any of our clocks could still accept what it stands for.
    pub fn spend_assertion(&self, identity: &Identity, clock_skew: SignedDuration) -> Write {
        let name = Digest::framed([identity.issuer.as_bytes(), identity.assertion_id.as_bytes()]);
        let end = identity.not_on_or_after.saturating_add(clock_skew * 2).unwrap_or(Timestamp::MAX);
        self.spend_once(&format!("R#{name}"), end)
    }

    /// Spends what a test sign-in used. It changes nothing else, so its record is the sign-in log's alone.
    pub async fn spend(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.table.write(writes).await
    }

    fn sso_key(&self) -> Key {
        self.key("W", "SSO")
    }
}
