//! Groups, their members and the rules that fill them.

use serde_json::{Value, json};

use super::Row;
use super::people::People;
use super::synthetic::Build;

pub(crate) const DEPARTMENTS: [&str; 8] =
    ["Engineering", "Finance", "Sales", "Support", "Legal", "People", "Operations", "Research"];

/// The groups that other parts refer to.
pub(crate) struct Groups {
    pub(crate) everyone: String,
    pub(crate) supers: String,
    pub(crate) helpdesk: String,
    pub(crate) contractors: String,
    pub(crate) departments: Vec<String>,
}

pub(crate) fn plant(build: &mut Build, people: &People) -> Groups {
    let present = |row: &&Row| row["status"] != "DEPROVISIONED";
    let all: Vec<Row> = people.rows.iter().filter(present).cloned().collect();
    let slice =
        |from: usize, to: usize| people.rows[from..to].iter().filter(present).cloned().collect::<Vec<_>>();
    let s = people.supers;

    let everyone = group(build, "Everyone", "BUILT_IN", "All users in your organization", all.clone(), false);
    group(build, "Okta Administrators", "BUILT_IN", "Okta manages this group", slice(0, s), true);
    let supers = group(build, "Super Administrators", "OKTA_GROUP", "Hold Super Admin", slice(1, s), true);
    let helpdesk = group(build, "Helpdesk", "OKTA_GROUP", "First line", slice(s, s + 1), true);
    let contractors =
        group(build, "Contractors", "OKTA_GROUP", "External staff", slice(s + 10, s + 20), false);
    let departments = DEPARTMENTS
        .iter()
        .map(|name| {
            let members = all.iter().filter(|row| row["profile"]["department"] == **name).cloned().collect();
            group(build, name, "OKTA_GROUP", "Department", members, false)
        })
        .collect();
    for (name, from, to) in [
        ("Atomation Admins", 0, 2),
        ("Atomation Security Admins", 2, 4),
        ("Atomation Viewers", 4, 14),
        ("Atomation Users", s + 10, s + 30),
    ] {
        group(build, name, "OKTA_GROUP", "Pushed to Atomation", slice(from, to), false);
    }
    let empty = group(build, "Old Project", "OKTA_GROUP", "Nobody is left", Vec::new(), false);
    let invalid = rules(build, &departments_by_name(build));
    build.fail("USR-09", vec![empty, invalid], "a group without members, a group rule that is INVALID");
    Groups { everyone, supers, helpdesk, contractors, departments }
}

fn departments_by_name(build: &Build) -> Vec<(String, String)> {
    DEPARTMENTS.iter().map(|name| ((*name).to_owned(), build.id("00g", name))).collect()
}

fn group(build: &mut Build, name: &str, kind: &str, about: &str, members: Vec<Row>, admin: bool) -> String {
    let id = build.id("00g", name);
    let path = format!("/api/v1/groups/{id}");
    let row = json!({
        "id": id,
        "created": build.ago(500),
        "lastUpdated": build.ago(60),
        "lastMembershipUpdated": build.ago(3),
        "objectClass": ["okta:user_group"],
        "type": kind,
        "profile": { "name": name, "description": about },
        "_links": {
            "self": build.href(&path),
            "users": build.href(&format!("{path}/users")),
            "apps": build.href(&format!("{path}/apps")),
        },
    });
    let stats: Value = json!({
        "usersCount": members.len(),
        "appsCount": 0,
        "groupPushMappingsCount": 0,
        "hasAdminPrivilege": admin,
        "_links": build.itself(&format!("{path}/stats")),
    });
    build.catalog.stats.insert(id.clone(), stats);
    build.catalog.push("/api/v1/groups", row);
    build.catalog.put_list(format!("{path}/users"), members);
    id
}

/// One rule per department, and one whose target group is gone. Returns the latter's id.
fn rules(build: &mut Build, departments: &[(String, String)]) -> String {
    for (name, group) in departments {
        rule(build, name, "ACTIVE", &format!("user.department==\"{name}\""), group);
    }
    let gone = build.id("00g", "deleted");
    rule(build, "Interns", "INVALID", "String.startsWith(user.title,\"Intern\")", &gone)
}

fn rule(build: &mut Build, name: &str, status: &str, expression: &str, group: &str) -> String {
    let id = build.id("0pr", name);
    let row = json!({
        "type": "group_rule",
        "id": id,
        "status": status,
        "name": name,
        "created": build.ago(300),
        "lastUpdated": build.ago(150),
        "conditions": {
            "people": { "users": { "exclude": [] }, "groups": { "exclude": [] } },
            "expression": { "value": expression, "type": "urn:okta:expression:1.0" },
        },
        "actions": { "assignUserToGroups": { "groupIds": [group] } },
        "allGroupsValid": status != "INVALID",
    });
    build.catalog.push("/api/v1/groups/rules", row);
    id
}
