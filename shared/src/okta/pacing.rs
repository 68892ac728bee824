//! How fast we may read. Okta counts calls per bucket of endpoints in windows of a minute and mails the customer's
//! admins when a bucket runs low: a scan that is noticed is a scan that did harm.
//!
//! Its one rule: never more than [`SHARE`] of a bucket, and never the last tenth of what others left. It says when to
//! go on; it never sleeps, so a Lambda can end and a later one resume.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Response;

/// The part of a bucket we use, in percent. Okta allows one app 50 by default.
pub const SHARE: u32 = 40;

/// A bucket before its first answer: the lowest limit seen in recorded answers is 10 a minute.
const UNKNOWN_LIMIT: u32 = 10;

/// Okta's window.
const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// The state of all buckets of one org. It is part of a scan's checkpoint, so that a resumed scan keeps its promises.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pacing {
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Bucket {
    limit: u32,
    /// What Okta says is left for everybody; `None` before the first answer of a window.
    remaining: Option<u32>,
    /// Our own calls in this window.
    spent: u32,
    /// When the window ends.
    reset: Timestamp,
    /// No call before this, whatever the counts say.
    blocked: Option<Timestamp>,
}

impl Pacing {
    /// The earliest instant, `now` or later, at which one more call may be made in `bucket`.
    pub fn ready_at(&self, bucket: &str, now: Timestamp) -> Timestamp {
        let Some(b) = self.buckets.get(bucket) else { return now };
        let blocked = b.blocked.unwrap_or(now).max(now);
        if b.reset <= now {
            return blocked;
        }
        let ours = (b.limit * SHARE / 100).max(1);
        let others_left = b.remaining.is_none_or(|left| left > b.limit / 10);
        if b.spent < ours && others_left { blocked } else { blocked.max(b.reset) }
    }

    /// Counts an answer and learns from its headers. `jitter_ms` spreads those who were stopped together.
    pub fn record(&mut self, bucket: &str, answer: &Response, now: Timestamp, jitter_ms: u16) {
        let fresh =
            || Bucket { limit: UNKNOWN_LIMIT, remaining: None, spent: 0, reset: now + WINDOW, blocked: None };
        let b = self.buckets.entry(bucket.to_owned()).or_insert_with(fresh);
        if b.reset <= now {
            *b = Bucket { limit: b.limit, ..fresh() };
        }
        b.spent += 1;
        let number = |name| answer.header(name).and_then(|v| v.trim().parse::<u32>().ok());
        if let Some(limit) = number("x-rate-limit-limit").filter(|&limit| limit > 0) {
            b.limit = limit;
        }
        b.remaining = number("x-rate-limit-remaining").or(b.remaining);
        if let Some(reset) = answer.header("x-rate-limit-reset").and_then(|v| v.trim().parse().ok()) {
            // The org's clock may differ from ours: a window is never longer than two.
            let reset = Timestamp::from_second(reset).unwrap_or(b.reset);
            b.reset = reset.clamp(now + SignedDuration::from_secs(1), now + WINDOW + WINDOW);
        }
        if answer.status == 429 {
            // A concurrency violation names no window (limit or reset of 0): stand back for a while instead.
            let until = if number("x-rate-limit-limit") == Some(0) { now + WINDOW / 4 } else { b.reset };
            b.blocked = Some(until + SignedDuration::from_millis(i64::from(jitter_ms)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{answer, now};
    use super::*;

    fn page(limit: u32, remaining: u32, reset: Timestamp) -> Response {
        headers(200, limit, remaining, reset)
    }

    fn headers(status: u16, limit: u32, remaining: u32, reset: Timestamp) -> Response {
        let (limit, remaining, reset) =
            (limit.to_string(), remaining.to_string(), reset.as_second().to_string());
        answer(
            status,
            &[
                ("X-Rate-Limit-Limit", &limit),
                ("x-rate-limit-remaining", &remaining),
                ("x-rate-limit-reset", &reset),
            ],
            "",
        )
    }

    #[test]
    fn our_share_is_spent_and_then_the_next_window_awaited() {
        let (mut pacing, t) = (Pacing::default(), now());
        let reset = t + SignedDuration::from_secs(30);
        let mut calls = 0;
        while pacing.ready_at("apps", t) == t {
            calls += 1;
            pacing.record("apps", &page(100, 100 - calls, reset), t, 0);
        }
        assert_eq!(calls, 40);
        assert_eq!(pacing.ready_at("apps", t), reset);
        assert_eq!(pacing.ready_at("users", t), t, "buckets are independent");
        assert_eq!(pacing.ready_at("apps", reset), reset, "a new window begins");
        pacing.record("apps", &page(100, 99, reset + WINDOW), reset, 0);
        assert_eq!(pacing.ready_at("apps", reset), reset);
    }

    #[test]
    fn a_noisy_neighbour_makes_us_wait_early() {
        let (mut pacing, t) = (Pacing::default(), now());
        let reset = t + SignedDuration::from_secs(20);
        pacing.record("users", &page(600, 60, reset), t, 0);
        assert_eq!(pacing.ready_at("users", t), reset);
    }

    #[test]
    fn an_unknown_bucket_is_taken_for_a_small_one() {
        let (mut pacing, t) = (Pacing::default(), now());
        for _ in 0..4 {
            assert_eq!(pacing.ready_at("new", t), t);
            pacing.record("new", &answer(200, &[], ""), t, 0);
        }
        assert_eq!(pacing.ready_at("new", t), t + WINDOW);
    }

    #[test]
    fn a_violation_blocks_until_the_reset_and_a_little_more() {
        let (mut pacing, t) = (Pacing::default(), now());
        let reset = t + SignedDuration::from_secs(20);
        pacing.record("iam", &headers(429, 100, 0, reset), t, 700);
        assert_eq!(pacing.ready_at("iam", t), reset + SignedDuration::from_millis(700));
        pacing.record("org", &headers(429, 0, 0, Timestamp::UNIX_EPOCH), t, 0);
        assert_eq!(pacing.ready_at("org", t), t + SignedDuration::from_secs(15));
    }

    #[test]
    fn a_wild_reset_costs_two_windows_at_most() {
        let (mut pacing, t) = (Pacing::default(), now());
        pacing.record("iam", &headers(429, 100, 0, t + SignedDuration::from_hours(999)), t, 0);
        assert_eq!(pacing.ready_at("iam", t), t + WINDOW + WINDOW);
        pacing.record("iam", &answer(429, &[("x-rate-limit-reset", "soon")], ""), t, 0);
        assert!(pacing.ready_at("iam", t) <= t + WINDOW + WINDOW);
    }

    proptest! {
        #[test]
        fn no_window_ever_sees_more_than_our_share(limit in 1u32..2000, gaps in proptest::collection::vec(0i64..5_000, 1..400)) {
            let mut pacing = Pacing::default();
            let start = now();
            // Learn the limit with one call, then count calls per window of the org's clock.
            let mut t = start;
            let mut windows: BTreeMap<i64, u32> = BTreeMap::new();
            for gap in gaps {
                t += SignedDuration::from_millis(gap);
                t = pacing.ready_at("b", t);
                let window = (t.as_second() - start.as_second()) / 60;
                let used = windows.entry(window).or_default();
                *used += 1;
                let reset = start + SignedDuration::from_secs((window + 1) * 60);
                pacing.record("b", &page(limit, limit.saturating_sub(*used), reset), t, 0);
                prop_assert!(*used <= (limit * SHARE / 100).max(1), "{} of {} in one window", used, limit);
            }
        }
    }
}
