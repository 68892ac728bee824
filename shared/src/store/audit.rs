//! The audit record: who did what to what, when, and under which correlation id.
//!
//! One rule: it is an item of the same transaction as the change it records.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    StoreError, TenantStore,
    keys::Key,
    table::{Range, Write},
};
use crate::{
    ops::{Random, random},
    tenant::TenantId,
};

/// One change, or one decision about access. It holds ids, never names or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Time-ordered: RFC 3339 to the microsecond, and an id.
    pub id: String,
    pub at: Timestamp,
    /// `user:<id>`, `scim:<token id>`, `operator:<id>`, `partner:<id>`, `job:<name>`, `sign-in`.
    pub actor: String,
    /// Dotted, such as `user.deactivate`.
    pub action: String,
    /// What was changed, such as `user:<id>`.
    pub target: String,
    /// What about it, in a few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    pub correlation_id: String,
}

/// Who acts, when, and in which request: what an audit record needs beside the change itself.
#[derive(Clone)]
pub struct Acting<'a> {
    pub actor: String,
    pub at: Timestamp,
    pub correlation_id: &'a str,
    pub random: &'a dyn Random,
}

impl Acting<'_> {
    /// The record of `action` on `target`.
    pub fn record(&self, action: &str, target: impl Into<String>, detail: impl Into<String>) -> AuditRecord {
        AuditRecord {
            id: format!("{:.6}#{}", self.at, random::id(self.random, "")),
            at: self.at,
            actor: self.actor.clone(),
            action: action.to_owned(),
            target: target.into(),
            detail: detail.into(),
            correlation_id: self.correlation_id.to_owned(),
        }
    }
}

impl AuditRecord {
    /// The write that keeps this record, once and for good.
    pub fn write(&self, tenant: &TenantId) -> Write {
        Write::create(Key::of(tenant, &month(self.at), self.id.clone()), self)
    }
}

fn month(at: Timestamp) -> String {
    format!("A#{}", at.strftime("%Y-%m"))
}

tokio::task_local! {
    static MADE: Arc<Mutex<Vec<AuditRecord>>>;
}

/// Runs `work` and returns the records of what it changed in tenants' stores.
pub async fn recorded<F: Future>(work: F) -> (F::Output, Vec<AuditRecord>) {
    let made = Arc::<Mutex<Vec<_>>>::default();
    let output = MADE.scope(made.clone(), work).await;
    let made = std::mem::take(&mut *made.lock().unwrap_or_else(PoisonError::into_inner));
    (output, made)
}

/// Notes that a change was made; outside [`recorded`] nobody asks.
pub(super) fn made(record: &AuditRecord) {
    let note = |made: &Arc<Mutex<Vec<_>>>| {
        made.lock().unwrap_or_else(PoisonError::into_inner).push(record.clone());
    };
    let _ = MADE.try_with(note);
}

impl TenantStore {
    /// Audit records older than `before` (an id), newest first, at most `limit`, looking back 14 months.
    pub async fn audit_log(
        &self,
        now: Timestamp,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        // What a caller sends as an id is a key only if it could be one.
        let before = before.filter(|id| id.len() <= 64);
        let mut records = Vec::new();
        let mut at = before.and_then(|id| id.split('#').next()?.parse().ok()).unwrap_or(now);
        for _ in 0..14 {
            let pk = self.partition(&month(at));
            let wanted = limit.saturating_sub(u32::try_from(records.len()).unwrap_or(u32::MAX));
            let range = Range {
                pk: &pk,
                from: before,
                to: None,
                newest_first: true,
                limit: wanted.saturating_add(1),
            };
            records.extend(self.table.list::<AuditRecord>(&range).await?);
            records.retain(|record| Some(record.id.as_str()) != before);
            if records.len() >= limit as usize {
                break;
            }
            let first = at.to_zoned(jiff::tz::TimeZone::UTC).first_of_month();
            let Ok(previous) = first.and_then(|first| first.yesterday()) else { break };
            at = previous.timestamp();
        }
        records.truncate(limit as usize);
        Ok(records)
    }

    /// Keeps a record of something that changes nothing else: a refusal, a read of evidence.
    pub async fn note(&self, record: &AuditRecord) -> Result<(), StoreError> {
        self.table.write(vec![record.write(&self.tenant)]).await
    }
}
