//! The fewer people can do everything, the fewer ways in; with only one, a lost phone locks the company out.

use super::prelude::*;

const SHARE: Param = Param::same("share_permille", "super admins per 1000 active users", 10);
const AT_LEAST: Param = Param::same("at_least", "super admins", 2);
const ALWAYS_ALLOWED: Param = Param::same("always_allowed", "super admins", 5);

pub const RULE: Rule = Rule {
    id: "ADM-01",
    title: "There are at least two super admins and not many more",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Admins,
    subject: Subject::Org,
    needs: &["iam-assignees", "user-roles", "group-roles", "group-role-members", "users"],
    controls: &[
        hipaa("164.312(a)(1)"),
        sox("AP-PA"),
        soc2("CC6.3"),
        glba("314.4(c)(1)"),
        iso("A.8.2"),
        pci("7.2.2"),
        nist("AC-6(5)"),
        cis("5.4"),
    ],
    params: &[SHARE, AT_LEAST, ALWAYS_ALLOWED],
    why: "Each super admin can change every policy and become every user. A stolen session of any of them is the company.",
    fix: "Keep two to five super admins; give others the smallest standard or custom role that does their work.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext_superadmin"],
    check,
};

fn check(snapshot: &Snapshot, params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    let holders = facts::holders(snapshot, &["SUPER_ADMIN"])?;
    let users = snapshot.resource("users")?;
    for role in snapshot.resource("user-roles")?.iter().chain(snapshot.resource("group-roles")?) {
        if role.text("/type").is_none() {
            judge.odd(role, "/type");
        }
    }
    for row in facts::nameless(snapshot)? {
        judge.odd(row, "/id");
    }
    let active = users.iter().filter(|user| user.text("/status") == Some("ACTIVE")).count();
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let most = params.get(&RULE, &ALWAYS_ALLOWED).max(number(active) * params.get(&RULE, &SHARE) / 1000);
    let least = params.get(&RULE, &AT_LEAST);
    let count = number(holders.len());
    let want = format!("{least} to {most} super admins");
    match count {
        // An org always has one: then they are hidden from us.
        0 => {}
        _ if (least..=most).contains(&count) => judge.fine(),
        _ if count < least => judge.org_hit("user-roles", want, count),
        _ => {
            for holder in &holders {
                match users.iter().find(|user| user.id() == holder) {
                    Some(user) => judge.hit(user, "/id", &want, format!("one of {count}")),
                    // Deprovisioned users are not in the list.
                    None => judge.org_hit("user-roles", &want, format!("{holder}, one of {count}")),
                }
            }
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"user-roles": [{"@parent": "u1", "id": "r1", "type": "SUPER_ADMIN"}],
              "group-roles": [{"@parent": "g1", "id": "r2", "type": "SUPER_ADMIN"}],
              "group-role-members": [{"@parent": "g1", "id": "u2", "status": "ACTIVE"}],
              "users": [{"id": "u1", "status": "ACTIVE"}, {"id": "u2", "status": "ACTIVE"}]}"#,
    fail: r#"{"group-roles": [{"@parent": "g1", "id": "r2", "type": "SUPER_ADMIN"}],
              "group-role-members": [{"@parent": "g1", "id": "u1"}, {"@parent": "g1", "id": "u2"}, {"@parent": "g1", "id": "u3"},
                                     {"@parent": "g1", "id": "u4"}, {"@parent": "g1", "id": "u5"}, {"@parent": "g1", "id": "u6"}],
              "users": [{"id": "u1", "status": "ACTIVE"}]}"#,
    odd: r#"{"user-roles": [{"@parent": "u1", "type": "SUPER_ADMIN"}, {"@parent": "u2", "type": null}], "users": []}"#,
};
