//! The Admin Console is the one session that can change all others.

use super::prelude::*;

const IDLE: Param = Param::same("idle_minutes", "minutes", 15);
const LIFE: Param = Param::same("life_minutes", "minutes", 720);

pub const RULE: Rule = Rule {
    id: "AUT-05",
    title: "Admin Console sessions end after 15 idle minutes and 12 hours",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::SignIn,
    subject: Subject::Org,
    needs: &["admin-console-settings"],
    controls: &[stig("V-273187"), hipaa("164.312(a)(2)(iii)"), pci("8.2.8"), nist("AC-12"), soc2("CC6.1")],
    params: &[IDLE, LIFE],
    why: "A stolen or forgotten admin session is useful for as long as it lives.",
    fix: "Set the Admin Console's idle time to 15 minutes and its lifetime to 12 hours.",
    references: &["https://developer.okta.com/docs/api/openapi/okta-management/management/tag/OktaApplicationSettings"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, _now: Timestamp) -> Checked {
    let row = snapshot.single("admin-console-settings")?;
    let (idle, life) = (params.get(&RULE, &IDLE), params.get(&RULE, &LIFE));
    let mut judge = Judge::default();
    judge.int(row, "/sessionIdleTimeoutMinutes", format!("1 to {idle}"), |n| (1..=idle).contains(&n));
    judge.int(row, "/sessionMaxLifetimeMinutes", format!("1 to {life}"), |n| (1..=life).contains(&n));
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"admin-console-settings": [{"sessionIdleTimeoutMinutes": 15, "sessionMaxLifetimeMinutes": 720}]}"#,
    fail: r#"{"admin-console-settings": [{"sessionIdleTimeoutMinutes": 60, "sessionMaxLifetimeMinutes": 10080}]}"#,
    odd: r#"{"admin-console-settings": [{"sessionIdleTimeoutMinutes": 15}]}"#,
};
