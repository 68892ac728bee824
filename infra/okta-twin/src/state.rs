//! The running twin's state, shared by every handler.
//!
//! The one rule: no lock is held across an `await`, and no two at once.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use http::Method;
use jiff::Timestamp;
use jsonwebtoken::EncodingKey;
use serde::{Deserialize, Serialize};

use crate::api::access::Tokens;
use crate::api::endpoints;
use crate::api::error::ApiError;
use crate::api::limits::{BucketCount, Limiter};
use crate::config::Config;
use crate::idp::IdpKeys;
use crate::options::Now;
use crate::org::Catalog;
use crate::org::answers::KnownAnswer;
use crate::seed::Seed;

pub(crate) struct App {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub(crate) base_url: String,
    pub(crate) org_id: String,
    pub(crate) seed: Seed,
    pub(crate) now: Now,
    pub(crate) org: RwLock<Catalog>,
    pub(crate) answers: Vec<KnownAnswer>,
    pub(crate) limits: Mutex<Limiter>,
    pub(crate) counters: Mutex<Refusals>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) tokens: Mutex<Tokens>,
    pub(crate) seen: Mutex<Seen>,
    pub(crate) config: Mutex<Config>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) http: reqwest::Client,
    pub(crate) idp: Mutex<IdpKeys>,
    /// The last response signed for each SAML app, for replay.
    pub(crate) last_response: Mutex<HashMap<String, String>>,
    /// Signs access tokens.
    pub(crate) token_key: EncodingKey,
    /// Makes the DPoP nonces of this run.
    pub(crate) nonce_secret: String,
}

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Changes the configuration and keeps it, if the twin keeps anything.
    pub(crate) fn configure<T>(&self, change: impl FnOnce(&mut Config) -> T) -> T {
        let mut config = locked(&self.config);
        let result = change(&mut config);
        if let Some(folder) = &self.state
            && let Err(error) = config.save(folder)
        {
            tracing::error!(%error, "the twin's configuration was not kept");
        }
        result
    }

    /// A step of a rollover of the identity provider's keys, kept if the twin keeps anything.
    pub(crate) fn roll(&self, step: crate::Rollover) -> anyhow::Result<()> {
        let now = self.now();
        let mut keys = locked(&self.idp);
        keys.roll(step, now)?;
        self.state.as_ref().map_or(Ok(()), |folder| keys.keep(folder))
    }
}

/// A poisoned lock is taken all the same: the panic that poisoned it has failed its own test.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// What may be used once: assertion and proof ids, until they expire.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<String, i64>);

impl Seen {
    /// Whether this is the first use; remembered until the given epoch second.
    pub(crate) fn first(&mut self, key: String, now: Timestamp, until: i64) -> bool {
        self.0.retain(|_, until| *until >= now.as_second());
        self.0.insert(key, until).is_none()
    }
}

/// Attempts to change the org through the management API. A read-only product makes none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// How many requests had a method other than GET.
    pub writes: u64,
    /// The first of them, as `METHOD path`.
    pub first_writes: Vec<String>,
}

impl Refusals {
    pub(crate) fn refuse_method(&mut self, method: &Method, path: &str) {
        self.writes += 1;
        if self.first_writes.len() < 100 {
            self.first_writes.push(format!("{method} {path}"));
        }
    }
}

/// What the management API was asked since the start, or since the counters were reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Requests in all buckets.
    pub requests: u64,
    /// Answered 429.
    pub refused: u64,
    pub buckets: BTreeMap<&'static str, BucketCount>,
    #[serde(flatten)]
    pub refusals: Refusals,
}

impl Counters {
    pub(crate) fn of(app: &App) -> Self {
        let buckets = locked(&app.limits).counts.clone();
        Self {
            requests: buckets.values().map(|count| count.requests).sum(),
            refused: buckets.values().map(|count| count.refused).sum(),
            buckets,
            refusals: locked(&app.counters).clone(),
        }
    }
}

/// A planted failure of the management API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Path, with `{}` for any segment: `/api/v1/users/{}/factors`.
    pub path: String,
    /// Okta's error code: `E0000015` (feature), `E0000047` (429), `E0000009` (500), ...
    pub code: String,
    /// How many requests it hits; all if absent.
    #[serde(default)]
    pub times: Option<u32>,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    pub(crate) fn take(&mut self, path: &str) -> Option<ApiError> {
        let fault =
            self.0.iter_mut().find(|fault| fault.times != Some(0) && endpoints::fits(&fault.path, path))?;
        fault.times = fault.times.map(|left| left - 1);
        ApiError::from_code(&fault.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_used_once_until_it_expires() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut seen = Seen::default();
        assert!(seen.first("a".into(), at(0), 10));
        assert!(!seen.first("a".into(), at(10), 10));
        assert!(seen.first("a".into(), at(11), 20));
    }

    #[test]
    fn a_fault_hits_as_often_as_it_says() {
        let mut faults =
            Faults(vec![Fault { path: "/a/{}".into(), code: "E0000015".into(), times: Some(1) }]);
        assert_eq!(faults.take("/b/1"), None);
        assert_eq!(faults.take("/a/1"), Some(ApiError::NoFeature));
        assert_eq!(faults.take("/a/1"), None);
    }
}
