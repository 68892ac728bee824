//! Length is what keeps a password from being guessed.

use super::prelude::*;

const LENGTH: Param = Param { name: "min_length", unit: "characters", baseline: 12, pci: 12, stig: 15 };

pub const RULE: Rule = Rule {
    id: "PWD-05",
    title: "Passwords are long enough",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Passwords,
    subject: Subject::Resource,
    needs: &["password-policies"],
    controls: &[stig("V-273195"), pci("8.3.6"), nist("IA-5(1)"), cis("5.2"), hipaa("164.308(a)(5)(ii)(D)")],
    params: &[LENGTH],
    why: "Short passwords fall to guessing, online and from stolen hashes.",
    fix: "Raise the minimum length in each active password policy.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-configure-password-policies"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, _now: Timestamp) -> Checked {
    let least = params.get(&RULE, &LENGTH);
    let mut judge = Judge::default();
    for policy in facts::live(snapshot, "password-policies")? {
        let pointer = "/settings/password/complexity/minLength";
        judge.int(policy, pointer, format!("at least {least}"), |n| n >= least);
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"complexity": {"minLength": 15}}}},
                                    {"id": "p2", "status": "INACTIVE", "settings": {"password": {"complexity": {"minLength": 4}}}}]}"#,
    fail: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"complexity": {"minLength": 8}}}}]}"#,
    odd: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"complexity": {"minLength": "15"}}}}]}"#,
};
