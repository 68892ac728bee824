//! An identity provider that links by name decides who everybody is, admins too.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "IDP-01",
    title: "Identity providers do not link to just any account",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Network,
    subject: Subject::Resource,
    needs: &["idps"],
    controls: &[nist("IA-8"), soc2("CC6.1"), soc2("CC9.2"), iso("A.5.19")],
    params: &[],
    why: "Whoever runs the other provider can assert an admin's name and be signed in as that admin.",
    fix: "Limit automatic account linking to groups without admins, or turn it off.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-idp-account-link"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let idps = facts::live(snapshot, "idps")?;
    if idps.is_empty() {
        return Ok(Outcome::not_applicable("no outside identity provider is active"));
    }
    let mut judge = Judge::default();
    for idp in idps {
        judge.word(idp, "/policy/accountLink/action", "DISABLED, or AUTO for some groups", |action| match action {
            "DISABLED" => Some(true),
            "AUTO" => facts::names_any(idp, "/policy/accountLink/filter/groups/include"),
            _ => None,
        });
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"idps": [{"id": "i1", "status": "ACTIVE", "policy": {"accountLink": {"action": "DISABLED", "filter": null}}},
                       {"id": "i2", "status": "ACTIVE", "policy": {"accountLink": {"action": "AUTO", "filter": {"groups": {"include": ["g1"]}}}}}]}"#,
    fail: r#"{"idps": [{"id": "i1", "status": "ACTIVE", "policy": {"accountLink": {"action": "AUTO", "filter": null}}}]}"#,
    odd: r#"{"idps": [{"id": "i1", "status": "ACTIVE", "policy": {"accountLink": {"action": "ASK"}}}]}"#,
};
