//! However busy, a session should once in a while prove who is there.

use super::prelude::*;

const LIFE: Param = Param::same("life_minutes", "minutes", 1080);

pub const RULE: Rule = Rule {
    id: "AUT-11",
    title: "Global sessions last 18 hours at most",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::SignIn,
    subject: Subject::Resource,
    needs: &["sign-on-policies", "sign-on-rules"],
    controls: &[stig("V-273203"), nist("IA-11"), soc2("CC6.1"), iso("A.8.5")],
    params: &[LIFE],
    why: "A session without an end survives the loss of a device and most of an incident.",
    fix: "Set a maximum lifetime in every allowing rule of the global session policies; 0 means no limit.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-about-okta-sign-on-policies"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, _now: Timestamp) -> Checked {
    let most = params.get(&RULE, &LIFE);
    let mut judge = Judge::default();
    for rule in facts::allowing_sign_on_rules(snapshot)? {
        let pointer = "/actions/signon/session/maxSessionLifetimeMinutes";
        judge.int(rule, pointer, format!("1 to {most}"), |n| (1..=most).contains(&n));
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
              "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {"maxSessionLifetimeMinutes": 720}}}}]}"#,
    fail: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
              "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "ALLOW", "session": {"maxSessionLifetimeMinutes": 0}}}}]}"#,
    odd: r#"{"sign-on-policies": [{"id": "p1", "status": "ACTIVE"}],
             "sign-on-rules": [{"@parent": "p1", "id": "r1", "actions": {"signon": {"access": "SOMETIMES"}}}]}"#,
};
