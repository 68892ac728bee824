//! Groups and rules that no longer do anything hide those that do.

use serde_json::Value;

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "USR-09",
    title: "There are no empty groups and no broken group rules",
    severity: Severity::Low,
    confidence: Confirmed,
    area: Area::Lifecycle,
    subject: Subject::Org,
    needs: &["groups", "group-rules"],
    controls: &[sox("AR"), soc2("CC6.3"), nist("AC-2"), iso("A.5.18")],
    params: &[],
    why: "An invalid rule no longer gives or takes access as its owner believes.",
    fix: "Repair or delete the invalid rules, and delete groups without members.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-about-groups"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    for group in snapshot.resource("groups")? {
        match group.text("/type") {
            Some("OKTA_GROUP") => judge.int(group, "/_embedded/stats/usersCount", "at least one member", |n| n > 0),
            // Not the org's to delete.
            Some("BUILT_IN" | "APP_GROUP") => judge.fine(),
            _ => judge.odd(group, "/type"),
        }
    }
    for rule in snapshot.resource("group-rules")? {
        judge.word(rule, "/status", "ACTIVE or INACTIVE", |status| match status {
            "ACTIVE" | "INACTIVE" => Some(true),
            "INVALID" => Some(false),
            _ => None,
        });
        match rule.at("/allGroupsValid") {
            // It is not in Okta's specification, nor in each answer; the status tells of invalid groups too.
            None | Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => judge.hit(rule, "/allGroupsValid", true, false),
            Some(_) => judge.odd(rule, "/allGroupsValid"),
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"groups": [{"id": "g1", "type": "OKTA_GROUP", "_embedded": {"stats": {"usersCount": 3}}}, {"id": "g2", "type": "BUILT_IN"}],
              "group-rules": [{"id": "r1", "status": "ACTIVE", "allGroupsValid": true}]}"#,
    fail: r#"{"groups": [{"id": "g1", "type": "OKTA_GROUP", "_embedded": {"stats": {"usersCount": 0}}}],
              "group-rules": [{"id": "r1", "status": "INVALID"}]}"#,
    odd: r#"{"groups": [{"id": "g1", "type": "OKTA_GROUP"}], "group-rules": [{"id": "r1", "status": "ASLEEP"}]}"#,
};
