//! Okta orgs and how a workspace is connected to them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    StoreError, TenantStore,
    audit::AuditRecord,
    json_text,
    table::{Range, Write},
};
use crate::tenant::{OrgId, Workspace};

/// One assessed Okta org.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    pub org: OrgId,
    /// `https://acme.okta.com`
    pub okta_url: String,
    /// What people call it, such as `Production`.
    pub label: String,
    /// The service app; none until the customer has made it.
    pub client_id: Option<String>,
    /// The key that signs client assertions; its private part is the secret `okta/<org>`.
    pub key_id: String,
    /// The public key (RFC 7517), as published at `/.well-known/okta-jwks.json`.
    #[serde(with = "json_text")]
    pub public_key: Value,
    pub cadence: Cadence,
    /// What the last preflight showed.
    #[serde(default)]
    pub preflight: Option<PreflightResult>,
    /// When the last scan was begun, by schedule or by request.
    #[serde(default)]
    pub last_scan_at: Option<Timestamp>,
    pub created: Timestamp,
    pub version: u64,
}

/// How often an org is scanned once its first scan was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    Off,
    Daily,
    Weekly,
    Monthly,
}

impl Cadence {
    /// All of them, in the order that people read them.
    pub const ALL: [Self; 4] = [Self::Off, Self::Daily, Self::Weekly, Self::Monthly];

    /// The stored word, which people read too.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// Days between scans.
    pub fn days(self) -> Option<i64> {
        match self {
            Self::Off => None,
            Self::Daily => Some(1),
            Self::Weekly => Some(7),
            Self::Monthly => Some(30),
        }
    }
}

/// A preflight: when, whether it passed, and its table as shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreflightResult {
    pub at: Timestamp,
    pub passed: bool,
    #[serde(with = "json_text")]
    pub table: Value,
}

/// How often an addition is made anew when the workspace was changed meanwhile.
const TRIES: u32 = 5;

/// Why an org was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error("the org is in the workspace already")]
    Exists,
    #[error("want at most {max} orgs, got one more")]
    Limit { max: u8 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether `workspace`, which holds `connections`, takes the org at `okta_url` besides.
pub fn room_for(okta_url: &str, connections: &[Connection], workspace: &Workspace) -> Result<(), AddError> {
    if connections.iter().any(|connection| connection.okta_url == okta_url) {
        return Err(AddError::Exists);
    }
    let max = workspace.settings.max_orgs;
    if connections.len() < usize::from(max) { Ok(()) } else { Err(AddError::Limit { max }) }
}

impl TenantStore {
    /// The connection of one org.
    pub async fn connection(&self, org: &OrgId) -> Result<Option<Connection>, StoreError> {
        self.table.read(&self.key("O", org.as_str())).await
    }

    /// All connections, in order of their ids.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        let pk = self.partition("O");
        self.table.list(&Range { pk: &pk, from: None, to: None, newest_first: false, limit: 100 }).await
    }

    /// The public keys of all connections.
    pub async fn public_keys(&self) -> Result<Vec<Value>, StoreError> {
        Ok(self.connections().await?.into_iter().map(|connection| connection.public_key).collect())
    }

    /// Keeps a new connection, if there is room. Each addition changes the workspace, so that of two at once the
    /// second counts the first.
    pub async fn add_connection(&self, connection: &Connection, audit: &AuditRecord) -> Result<(), AddError> {
        let mut tries = 0;
        loop {
            let workspace: Option<Workspace> = self.table.read(&self.key("W", "W")).await?;
            let workspace =
                workspace.ok_or(StoreError::Corrupt { kind: "workspace", reason: "none".to_owned() })?;
            room_for(&connection.okta_url, &self.connections().await?, &workspace)?;
            let create = Write::create(self.key("O", connection.org.as_str()), connection);
            match self.change(vec![create, self.workspace_write(&workspace)], audit).await {
                Err(error) if error.refused(1) && tries < TRIES => tries += 1,
                done => return Ok(done?),
            }
        }
    }

    /// Replaces a connection as it was read; refused when it was changed since. The schedule looks at it next.
    pub async fn save_connection(
        &self,
        connection: &Connection,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let next = Connection { version: connection.version + 1, ..connection.clone() };
        let write = Write::put(self.key("O", connection.org.as_str()), &next)
            .when("#version = :read")
            .bind(":read", connection.version);
        self.change(vec![write, self.look_soon(&connection.org)], audit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cadence_is_written_as_it_is_read() {
        for cadence in Cadence::ALL {
            assert_eq!(serde_json::to_value(cadence).unwrap(), cadence.word());
        }
    }
}
