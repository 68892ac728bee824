//! A forced change that leads back to the old password changes nothing.

use super::prelude::*;

const HISTORY: Param = Param { name: "history", unit: "passwords", baseline: 4, pci: 4, stig: 5 };

pub const RULE: Rule = Rule {
    id: "PWD-07",
    title: "Recent passwords cannot be used again",
    severity: Severity::Low,
    confidence: Confirmed,
    area: Area::Passwords,
    subject: Subject::Resource,
    needs: &["password-policies"],
    controls: &[stig("V-273209"), pci("8.3.7"), nist("IA-5(1)")],
    params: &[HISTORY],
    why: "After an incident people go back to the password that was stolen.",
    fix: "Set the password history in each active password policy.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-configure-password-policies"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, _now: Timestamp) -> Checked {
    let least = params.get(&RULE, &HISTORY);
    let mut judge = Judge::default();
    for policy in facts::live(snapshot, "password-policies")? {
        judge.int(policy, "/settings/password/age/historyCount", format!("at least {least}"), |n| n >= least);
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"age": {"historyCount": 5}}}}]}"#,
    fail: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"age": {"historyCount": 0}}}}]}"#,
    odd: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"age": {"historyCount": null}}}}]}"#,
};
