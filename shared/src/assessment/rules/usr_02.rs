//! An account that nobody uses is one that nobody misses when it is taken.

use super::prelude::*;

const DAYS: Param = Param { name: "idle_days", unit: "days", baseline: 90, pci: 90, stig: 35 };

pub const RULE: Rule = Rule {
    id: "USR-02",
    title: "Accounts that can sign in were used lately",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Lifecycle,
    subject: Subject::Org,
    needs: &["users"],
    controls: &[sox("AD"), soc2("CC6.2"), nist("AC-2(3)"), cis("5.3"), pci("8.2.6"), stig("V-273188")],
    params: &[DAYS],
    why: "Forgotten accounts of leavers and projects are the quietest way in.",
    fix: "Suspend or deactivate these accounts, and let an automation do it from now on.",
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
            // These cannot sign in; who never did is USR-03's.
            (Some("DEPROVISIONED" | "SUSPENDED" | "STAGED" | "PROVISIONED"), _) => judge.fine(),
            (Some(_), Some(last)) if last.is_null() => judge.fine(),
            _ => match user.time("/lastLogin") {
                Some(last) => {
                    let want = format!("a sign-in within {days} days");
                    judge.decide(user, "/lastLogin", want, last, last >= earliest);
                }
                None => judge.odd(user, "/lastLogin"),
            },
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"users": [{"id": "u1", "status": "ACTIVE", "lastLogin": "2027-01-10T00:00:00.000Z"},
                        {"id": "u2", "status": "SUSPENDED", "lastLogin": "2020-01-10T00:00:00.000Z"},
                        {"id": "u3", "status": "ACTIVE", "lastLogin": null}]}"#,
    fail: r#"{"users": [{"id": "u1", "status": "ACTIVE", "lastLogin": "2026-05-10T00:00:00.000Z"},
                        {"id": "u2", "status": "LOCKED_OUT", "lastLogin": "2026-05-10 00:00:00"}]}"#,
    odd: r#"{"users": [{"id": "u1", "status": "ACTIVE"}, {"id": "u2", "status": "ACTIVE", "lastLogin": "yesterday"}]}"#,
};
