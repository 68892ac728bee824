//! A token can do what its owner can, without a second factor, from anywhere it leaks to.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "TOK-01",
    title: "No API token belongs to a super admin or org admin",
    severity: Severity::Critical,
    confidence: Confirmed,
    area: Area::Integrations,
    subject: Subject::Resource,
    needs: &["api-tokens", "iam-assignees", "user-roles", "group-roles", "group-role-members"],
    controls: &[stig("V-279690"), nist("AC-6"), pci("7.2.5"), pci("8.6.1"), cis("5.5"), soc2("CC6.3")],
    params: &[],
    why: "Such a token in a script, a ticket or a vendor's database is the whole org.",
    fix: "Give the integration an account of its own with the smallest role, or an OAuth service app, and revoke the token.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh-api-tokens"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let tokens = snapshot.resource("api-tokens")?;
    if tokens.is_empty() {
        return Ok(Outcome::not_applicable("the org has no API tokens"));
    }
    let holders = facts::holders(snapshot, &["SUPER_ADMIN", "ORG_ADMIN"])?;
    let mut judge = Judge::default();
    if holders.is_empty() {
        // There always is a super admin: the roles are hidden from us.
        judge.odd(&tokens[0], "/userId");
    }
    for row in facts::nameless(snapshot)? {
        judge.odd(row, "/id");
    }
    for token in tokens {
        match token.text("/userId") {
            Some(owner) => judge.decide(
                token,
                "/userId",
                "an owner who is not super admin or org admin",
                format!("owner {owner} is one"),
                !holders.contains(owner),
            ),
            None => judge.odd(token, "/userId"),
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"api-tokens": [{"id": "t1", "userId": "u2"}], "user-roles": [{"@parent": "u1", "type": "SUPER_ADMIN"}, {"@parent": "u2", "type": "READ_ONLY_ADMIN"}]}"#,
    fail: r#"{"api-tokens": [{"id": "t1", "userId": "u3"}], "group-roles": [{"@parent": "g1", "type": "ORG_ADMIN"}], "group-role-members": [{"@parent": "g1", "id": "u3"}]}"#,
    odd: r#"{"api-tokens": [{"id": "t1", "userId": null}], "user-roles": [{"@parent": "u1", "type": "SUPER_ADMIN"}]}"#,
};
