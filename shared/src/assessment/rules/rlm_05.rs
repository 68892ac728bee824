//! Realm assignments decide by themselves, each day, where new people go.

use std::collections::BTreeMap;

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "RLM-05",
    title: "Realm assignments are active, specific and do not overlap",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Realms,
    subject: Subject::Resource,
    needs: &["realm-assignments"],
    controls: &[nist("AC-2"), soc2("CC6.2"), sox("TP")],
    params: &[],
    why: "A catch-all or doubled assignment puts people into the wrong realm, an inactive one leaves them where they are.",
    fix: "Activate or delete inactive assignments, and give each one expression that fits its realm only.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-realms"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let all = snapshot.resource("realm-assignments")?;
    let own: Vec<&Row> = all.iter().filter(|row| row.flag("/isDefault") != Some(true)).collect();
    if own.is_empty() {
        return Ok(Outcome::not_applicable("the org has no realm assignments of its own"));
    }
    let mut judge = Judge::default();
    let mut seen: BTreeMap<(Option<&str>, String), &Row> = BTreeMap::new();
    for row in own {
        judge.word(row, "/status", "ACTIVE", |status| match status {
            "ACTIVE" => Some(true),
            "INACTIVE" => Some(false),
            _ => None,
        });
        let pointer = "/conditions/expression/value";
        let Some(expression) = row.text(pointer) else {
            judge.odd(row, pointer);
            continue;
        };
        let plain: String = expression.to_lowercase().split_whitespace().collect();
        let catch_all = matches!(plain.as_str(), "" | "true" | "user.profile.login!=null");
        judge.decide(row, pointer, "an expression that fits some people", "one that fits everybody", !catch_all);
        let source = row.text("/conditions/profileSourceId");
        if source.is_none() {
            // With whose expressions it may overlap, nobody can tell.
            judge.odd(row, "/conditions/profileSourceId");
        }
        if let Some(other) = seen.insert((source, plain), row) {
            judge.hit(row, pointer, "an expression of its own", format!("the same as {}", other.id()));
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"realm-assignments": [{"id": "ra0", "isDefault": true, "conditions": {"expression": {}}},
                                    {"id": "ra1", "isDefault": false, "status": "ACTIVE", "conditions": {"profileSourceId": "s1", "expression": {"value": "user.profile.login.contains(\"@partner.example.com\")"}}}]}"#,
    fail: r#"{"realm-assignments": [{"id": "ra1", "status": "ACTIVE", "conditions": {"profileSourceId": "s1", "expression": {"value": " TRUE "}}}]}"#,
    odd: r#"{"realm-assignments": [{"id": "ra1", "status": "ACTIVE", "conditions": {"profileSourceId": "s1"}}]}"#,
};
