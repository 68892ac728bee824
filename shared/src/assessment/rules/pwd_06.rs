//! The passwords that everybody tries first should not be accepted.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "PWD-06",
    title: "Common passwords are refused",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Passwords,
    subject: Subject::Resource,
    needs: &["password-policies"],
    controls: &[stig("V-273208"), nist("IA-5(1)"), cis("5.2"), soc2("CC6.1")],
    params: &[],
    why: "Attackers try lists of common passwords against all accounts at once.",
    fix: "Turn on \"Restrict use of common passwords\" in each active password policy.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-configure-password-policies"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    for policy in facts::live(snapshot, "password-policies")? {
        judge.flag(policy, "/settings/password/complexity/dictionary/common/exclude", true);
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"complexity": {"dictionary": {"common": {"exclude": true}}}}}}]}"#,
    fail: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"complexity": {"dictionary": {"common": {"exclude": false}}}}}}]}"#,
    odd: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"complexity": {}}}}]}"#,
};
