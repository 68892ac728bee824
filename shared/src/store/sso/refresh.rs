//! What the schedule knows of a connection's metadata, beside the connection that decides who signs in.
//!
//! One rule: an Admin's save wins. Everything a refresh writes rests on the connection as the refresh read it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SsoConnection;
use crate::{
    saml::IdpMetadata,
    store::{
        StoreError, TenantStore, Workspaces,
        audit::AuditRecord,
        json_text,
        keys::{Key, deployment},
        table::Write,
    },
    tenant::{Digest, TenantId},
};

const PARTITION: &str = "SSO";

/// How the refresh of a connection's metadata stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshState {
    /// When the metadata was last fetched and could be used.
    #[serde(default)]
    pub refreshed_at: Option<Timestamp>,
    /// Why the last try failed. What was pinned lives on.
    #[serde(default)]
    pub failure: Option<RefreshFailure>,
    /// What waits for an Admin.
    #[serde(with = "json_text")]
    pub staged: Option<Staged>,
}

/// A refresh that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshFailure {
    /// Stable, such as `url.status`.
    pub code: String,
    /// With what was wanted and what was there.
    pub text: String,
    /// When the metadata first could not be had, for this reason.
    pub since: Timestamp,
    pub last: Timestamp,
}

/// Metadata that breaks with what was pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    pub idp: IdpMetadata,
    pub found_at: Timestamp,
    /// Why it waits.
    pub reasons: Vec<String>,
}

impl Staged {
    /// What an Admin confirms: this very metadata and no other.
    pub fn digest(&self) -> Digest {
        let keys = self.idp.certificates.iter().map(|certificate| certificate.der.as_slice());
        let rest = [self.idp.entity_id.as_bytes(), self.idp.sso_redirect.as_bytes()];
        Digest::framed(rest.into_iter().chain(keys))
    }
}

/// A connection whose metadata the schedule fetches, not before `look_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueConnection {
    pub tenant: TenantId,
    pub look_at: Timestamp,
}

impl Workspaces {
    /// The connections to look at now, the longest waiting first, at most `limit`. A hint: what is done is decided
    /// from the workspace's own items.
    pub async fn due_connections(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueConnection>, StoreError> {
        let mut due = self.due(PARTITION, |due: &DueConnection| due.look_at, now).await?;
        due.truncate(limit);
        Ok(due)
    }

    /// Leaves a connection alone until `look_at`. `false` if somebody else did since it was read: two runs at once
    /// do not both fetch.
    pub async fn look_at_connection_later(
        &self,
        read: &DueConnection,
        look_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = Write::update(due_key(&read.tenant))
            .set("look_at", look_at)
            .when("#look_at = :read")
            .bind(":read", read.look_at);
        match self.table().write(vec![write]).await {
            Ok(()) => Ok(true),
            Err(StoreError::Condition(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl TenantStore {
    /// How the refresh of the connection's metadata stands.
    pub async fn sso_refresh(&self) -> Result<RefreshState, StoreError> {
        Ok(self.table.read(&self.refresh_key()).await?.unwrap_or_default())
    }

    /// Takes over `idp` in place of what `connection` pinned. `false` if the connection was changed since.
    pub async fn apply_refresh(
        &self,
        connection: &SsoConnection,
        idp: IdpMetadata,
        state: &RefreshState,
        audit: &AuditRecord,
    ) -> Result<bool, StoreError> {
        let next = SsoConnection { idp, version: connection.version + 1, ..connection.clone() };
        let read = connection.version;
        let pinned = Write::put(self.sso_key(), &next).when("#version = :read").bind(":read", read);
        was_current(self.change(vec![pinned, Write::put(self.refresh_key(), state)], audit).await)
    }

    /// Notes how a refresh went that changed nothing of `connection`. `false` if the connection was changed since.
    pub async fn note_refresh(
        &self,
        connection: &SsoConnection,
        state: &RefreshState,
        audit: Option<&AuditRecord>,
    ) -> Result<bool, StoreError> {
        let read = connection.version;
        let current = Write::check(self.sso_key()).when("#version = :read").bind(":read", read);
        let mut writes = vec![current, Write::put(self.refresh_key(), state)];
        writes.extend(audit.map(|audit| audit.write(&self.tenant)));
        was_current(self.table.write(writes).await)
    }

    /// The writes that begin anew with `connection`: nothing is staged, and the schedule fetches its metadata from
    /// where it came from, if it came from somewhere.
    pub(super) fn begin_refreshing(&self, connection: &SsoConnection) -> [Write; 2] {
        let fetched = connection.metadata_url.as_ref().filter(|_| connection.enabled);
        let state =
            RefreshState { refreshed_at: fetched.map(|_| connection.verified_at), ..RefreshState::default() };
        let due = due_key(&self.tenant);
        let schedule = match fetched {
            Some(_) => {
                let look_at = connection.verified_at;
                Write::put(due, &DueConnection { tenant: self.tenant.clone(), look_at })
            }
            None => Write::delete(due),
        };
        [Write::put(self.refresh_key(), &state), schedule]
    }

    fn refresh_key(&self) -> Key {
        self.key("W", "SSO-REFRESH")
    }
}

fn due_key(tenant: &TenantId) -> Key {
    Key::of(&deployment(), PARTITION, tenant.as_str())
}

fn was_current(written: Result<(), StoreError>) -> Result<bool, StoreError> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.refused(0) => Ok(false),
        Err(error) => Err(error),
    }
}
