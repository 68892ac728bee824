//! A door for the vendor's support should close by itself.

use super::prelude::*;

const MOST_DAYS: Param = Param::same("most_days", "days until support access ends", 7);

pub const RULE: Rule = Rule {
    id: "ADM-13",
    title: "Okta Support access is off or ends soon",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Admins,
    subject: Subject::Org,
    needs: &["org-okta-support"],
    controls: &[soc2("CC9.2"), glba("314.4(f)"), nist("MA-4"), pci("8.2.7"), sox("TP")],
    params: &[MOST_DAYS],
    why: "While it is on, support staff of the vendor can enter the org as an admin.",
    fix: "Revoke the access, or grant it per case with a near end.",
    references: &["https://help.okta.com/oie/en-us/content/topics/settings/settings-support-access.htm"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, now: Timestamp) -> Checked {
    let row = snapshot.single("org-okta-support")?;
    let days = params.get(&RULE, &MOST_DAYS);
    let latest = now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    let mut judge = Judge::default();
    match (row.text("/support"), row.time("/expiration")) {
        (Some("DISABLED"), _) => judge.fine(),
        (Some("ENABLED"), Some(end)) => {
            judge.decide(row, "/expiration", format!("an end within {days} days"), end, end <= latest);
        }
        (Some("ENABLED"), None) => judge.hit(row, "/expiration", format!("an end within {days} days"), "no end"),
        _ => judge.odd(row, "/support"),
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"org-okta-support": [{"support": "ENABLED", "expiration": "2027-01-16T08:00:00.000Z"}]}"#,
    fail: r#"{"org-okta-support": [{"support": "ENABLED", "expiration": "2027-03-16T08:00:00.000Z"}]}"#,
    odd: r#"{"org-okta-support": [{"support": "PAUSED", "expiration": null}]}"#,
};
