//! How many requests a SCIM token may make in a minute, so that one client that runs wild costs the others nothing.
//!
//! One rule: counting costs no trip. The record that proves a token has the count; each process reports what it saw
//! after an answer, some requests at once, so that the limit is exact to a few per process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{
    ops::{Config, config::ConfigError},
    tenant::token::TokenRecord,
};

/// Far above what Okta sends: it pushes some ten requests a second.
pub const REQUESTS_PER_MINUTE: u64 = 3_000;

/// How many requests a process reports at once.
const REPORTED_AT_ONCE: u64 = 10;

/// Tokens that a process remembers the minute of; their counts are in their records anyway.
const REMEMBERED: usize = 1_000;

const MINUTE: i64 = 60;

/// The limit, and what this process has not reported yet.
#[derive(Clone)]
pub struct Rate {
    per_minute: u64,
    unreported: Arc<Mutex<HashMap<String, Seen>>>,
}

#[derive(Clone, Copy)]
struct Seen {
    minute: i64,
    requests: u64,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Go,
    /// Go, and report so many requests in this minute (Unix time / 60).
    Report(i64, u64),
    /// Come back after so many seconds.
    Wait(u32),
}

impl Rate {
    /// What the deployment says in `SCIM_REQUESTS_PER_MINUTE`, else [`REQUESTS_PER_MINUTE`].
    pub fn of(config: &Config) -> Result<Self, ConfigError> {
        let name = "SCIM_REQUESTS_PER_MINUTE";
        let Ok(limit) = config.get(name) else { return Ok(Self::per_minute(REQUESTS_PER_MINUTE)) };
        let wrong = || ConfigError::Invalid { name: name.to_owned(), want: "a whole number above 0" };
        limit.parse().ok().filter(|limit| *limit > 0).map(Self::per_minute).ok_or_else(wrong)
    }

    /// So many requests a minute.
    pub fn per_minute(limit: u64) -> Self {
        Self { per_minute: limit, unreported: Arc::default() }
    }

    /// Counts a request with this token.
    pub fn count(&self, token: &TokenRecord, at: Timestamp) -> Verdict {
        let minute = at.as_second().div_euclid(MINUTE);
        let mut unreported = self.unreported.lock().unwrap_or_else(PoisonError::into_inner);
        if unreported.len() >= REMEMBERED {
            unreported.retain(|_, seen| seen.minute == minute);
        }
        let seen = unreported.entry(token.id.clone()).or_insert(Seen { minute, requests: 0 });
        if seen.minute != minute {
            *seen = Seen { minute, requests: 0 };
        }
        if token.requests_in(minute) + seen.requests >= self.per_minute {
            let left = MINUTE - at.as_second().rem_euclid(MINUTE);
            return Verdict::Wait(u32::try_from(left).unwrap_or(1));
        }
        seen.requests += 1;
        if seen.requests < REPORTED_AT_ONCE {
            return Verdict::Go;
        }
        Verdict::Report(minute, std::mem::take(&mut seen.requests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::SystemRandom,
        tenant::{TenantId, token},
    };

    #[test]
    fn c25_a_minute_has_so_many_requests_and_the_next_one_as_many() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let lifetime = jiff::SignedDuration::from_hours(1);
        let issued = token::issue(&TenantId::new("t1"), &[], lifetime, at(0), &SystemRandom::default());
        let (_, mut token) = issued.unwrap();
        let rate = Rate::per_minute(25);
        let mut served = 0;
        for _ in 0..100 {
            match rate.count(&token, at(20)) {
                Verdict::Go => served += 1,
                Verdict::Report(minute, requests) => {
                    served += 1;
                    token.requests = token.requests_in(minute) + requests;
                    token.minute = Some(minute);
                }
                Verdict::Wait(seconds) => assert_eq!(seconds, 40),
            }
        }
        assert_eq!(served, 25);
        assert_eq!(rate.count(&token, at(60)), Verdict::Go);
    }
}
