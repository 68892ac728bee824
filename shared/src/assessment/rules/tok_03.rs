//! A token that nobody uses or renews is a key left under the mat.

use super::prelude::*;

const UNUSED: Param = Param::same("unused_days", "days", 30);
const AGE: Param = Param::same("age_days", "days", 365);

pub const RULE: Rule = Rule {
    id: "TOK-03",
    title: "API tokens are in use and less than a year old",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Integrations,
    subject: Subject::Resource,
    needs: &["api-tokens"],
    controls: &[nist("IA-5"), soc2("CC6.1"), pci("8.6.3"), iso("A.5.17")],
    params: &[UNUSED, AGE],
    why: "Old tokens have been copied to places nobody remembers, and their theft shows nowhere.",
    fix: "Revoke unused tokens and replace each token yearly.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh-api-tokens"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, now: Timestamp) -> Checked {
    let tokens = snapshot.resource("api-tokens")?;
    if tokens.is_empty() {
        return Ok(Outcome::not_applicable("the org has no API tokens"));
    }
    let mut judge = Judge::default();
    // Okta moves `lastUpdated` with each use.
    for (pointer, param, what) in [("/lastUpdated", &UNUSED, "used"), ("/created", &AGE, "created")] {
        let days = params.get(&RULE, param);
        let earliest = now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
        for token in tokens {
            match token.time(pointer) {
                Some(time) => {
                    judge.decide(token, pointer, format!("{what} within {days} days"), time, time >= earliest);
                }
                None => judge.odd(token, pointer),
            }
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"api-tokens": [{"id": "t1", "created": "2026-12-01T00:00:00.000Z", "lastUpdated": "2027-01-14T00:00:00.000Z"}]}"#,
    fail: r#"{"api-tokens": [{"id": "t1", "created": "2025-01-01T00:00:00.000Z", "lastUpdated": "2026-11-01T00:00:00.000Z"}]}"#,
    odd: r#"{"api-tokens": [{"id": "t1", "created": "2026-12-01T00:00:00.000Z", "lastUpdated": ""}]}"#,
};
