//! Times as Okta writes them.

use jiff::{SignedDuration, Timestamp};

/// `2026-02-02T11:16:19.000Z`, some days before (or, if negative, after) `now`.
pub(crate) fn days_ago(now: Timestamp, days: i64) -> String {
    let then = now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    then.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_look_like_oktas() {
        let now: Timestamp = "2026-02-02T11:16:19.75Z".parse().unwrap();
        assert_eq!(days_ago(now, 1), "2026-02-01T11:16:19.000Z");
        assert_eq!(days_ago(now, -1), "2026-02-03T11:16:19.000Z");
    }
}
