//! An account that was made and never used keeps its first password, and everybody who saw it.

use super::prelude::*;

const DAYS: Param = Param::same("unused_days", "days", 30);

pub const RULE: Rule = Rule {
    id: "USR-03",
    title: "New accounts are used or taken back",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Lifecycle,
    subject: Subject::Org,
    needs: &["users"],
    controls: &[sox("AD"), soc2("CC6.2"), nist("AC-2(3)"), cis("5.3")],
    params: &[DAYS],
    why: "Their activation links and first passwords lie in mailboxes, and nobody would notice a sign-in.",
    fix: "Deactivate accounts that were not used within a month of their creation.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-automations"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, now: Timestamp) -> Checked {
    let days = params.get(&RULE, &DAYS);
    let earliest = now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    let mut judge = Judge::default();
    for user in snapshot.resource("users")? {
        match (user.text("/status"), user.at("/lastLogin")) {
            (None, _) => judge.odd(user, "/status"),
            (Some("DEPROVISIONED" | "SUSPENDED" | "STAGED"), _) => judge.fine(),
            (_, Some(last)) if last.is_null() => match user.time("/created") {
                Some(created) => {
                    let want = format!("a sign-in within {days} days of creation");
                    judge.decide(user, "/lastLogin", want, format!("none since {created}"), created >= earliest);
                }
                None => judge.odd(user, "/created"),
            },
            _ if user.time("/lastLogin").is_some() => judge.fine(),
            _ => judge.odd(user, "/lastLogin"),
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"users": [{"id": "u1", "status": "ACTIVE", "created": "2020-01-01T00:00:00.000Z", "lastLogin": "2021-01-01T00:00:00.000Z"},
                        {"id": "u2", "status": "PROVISIONED", "created": "2027-01-01T00:00:00.000Z", "lastLogin": null}]}"#,
    fail: r#"{"users": [{"id": "u1", "status": "PROVISIONED", "created": "2026-01-01T00:00:00.000Z", "lastLogin": null}]}"#,
    odd: r#"{"users": [{"id": "u1", "status": "ACTIVE", "lastLogin": null}]}"#,
};
