//! Rate limits: buckets of endpoints that share so many requests per minute.
//!
//! The one rule: the window starts with the first request that falls into it, not with the minute,
//! and every answer says where the caller stands (`X-Rate-Limit-*`).
//! Source: developer.okta.com "Rate limits overview"; values of the older public workforce table,
//! the smaller ones as seen in recorded answers.

use std::collections::{BTreeMap, HashMap};

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;

use crate::options::RateLimits;

/// Name and requests per minute of each bucket, for the whole org.
pub const BUCKETS: &[(&str, u32)] = &[
    ("/oauth2/v1/token", 2_000),
    ("/oauth2/v1/clients", 100),
    ("/api/v1/users", 600),
    ("/api/v1/users/{id}", 2_000),
    ("/api/v1/users/*", 1_200),
    ("/api/v1/groups", 500),
    ("/api/v1/groups/{id}", 1_000),
    ("/api/v1/apps", 100),
    ("/api/v1/apps/{id}", 500),
    ("/api/v1/iam", 100),
    ("/api/v1/policies", 1_000),
    ("/api/v1/policies/{id}/mappings", 50),
    ("/api/v1/authorizationServers", 1_000),
    ("/api/v1/idps", 1_000),
    ("/api/v1/hooks", 1_000),
    ("/api/v1/trustedOrigins", 1_000),
    ("/api/v1/features", 1_000),
    ("/api/v1/realms", 500),
    ("/api/v1/api-tokens", 300),
    ("/api/v1/logStreams", 300),
    ("/api/v1/logs", 120),
    ("/api/v1/devices", 100),
    ("/api/v1/agentPools", 10),
    ("/api/v1/org", 100),
];

/// The principal that stands for everyone in the org together.
const ORG: &str = "";

/// Seconds in a window.
const WINDOW: i64 = 60;

#[derive(Debug)]
struct Window {
    opened: i64,
    used: u32,
}

/// What a bucket has seen since the twin started, or since the counters were reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BucketCount {
    pub requests: u64,
    /// Answered 429.
    pub refused: u64,
    /// The most requests one app had answered within one window.
    pub peak: u32,
    /// What one app may have answered within one window.
    pub limit: u32,
}

/// Where the caller stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Epoch seconds.
    pub(crate) reset: i64,
    pub(crate) allowed: bool,
}

/// The state of all buckets.
#[derive(Debug)]
pub(crate) struct Limiter {
    pub(crate) limits: RateLimits,
    windows: HashMap<(String, &'static str), Window>,
    pub(crate) counts: BTreeMap<&'static str, BucketCount>,
}

impl Limiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self { limits, windows: HashMap::new(), counts: BTreeMap::new() }
    }

    /// Takes one request of `principal` out of `bucket`: its own share, and the whole org's.
    pub(crate) fn take(&mut self, principal: &str, bucket: &'static str, now: Timestamp) -> Standing {
        let (limit, whole) = self.limit(bucket);
        let now = now.as_second();
        let org = self.window(ORG, bucket, now);
        let (org_used, org_reset) = (org.used, org.opened + WINDOW);
        let window = self.window(principal, bucket, now);
        let reset = if org_used < whole { window.opened + WINDOW } else { org_reset };
        let allowed = window.used < limit && org_used < whole;
        if allowed {
            window.used += 1;
        }
        let used = window.used;
        if allowed {
            self.window(ORG, bucket, now).used += 1;
        }
        let count = self.counts.entry(bucket).or_default();
        count.requests += 1;
        count.limit = limit;
        count.refused += u64::from(!allowed);
        count.peak = count.peak.max(used);
        let remaining = limit.saturating_sub(used).min(whole.saturating_sub(org_used + u32::from(allowed)));
        Standing { limit, remaining, reset, allowed }
    }

    /// Requests of somebody else. `false` if there is no such bucket.
    pub(crate) fn noise(&mut self, bucket: &str, requests: u32, now: Timestamp) -> bool {
        let Some((bucket, _)) = BUCKETS.iter().find(|(name, _)| *name == bucket) else { return false };
        let window = self.window(ORG, bucket, now.as_second());
        window.used = window.used.saturating_add(requests);
        true
    }

    fn window(&mut self, principal: &str, bucket: &'static str, now: i64) -> &mut Window {
        let fresh = || Window { opened: now, used: 0 };
        let window = self.windows.entry((principal.to_owned(), bucket)).or_insert_with(fresh);
        if now >= window.opened + WINDOW || now < window.opened {
            *window = fresh();
        }
        window
    }

    /// Requests per minute of one app, and of the whole org.
    fn limit(&self, bucket: &str) -> (u32, u32) {
        let whole = BUCKETS.iter().find(|(name, _)| *name == bucket).map_or(100, |(_, limit)| *limit);
        let whole = f64::from(whole) * self.limits.scale;
        match self.limits.buckets.get(bucket) {
            Some(limit) => (*limit, count(f64::from(*limit) / self.limits.share.max(f64::MIN_POSITIVE))),
            None => (count(whole * self.limits.share), count(whole)),
        }
    }
}

/// A whole number of requests, never 0: an org that answers nothing is no org.
fn count(requests: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the range of u32"
    )]
    let count = requests.floor().clamp(1.0, f64::from(u32::MAX)) as u32;
    count
}

impl Standing {
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(HeaderName::from_static("x-rate-limit-limit"), HeaderValue::from(self.limit));
        headers.insert(HeaderName::from_static("x-rate-limit-remaining"), HeaderValue::from(self.remaining));
        headers.insert(HeaderName::from_static("x-rate-limit-reset"), HeaderValue::from(self.reset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_window_opens_with_its_first_request_and_ends_a_minute_later() {
        let mut limiter = Limiter::new(RateLimits {
            buckets: [("/api/v1/apps".into(), 2)].into(),
            ..RateLimits::default()
        });
        let mut take = |second| limiter.take("app", "/api/v1/apps", at(second));
        assert_eq!(take(30), Standing { limit: 2, remaining: 1, reset: 90, allowed: true });
        assert_eq!(take(80), Standing { limit: 2, remaining: 0, reset: 90, allowed: true });
        assert_eq!(take(89), Standing { limit: 2, remaining: 0, reset: 90, allowed: false });
        assert_eq!(take(90), Standing { limit: 2, remaining: 1, reset: 150, allowed: true });
        assert_eq!(
            limiter.counts["/api/v1/apps"],
            BucketCount { requests: 4, refused: 1, peak: 2, limit: 2 }
        );
    }

    #[test]
    fn an_app_has_half_of_a_bucket_and_a_window_of_its_own() {
        let mut limiter = Limiter::new(RateLimits::default());
        assert_eq!(limiter.take("a", "/api/v1/apps", at(0)).limit, 50);
        assert_eq!(limiter.take("b", "/api/v1/apps", at(0)).remaining, 49);
    }

    #[test]
    fn a_noisy_neighbour_leaves_less_to_everyone() {
        let mut limiter = Limiter::new(RateLimits::default());
        assert!(limiter.noise("/api/v1/apps", 98, at(0)));
        assert_eq!(limiter.take("a", "/api/v1/apps", at(0)).remaining, 1);
        assert_eq!(limiter.take("b", "/api/v1/apps", at(1)).remaining, 0);
        let refused = limiter.take("b", "/api/v1/apps", at(2));
        assert_eq!((refused.allowed, refused.reset), (false, 60), "the org's window, not the app's");
        assert!(limiter.take("a", "/api/v1/apps", at(60)).allowed);
        assert!(!limiter.noise("/nothing", 1, at(0)));
    }
}
