//! A token that works from anywhere works for whoever finds it.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "TOK-02",
    title: "API tokens work from known networks only",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Integrations,
    subject: Subject::Resource,
    needs: &["api-tokens"],
    controls: &[stig("V-279689"), nist("AC-17"), soc2("CC6.6"), iso("A.8.20")],
    params: &[],
    why: "Nothing but the token's secrecy stands between the internet and its rights.",
    fix: "Bind each token to the network zone of the system that uses it.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh-api-tokens"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let tokens = snapshot.resource("api-tokens")?;
    if tokens.is_empty() {
        return Ok(Outcome::not_applicable("the org has no API tokens"));
    }
    let mut judge = Judge::default();
    for token in tokens {
        judge.word(token, "/network/connection", "ZONE with zones included", |connection| match connection {
            "ZONE" => facts::names_any(token, "/network/include"),
            "ANYWHERE" => Some(false),
            _ => None,
        });
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"api-tokens": [{"id": "t1", "network": {"connection": "ZONE", "include": ["z1"]}}]}"#,
    fail: r#"{"api-tokens": [{"id": "t1", "network": {"connection": "ANYWHERE"}}, {"id": "t2", "network": {"connection": "ZONE", "include": []}}]}"#,
    odd: r#"{"api-tokens": [{"id": "t1", "network": {"connection": "SOMEWHERE"}}]}"#,
};
