//! Admin roles: direct, through groups, and the partners' custom role.

use serde_json::{Value, json};

use super::groups::Groups;
use super::people::People;
use super::synthetic::Build;

pub(crate) fn plant(build: &mut Build, people: &People, groups: &Groups) {
    for (index, kind) in [
        (0, "SUPER_ADMIN"),
        (1, "SUPER_ADMIN"),
        (people.helpdesk, "HELP_DESK_ADMIN"),
        (people.suspended_admin, "USER_ADMIN"),
        (people.staged_admin, "REPORT_ADMIN"),
        (people.service_account, "READ_ONLY_ADMIN"),
    ] {
        let user = people.id(index).to_owned();
        assign(build, "users", &user, kind);
        assignee(build, &user);
    }
    assign(build, "groups", &groups.supers, "SUPER_ADMIN");
    assign(build, "groups", &groups.helpdesk, "HELP_DESK_ADMIN");
    custom(build, people);

    let holders = (0..people.supers).map(|index| people.id(index).to_owned()).collect();
    build.fail("ADM-01", holders, "too many super admins; all but two hold the role through a group only");
    let gone = [people.suspended_admin, people.staged_admin].map(|index| people.id(index).to_owned());
    build.fail("ADM-05", gone.to_vec(), "a suspended and a staged user hold a role");
}

fn label(kind: &str) -> &'static str {
    match kind {
        "SUPER_ADMIN" => "Super Administrator",
        "HELP_DESK_ADMIN" => "Help Desk Administrator",
        "USER_ADMIN" => "Group Administrator",
        "REPORT_ADMIN" => "Report Administrator",
        _ => "Read-only Administrator",
    }
}

fn assign(build: &mut Build, holders: &str, holder: &str, kind: &str) {
    let row = json!({
        "id": build.id("ra1", &format!("{holder}/{kind}")),
        "label": label(kind),
        "type": kind,
        "status": "ACTIVE",
        "created": build.ago(300),
        "lastUpdated": build.ago(300),
        "assignmentType": if holders == "users" { "USER" } else { "GROUP" },
        "_links": { "assignee": build.href(&format!("/api/v1/{holders}/{holder}")) },
    });
    build.catalog.push(format!("/api/v1/{holders}/{holder}/roles"), row);
}

/// The bulk list names who holds a role directly. Whether Okta also lists those who hold one through
/// a group is not documented; the twin does not, so that nobody can rely on it.
fn assignee(build: &mut Build, user: &str) {
    let row = json!({
        "id": user,
        "orn": format!("orn:okta:directory:{}:users:{user}", build.org_id),
        "_links": {
            "self": build.href(&format!("/api/v1/users/{user}")),
            "roles": build.href(&format!("/api/v1/users/{user}/roles")),
        },
    });
    build.catalog.push("/api/v1/iam/assignees/users", row);
}

const PERMISSIONS: [&str; 4] =
    ["okta.users.read", "okta.users.create", "okta.users.userprofile.manage", "okta.realms.read"];

/// One role for partner admins; one resource set and one binding for each partner.
fn custom(build: &mut Build, people: &People) {
    let role = build.id("cr0", "Partner Admin");
    let path = format!("/api/v1/iam/roles/{role}");
    let row = described(
        build,
        &role,
        "Partner Admin",
        "Runs a partner's users",
        &json!({
            "self": build.href(&path),
            "permissions": build.href(&format!("{path}/permissions")),
        }),
    );
    build.catalog.push("/api/v1/iam/roles", row);
    for permission in PERMISSIONS {
        let row = json!({
            "label": permission,
            "created": build.ago(300),
            "lastUpdated": build.ago(300),
            "conditions": null,
            "_links": { "role": build.href(&path), "self": build.href(&format!("{path}/permissions/{permission}")) },
        });
        build.catalog.push(format!("{path}/permissions"), row);
    }
    for (nth, realm) in people.partner_realms.iter().enumerate() {
        let admin = people.id(people.partner_admins[nth]).to_owned();
        let set = resource_set(build, ["Parts Supplier", "Nordlicht Logistics"][nth], realm);
        bind(build, &set, &role, &admin);
        assignee(build, &admin);
    }
}

fn resource_set(build: &mut Build, name: &str, realm: &str) -> String {
    let id = build.id("iam", name);
    let path = format!("/api/v1/iam/resource-sets/{id}");
    let row = described(
        build,
        &id,
        name,
        "One partner's realm and users",
        &json!({
            "self": build.href(&path),
            "resources": build.href(&format!("{path}/resources")),
            "bindings": build.href(&format!("{path}/bindings")),
        }),
    );
    build.catalog.push("/api/v1/iam/resource-sets", row);
    for (what, tail) in [("realm", ""), ("users", ":users")] {
        let resource = build.id("ire", &format!("{name}/{what}"));
        let row = json!({
            "id": resource,
            "orn": format!("orn:okta:directory:{}:realms:{realm}{tail}", build.org_id),
            "created": build.ago(300),
            "lastUpdated": build.ago(300),
            "_links": {
                "self": build.href(&format!("/api/v1/realms/{realm}")),
                "resource": build.href(&format!("{path}/resources/{resource}")),
            },
        });
        build.catalog.push(format!("{path}/resources"), row);
    }
    id
}

fn bind(build: &mut Build, set: &str, role: &str, user: &str) {
    let bindings = format!("/api/v1/iam/resource-sets/{set}/bindings");
    let members = format!("{bindings}/{role}/members");
    let binding = json!({
        "id": role,
        "_links": { "self": build.href(&format!("/api/v1/iam/roles/{role}")), "members": build.href(&members) },
    });
    build.catalog.push(bindings, binding);
    let member = build.id("irb", &format!("{set}/{user}"));
    let row = json!({
        "id": member,
        "created": build.ago(300),
        "lastUpdated": build.ago(300),
        "_links": { "self": build.href(&format!("/api/v1/users/{user}")) },
    });
    build.catalog.push(members, row);
    let held = json!({
        "id": member,
        "label": "Partner Admin",
        "type": "CUSTOM",
        "status": "ACTIVE",
        "created": build.ago(300),
        "lastUpdated": build.ago(300),
        "assignmentType": "USER",
        "resource-set": set,
        "role": role,
        "_links": { "assignee": build.href(&format!("/api/v1/users/{user}")) },
    });
    build.catalog.push(format!("/api/v1/users/{user}/roles"), held);
}

fn described(build: &Build, id: &str, label: &str, about: &str, links: &Value) -> Value {
    json!({
        "id": id,
        "label": label,
        "description": about,
        "created": build.ago(300),
        "lastUpdated": build.ago(300),
        "_links": links,
    })
}
