//! The sign-in log: every attempt with everything that was checked, for 30 days.
//!
//! One rule: it says exactly what was wrong, to the workspace's administrators and to nobody else; the person
//! who was refused sees the correlation id that leads here. It holds ids, never a name.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    StoreError, TenantStore,
    audit::Acting,
    json_text,
    table::{Range, Write},
};
use crate::{ops::random, saml::Check, tenant::UserId};

/// How long an attempt is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One attempt to sign in by SAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInAttempt {
    /// Time-ordered: RFC 3339 to the microsecond, and an id.
    pub id: String,
    pub at: Timestamp,
    pub correlation_id: String,
    /// `signed_in`, or the code of the refusal, such as `saml.audience`.
    pub outcome: String,
    /// Who signed in, or would have, once the response was verified.
    #[serde(default)]
    pub user: Option<UserId>,
    /// Every check in the order made; a refusal ends with the one that failed.
    #[serde(with = "json_text")]
    pub checks: Vec<LoggedCheck>,
    /// What an Admin should hear although it stopped nobody.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// The outcome of an attempt that opened a session.
pub const SIGNED_IN: &str = "signed_in";

/// A check as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCheck {
    pub name: String,
    pub want: String,
    pub got: String,
    pub passed: bool,
}

impl From<&Check> for LoggedCheck {
    fn from(check: &Check) -> Self {
        let Check { name, want, got, passed } = check;
        Self { name: (*name).to_owned(), want: want.clone(), got: got.clone(), passed: *passed }
    }
}

impl SignInAttempt {
    /// An attempt in the request of `acting`.
    pub fn new(acting: &Acting<'_>, outcome: &str, checks: Vec<LoggedCheck>, warnings: Vec<String>) -> Self {
        Self {
            id: format!("{:.6}#{}", acting.at, random::id(acting.random, "")),
            at: acting.at,
            correlation_id: acting.correlation_id.to_owned(),
            outcome: outcome.to_owned(),
            user: None,
            checks,
            warnings,
        }
    }
}

impl TenantStore {
    /// The write that keeps an attempt, for the transaction that it led to.
    pub fn sign_in_attempt(&self, attempt: &SignInAttempt) -> Write {
        let end = attempt.at.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        Write::create(self.key(&day(attempt.at), attempt.id.clone()), attempt).expires(end.as_second())
    }

    /// Keeps an attempt that changed nothing.
    pub async fn log_sign_in(&self, attempt: &SignInAttempt) -> Result<(), StoreError> {
        self.table.write(vec![self.sign_in_attempt(attempt)]).await
    }

    /// Attempts older than `before` (an id), newest first, at most `limit`.
    pub async fn sign_in_log(
        &self,
        now: Timestamp,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SignInAttempt>, StoreError> {
        let mut attempts: Vec<SignInAttempt> = Vec::new();
        let oldest = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        let mut at = before.and_then(|id| id.split('#').next()?.parse().ok()).unwrap_or(now);
        while at >= oldest && attempts.len() < limit as usize {
            let pk = self.partition(&day(at));
            let wanted = limit - u32::try_from(attempts.len()).unwrap_or(limit);
            // One more, since the range begins with `before` itself.
            let range = Range { pk: &pk, from: before, to: None, newest_first: true, limit: wanted + 1 };
            attempts.extend(self.table.list::<SignInAttempt>(&range).await?);
            attempts.retain(|attempt| Some(attempt.id.as_str()) != before && attempt.at >= oldest);
            let Ok(yesterday) = at.to_zoned(TimeZone::UTC).date().yesterday() else { break };
            let Ok(end) = yesterday.at(23, 59, 59, 999_999_999).to_zoned(TimeZone::UTC) else { break };
            at = end.timestamp();
        }
        attempts.truncate(limit as usize);
        Ok(attempts)
    }
}

fn day(at: Timestamp) -> String {
    format!("B#signin#{}", at.strftime("%Y-%m-%d"))
}
