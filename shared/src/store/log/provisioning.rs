//! The provisioning log: every SCIM request of the workspace, what it changed, why it failed, for 30 days.
//!
//! One rule: no answer waits for its row and no request fails for it. The row is written after the answer
//! ([`crate::http::After`]) rather than in the request's transaction, because reads and refusals have none and the
//! status and the duration are known only then; what was changed is also in the audit log, which is in the
//! transaction. A row that cannot be written is an error in the telemetry.
//!
//! A stranger writes nothing here: a row needs a proven token. The one exception helps an administrator to see that
//! Okta still holds an old one: a token that is ours but revoked or expired leaves one row an hour, always the same.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::days::{Row, row_id};
use crate::{
    ops::Random,
    store::{StoreError, TenantStore, audit::AuditRecord},
};

/// How much of a change's detail goes into a row; the audit log has all of it.
const DETAIL: usize = 120;
/// How many changes go into a row.
const CHANGES: usize = 20;
const HOUR_SECONDS: i64 = 3600;

/// One SCIM request. It holds ids, never a name, a filter's value or a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisioningEntry {
    /// Time-ordered: RFC 3339 to the microsecond, and an id.
    pub id: String,
    /// When the request came.
    pub at: Timestamp,
    pub correlation_id: String,
    /// The id of the token that it came with.
    pub token: String,
    pub method: String,
    /// The path, with those values of the query that cannot be a person's.
    pub path: String,
    pub status: u16,
    pub duration_ms: u64,
    /// What it changed, as the audit log says it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// Why it failed: the words of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ProvisioningEntry {
    /// The same row under an id of its own.
    #[must_use]
    pub fn numbered(self, random: &dyn Random) -> Self {
        Self { id: row_id(self.at, random), ..self }
    }

    /// The row of a token that opens nothing any more: the same all through an hour.
    #[must_use]
    pub fn hourly(self) -> Self {
        let second = self.at.as_second() - self.at.as_second().rem_euclid(HOUR_SECONDS);
        let hour = Timestamp::from_second(second).unwrap_or(self.at);
        Self { id: format!("{hour:.6}#{}", self.token), ..self }
    }

    /// Whether the request was refused or broke.
    pub fn failed(&self) -> bool {
        self.status >= 400
    }
}

/// What changes did, in the words of their audit records, shortened.
pub fn changes(records: &[AuditRecord]) -> Vec<String> {
    let words = |record: &AuditRecord| {
        let AuditRecord { action, target, detail, .. } = record;
        let mut text = format!("{action} {target}");
        if !detail.is_empty() {
            text.push(' ');
            text.extend(detail.chars().take(DETAIL));
        }
        if detail.chars().count() > DETAIL {
            text.push('…');
        }
        text
    };
    records.iter().take(CHANGES).map(words).collect()
}

impl Row for ProvisioningEntry {
    const LOG: &'static str = "scim";

    fn id(&self) -> &str {
        &self.id
    }

    fn at(&self) -> Timestamp {
        self.at
    }
}

impl TenantStore {
    /// Keeps a row.
    pub async fn log_provisioning(&self, entry: &ProvisioningEntry) -> Result<(), StoreError> {
        self.table.keep(self.log_row(entry)).await
    }

    /// Rows older than `before` (an id), newest first, at most `limit`.
    pub async fn provisioning_log(
        &self,
        now: Timestamp,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ProvisioningEntry>, StoreError> {
        self.log_rows(now, before, limit).await
    }
}
