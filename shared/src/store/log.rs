//! The sign-in log: every attempt with everything that was checked, for 30 days.
//!
//! One rule: it says exactly what was wrong, to the workspace's administrators and to nobody else; the person
//! who was refused sees the correlation id that leads here. It holds ids, never a name.

mod days;
pub mod provisioning;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::days::KEPT;
use self::days::{Row, row_id};
use super::{StoreError, TenantStore, audit::Acting, json_text, table::Write};
use crate::{saml::Check, tenant::UserId};

/// How many attempts one look at the log reads at most.
pub const LOOKED_AT: usize = 1_000;
const AT_ONCE: u32 = 100;

/// How many checks of one attempt are kept, beside the last one. A genuine one that is signed twice has above 60.
const FIRST_CHECKS: usize = 120;

/// One attempt to sign in by SAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInAttempt {
    /// Time-ordered: RFC 3339 to the microsecond, and an id.
    pub id: String,
    pub at: Timestamp,
    pub correlation_id: String,
    /// `signed_in`, `tested`, or the code of the refusal, such as `saml.audience`.
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

/// The outcome of a test: what would have opened a session.
pub const TESTED: &str = "tested";

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
        Self { name: (*name).to_owned(), want: want.clone().into_owned(), got: got.clone(), passed: *passed }
    }
}

impl SignInAttempt {
    /// An attempt in the request of `acting`. Of too many checks the middle is left out: a stranger chooses how many
    /// there are, and the last one says why nobody came in.
    pub fn new(
        acting: &Acting<'_>,
        outcome: &str,
        mut checks: Vec<LoggedCheck>,
        warnings: Vec<String>,
    ) -> Self {
        if checks.len() > FIRST_CHECKS {
            checks.drain(FIRST_CHECKS..checks.len() - 1);
        }
        Self {
            id: row_id(acting.at, acting.random),
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
        self.log_row(attempt)
    }

    /// Keeps an attempt that changed nothing.
    pub async fn log_sign_in(&self, attempt: &SignInAttempt) -> Result<(), StoreError> {
        self.table.write(vec![self.sign_in_attempt(attempt)]).await
    }

    /// Attempts older than `before` (an id) that `wanted` takes, newest first, at most `limit`; and the id to go on
    /// from, if there may be more. Looks at [`LOOKED_AT`] attempts at most.
    pub async fn sign_in_log(
        &self,
        now: Timestamp,
        before: Option<&str>,
        limit: usize,
        wanted: impl Fn(&SignInAttempt) -> bool,
    ) -> Result<(Vec<SignInAttempt>, Option<String>), StoreError> {
        let mut before = before.map(str::to_owned);
        let (mut found, mut looked_at) = (Vec::new(), 0);
        while looked_at < LOOKED_AT {
            let page: Vec<SignInAttempt> = self.log_rows(now, before.as_deref(), AT_ONCE).await?;
            let is_last = page.len() < AT_ONCE as usize;
            looked_at += page.len();
            for attempt in page {
                if found.len() == limit {
                    let last = found.last().map(|last: &SignInAttempt| last.id.clone());
                    return Ok((found, last));
                }
                before = Some(attempt.id.clone());
                if wanted(&attempt) {
                    found.push(attempt);
                }
            }
            if is_last {
                return Ok((found, None));
            }
        }
        Ok((found, before))
    }
}

impl Row for SignInAttempt {
    const LOG: &'static str = "signin";

    fn id(&self) -> &str {
        &self.id
    }

    fn at(&self) -> Timestamp {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::SystemRandom;

    #[test]
    fn an_attempt_keeps_its_first_checks_and_its_last() {
        let random = SystemRandom::default();
        let at = "2026-03-01T08:00:00Z".parse().unwrap();
        let acting = Acting { actor: "sign-in".to_owned(), at, correlation_id: "c-test", random: &random };
        let kept = |count: usize| {
            let check = |n: usize| LoggedCheck {
                name: n.to_string(),
                want: String::new(),
                got: String::new(),
                passed: n + 1 < count,
            };
            let attempt = SignInAttempt::new(&acting, "saml.x", (0..count).map(check).collect(), Vec::new());
            attempt.checks.into_iter().map(|check| check.name.parse().unwrap()).collect::<Vec<usize>>()
        };
        assert!(kept(0).is_empty());
        assert_eq!(kept(61), (0..61).collect::<Vec<_>>());
        assert_eq!(kept(1_000), (0..120).chain([999]).collect::<Vec<_>>());
    }
}
