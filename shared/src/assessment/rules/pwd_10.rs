//! Guessing must be stopped, and must not be free again a minute later.

use super::prelude::*;

const ATTEMPTS: Param = Param { name: "most_attempts", unit: "attempts", baseline: 10, pci: 10, stig: 3 };
const UNLOCK: Param = Param::same("unlock_minutes", "minutes", 30);

pub const RULE: Rule = Rule {
    id: "PWD-10",
    title: "Accounts lock after wrong passwords and stay locked for a while",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Passwords,
    subject: Subject::Resource,
    needs: &["password-policies"],
    controls: &[stig("V-273189"), pci("8.3.4"), nist("AC-7"), hipaa("164.308(a)(5)(ii)(C)")],
    params: &[ATTEMPTS, UNLOCK],
    why: "Without a lockout a weak password is found by trying.",
    fix: "Set the lockout attempts, and unlock after 30 minutes or by an admin, in each active password policy.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-configure-password-policies"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, _now: Timestamp) -> Checked {
    let (most, least) = (params.get(&RULE, &ATTEMPTS), params.get(&RULE, &UNLOCK));
    let mut judge = Judge::default();
    for policy in facts::live(snapshot, "password-policies")? {
        let attempts = "/settings/password/lockout/maxAttempts";
        judge.int(policy, attempts, format!("1 to {most}"), |n| (1..=most).contains(&n));
        // 0 never unlocks by itself.
        let unlock = "/settings/password/lockout/autoUnlockMinutes";
        judge.int(policy, unlock, format!("0, or at least {least}"), |n| n == 0 || n >= least);
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"lockout": {"maxAttempts": 3, "autoUnlockMinutes": 0}}}}]}"#,
    fail: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"lockout": {"maxAttempts": 0, "autoUnlockMinutes": 5}}}}]}"#,
    odd: r#"{"password-policies": [{"id": "p1", "status": "ACTIVE", "settings": {"password": {"lockout": {"maxAttempts": 3}}}}]}"#,
};
