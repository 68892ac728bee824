//! What a twin is started with.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The clock of the twin: everything it stamps, and every expiry it judges, follows this.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Which org the twin plays.
#[derive(Debug, Clone)]
pub enum Org {
    /// Generated from the seed, with planted faults and [`crate::KnownAnswer`]s.
    Synthetic,
    /// Built from a folder of recorded answers, `<route>/<status>-<hash>.json`.
    Recordings(PathBuf),
}

/// How far the org lets one app go. A request that is over answers 429 `E0000047`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateLimits {
    /// Multiplies every bucket of [`crate::BUCKETS`]; 1 is a workforce org.
    pub scale: f64,
    /// What one app may use of a bucket (Okta: 50 % unless an admin moves the slider).
    /// `X-Rate-Limit-Limit` shows what applies to the caller, so the share is already in it.
    pub share: f64,
    /// Requests per minute of single buckets, by name, in place of scale and share.
    pub buckets: BTreeMap<String, u32>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { scale: 1.0, share: 0.5, buckets: BTreeMap::new() }
    }
}

/// See [`crate::Twin::start`].
#[derive(Clone)]
pub struct TwinOptions {
    /// Loopback only; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Same seed, same clock: same org.
    pub seed: u64,
    /// Users of the synthetic org.
    pub users: usize,
    pub org: Org,
    pub now: Now,
    pub rate_limits: RateLimits,
    /// Folder that keeps the IdP's key and the apps' configuration between runs.
    pub state: Option<PathBuf>,
}

impl TwinOptions {
    /// 2,000 synthetic users on a free loopback port, nothing kept.
    pub fn new(now: Now) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            users: 2_000,
            org: Org::Synthetic,
            now,
            rate_limits: RateLimits::default(),
            state: None,
        }
    }
}

impl fmt::Debug for TwinOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwinOptions")
            .field("listen", &self.listen)
            .field("seed", &self.seed)
            .field("users", &self.users)
            .field("org", &self.org)
            .field("rate_limits", &self.rate_limits)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
