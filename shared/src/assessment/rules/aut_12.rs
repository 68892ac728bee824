//! A persistent cookie outlives the browser window, and so the person in front of it.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "AUT-12",
    title: "Global sessions do not survive the browser",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::SignIn,
    subject: Subject::Resource,
    needs: &["sign-on-policies", "sign-on-rules"],
    controls: &[stig("V-273206"), nist("SC-23"), soc2("CC6.1")],
    params: &[],
    why: "On a shared computer the next person is signed in as the last one.",
    fix: "Turn persistent session cookies off in every allowing rule of the global session policies.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-about-okta-sign-on-policies"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    for rule in facts::allowing_sign_on_rules(snapshot)? {
        judge.flag(rule, "/actions/signon/session/usePersistentCookie", false);
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
              "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {"usePersistentCookie": false}}}}]}"#,
    fail: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
              "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {"usePersistentCookie": true}}}}]}"#,
    odd: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
             "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {"usePersistentCookie": null}}}}]}"#,
};
