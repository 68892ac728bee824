//! An unattended browser stays signed in until this limit.

use super::prelude::*;

const IDLE: Param = Param { name: "idle_minutes", unit: "minutes", baseline: 120, pci: 15, stig: 15 };

pub const RULE: Rule = Rule {
    id: "AUT-10",
    title: "Global sessions end when idle",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::SignIn,
    subject: Subject::Resource,
    needs: &["sign-on-policies", "sign-on-rules"],
    controls: &[stig("V-273186"), hipaa("164.312(a)(2)(iii)"), pci("8.2.8"), nist("AC-11"), soc2("CC6.1")],
    params: &[IDLE],
    why: "A session that does not end can be used by whoever sits down next, or by whoever copies its cookie.",
    fix: "Set the maximum idle time in every allowing rule of the global session policies.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-about-okta-sign-on-policies"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, _now: Timestamp) -> Checked {
    let most = params.get(&RULE, &IDLE);
    let mut judge = Judge::default();
    for rule in facts::allowing_sign_on_rules(snapshot)? {
        let pointer = "/actions/signon/session/maxSessionIdleMinutes";
        judge.int(rule, pointer, format!("1 to {most}"), |n| (1..=most).contains(&n));
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}, {"id": "p2", "status": "INACTIVE"}],
              "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {"maxSessionIdleMinutes": 15}}}},
                                {"@parent": "p1", "id": "r2", "actions": {"signon": {"access": "DENY", "session": {"maxSessionIdleMinutes": 720}}}},
                                {"@parent": "p2", "id": "r3", "actions": {"signon": {"access": "ALLOW", "session": {"maxSessionIdleMinutes": 720}}}}]}"#,
    fail: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
              "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {"maxSessionIdleMinutes": 720}}}}]}"#,
    odd: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
             "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {}}}}]}"#,
};
