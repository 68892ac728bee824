//! Every address of an org that the product reads, in one table.
//!
//! Its one rule: what is not in this table is not read. The collector, the preflight's permission table and the
//! approval that a customer signs all follow from it. Source: Okta Management API, 2026.06.

use std::fmt::Write;

use serde_json::Value;

/// One resource of a snapshot and where it comes from.
#[derive(Debug)]
pub struct Endpoint {
    /// Name of the resource in snapshots, rules and part keys.
    pub key: &'static str,
    /// Path and query of the first page; `{id}` stands for the parent's id.
    pub path: &'static str,
    /// For a resource that is read once per parent: whose, and which.
    pub fan_out: Option<FanOut>,
    pub scope: &'static str,
    /// The rate limit bucket the path counts in. Where it is not known whether two paths share one, they share one here.
    pub bucket: &'static str,
    pub shape: Shape,
    /// The only members that are kept of each row, where rows carry more personal data than any rule reads.
    pub keep: Option<&'static [&'static str]>,
    /// Whether an assessment without it is not worth starting.
    pub required: bool,
    /// One sentence for the customer: why we read it.
    pub why: &'static str,
}

/// How the parents of a fan-out are found.
#[derive(Debug)]
pub struct FanOut {
    /// The resource whose rows are looked at, earlier in the table.
    pub of: &'static str,
    /// Whom to ask for, given the row's own parent and the row.
    pub pick: fn(Option<&str>, &Value) -> Pick,
}

/// What a row means to a fan-out over its resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// Ask with this id.
    Ask(String),
    /// It is known to have nothing to ask for.
    Skip,
    /// It cannot be told: without this row's answer the fan-out is not complete.
    Unclear,
}

/// Where the rows are in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The body is an array of rows.
    List,
    /// The body is the one row.
    Single,
    /// The body is an object with the array under this name, and the next link in `_links.next.href`.
    Under(&'static str),
}

impl Shape {
    /// The rows of a body. `None` if it is not of this shape: an unreadable page must not look like an empty one.
    pub fn rows(self, mut body: Value) -> Option<Vec<Value>> {
        let list = match self {
            Self::List => body,
            Self::Single => Value::Array(vec![body]),
            Self::Under(name) => body.get_mut(name)?.take(),
        };
        let Value::Array(rows) = list else { return None };
        let readable = rows.iter().all(Value::is_object);
        readable.then_some(rows)
    }
}

impl Endpoint {
    /// Path and query of the first page.
    pub fn first(&self, parent: Option<&str>) -> String {
        let Some(parent) = parent else { return self.path.to_owned() };
        let mut id = String::new();
        for byte in parent.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
                id.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(id, "%{byte:02X}");
            }
        }
        self.path.replace("{id}", &id)
    }
}

/// The endpoint with this key.
pub fn find(key: &str) -> Option<&'static Endpoint> {
    ALL.iter().find(|e| e.key == key)
}

/// The scopes that the whole table needs, sorted.
pub fn scopes() -> Vec<&'static str> {
    let set: std::collections::BTreeSet<_> = ALL.iter().map(|e| e.scope).collect();
    set.into_iter().collect()
}

const PLAIN: Endpoint = Endpoint {
    key: "",
    path: "",
    fan_out: None,
    scope: "",
    bucket: "",
    shape: Shape::List,
    keep: None,
    required: false,
    why: "",
};

const fn each(of: &'static str) -> FanOut {
    FanOut { of, pick: |_, row| by_id(row) }
}

fn by_id(row: &Value) -> Pick {
    let id = row.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map_or(Pick::Unclear, |id| Pick::Ask(id.to_owned()))
}

/// Groups that hold a role. `hasAdminPrivilege` is in answers but not in Okta's specification: without it, all are asked.
fn may_hold_roles(_: Option<&str>, group: &Value) -> Pick {
    match group.pointer("/_embedded/stats/hasAdminPrivilege").and_then(Value::as_bool) {
        Some(false) => Pick::Skip,
        Some(true) | None => by_id(group),
    }
}

/// The group of a role that was found by asking for this very group.
fn its_group(group: Option<&str>, _: &Value) -> Pick {
    group.map_or(Pick::Unclear, |id| Pick::Ask(id.to_owned()))
}

fn okta_verify(_: Option<&str>, authenticator: &Value) -> Pick {
    match authenticator.get("key").and_then(Value::as_str) {
        Some("okta_verify") => by_id(authenticator),
        Some(_) => Pick::Skip,
        None => Pick::Unclear,
    }
}

const USER_FIELDS: &[&str] = &[
    "id",
    "status",
    "created",
    "activated",
    "statusChanged",
    "lastLogin",
    "passwordChanged",
    "realmId",
    "type",
    "profile.login",
    "profile.email",
    "profile.userType",
];

/// The table. A fan-out comes after the resource it reads its parents from.
pub static ALL: &[Endpoint] = &[
    Endpoint {
        key: "admin-console-settings",
        path: "/api/v1/first-party-app-settings/admin-console",
        scope: "okta.apps.read",
        bucket: "org",
        shape: Shape::Single,
        why: "Session limits of the Admin Console. Okta shows them to Super Admins only.",
        ..PLAIN
    },
    Endpoint {
        key: "org-client-privileges",
        path: "/api/v1/org/settings/clientPrivilegesSetting",
        scope: "okta.orgs.read",
        bucket: "org",
        shape: Shape::Single,
        why: "Whether new client apps silently become Super Admins.",
        ..PLAIN
    },
    Endpoint {
        key: "org-okta-support",
        path: "/api/v1/org/privacy/oktaSupport",
        scope: "okta.orgs.read",
        bucket: "org",
        shape: Shape::Single,
        why: "Whether Okta Support can enter the org, and until when. Okta shows it to Super Admins only.",
        ..PLAIN
    },
    Endpoint {
        key: "org-third-party-admin",
        path: "/api/v1/org/orgSettings/thirdPartyAdminSetting",
        scope: "okta.orgs.read",
        bucket: "org",
        shape: Shape::Single,
        why: "Whether people outside the company can be admins without notifications.",
        ..PLAIN
    },
    Endpoint {
        key: "users",
        path: "/api/v1/users?limit=200&fields=id,status,created,activated,statusChanged,lastLogin,passwordChanged,realmId,type,profile:(login,email,userType)",
        scope: "okta.users.read",
        bucket: "users",
        keep: Some(USER_FIELDS),
        required: true,
        why: "Status, last sign-in and realm of each account; of the profile only login, e-mail and user type.",
        ..PLAIN
    },
    Endpoint {
        key: "groups",
        path: "/api/v1/groups?limit=200&expand=stats",
        scope: "okta.groups.read",
        bucket: "groups",
        required: true,
        why: "Groups with their sizes, and which of them give admin rights.",
        ..PLAIN
    },
    Endpoint {
        key: "group-rules",
        path: "/api/v1/groups/rules?limit=200",
        scope: "okta.groups.read",
        bucket: "groups",
        why: "Rules that put people into groups, and whether they still work.",
        ..PLAIN
    },
    Endpoint {
        key: "group-roles",
        path: "/api/v1/groups/{id}/roles",
        fan_out: Some(FanOut { of: "groups", pick: may_hold_roles }),
        scope: "okta.roles.read",
        bucket: "groups",
        required: true,
        why: "Admin roles that people hold through a group.",
        ..PLAIN
    },
    Endpoint {
        key: "group-role-members",
        path: "/api/v1/groups/{id}/users?limit=200",
        fan_out: Some(FanOut { of: "group-roles", pick: its_group }),
        scope: "okta.groups.read",
        bucket: "groups",
        keep: Some(&["id", "status"]),
        required: true,
        why: "Who is in the groups that give admin roles; only ids and status are kept.",
        ..PLAIN
    },
    Endpoint {
        key: "iam-assignees",
        path: "/api/v1/iam/assignees/users?limit=100",
        scope: "okta.roles.read",
        bucket: "iam",
        shape: Shape::Under("value"),
        required: true,
        why: "Which accounts hold an admin role.",
        ..PLAIN
    },
    Endpoint {
        key: "user-roles",
        path: "/api/v1/users/{id}/roles",
        fan_out: Some(each("iam-assignees")),
        scope: "okta.roles.read",
        bucket: "users-sub",
        required: true,
        why: "Which admin roles these accounts hold.",
        ..PLAIN
    },
    Endpoint {
        key: "apps",
        path: "/api/v1/apps?limit=200",
        scope: "okta.apps.read",
        bucket: "apps",
        required: true,
        why: "Sign-on modes and OAuth settings of the applications.",
        ..PLAIN
    },
    Endpoint {
        key: "sign-on-policies",
        path: "/api/v1/policies?type=OKTA_SIGN_ON",
        scope: "okta.policies.read",
        bucket: "policies",
        required: true,
        why: "Global session policies.",
        ..PLAIN
    },
    Endpoint {
        key: "sign-on-rules",
        path: "/api/v1/policies/{id}/rules",
        fan_out: Some(each("sign-on-policies")),
        scope: "okta.policies.read",
        bucket: "policies",
        required: true,
        why: "Session lifetimes and sign-in requirements.",
        ..PLAIN
    },
    Endpoint {
        key: "password-policies",
        path: "/api/v1/policies?type=PASSWORD",
        scope: "okta.policies.read",
        bucket: "policies",
        required: true,
        why: "Password length, history and lockout.",
        ..PLAIN
    },
    Endpoint {
        key: "authenticators",
        path: "/api/v1/authenticators",
        scope: "okta.authenticators.read",
        bucket: "org",
        required: true,
        why: "Which ways of proving oneself are on, and for what.",
        ..PLAIN
    },
    Endpoint {
        key: "okta-verify-methods",
        path: "/api/v1/authenticators/{id}/methods",
        fan_out: Some(FanOut { of: "authenticators", pick: okta_verify }),
        scope: "okta.authenticators.read",
        bucket: "org",
        required: true,
        why: "Whether FastPass is on in Okta Verify.",
        ..PLAIN
    },
    Endpoint {
        key: "zones",
        path: "/api/v1/zones?limit=200",
        scope: "okta.networkZones.read",
        bucket: "org",
        required: true,
        why: "Network zones that block or trust.",
        ..PLAIN
    },
    Endpoint {
        key: "trusted-origins",
        path: "/api/v1/trustedOrigins?limit=200",
        scope: "okta.trustedOrigins.read",
        bucket: "trustedOrigins",
        why: "Web origins that the org trusts.",
        ..PLAIN
    },
    Endpoint {
        key: "threat-insight",
        path: "/api/v1/threats/configuration",
        scope: "okta.threatInsights.read",
        bucket: "org",
        shape: Shape::Single,
        why: "Whether known attackers are blocked at sign-in.",
        ..PLAIN
    },
    Endpoint {
        key: "idps",
        path: "/api/v1/idps?limit=200",
        scope: "okta.idps.read",
        bucket: "idps",
        why: "Identity providers that can sign people in, and whom they can become.",
        ..PLAIN
    },
    Endpoint {
        key: "api-tokens",
        path: "/api/v1/api-tokens?limit=200",
        scope: "okta.apiTokens.read",
        bucket: "api-tokens",
        required: true,
        why: "API tokens: their owner, use and network limits; never their values.",
        ..PLAIN
    },
    Endpoint {
        key: "event-hooks",
        path: "/api/v1/eventHooks",
        scope: "okta.eventHooks.read",
        bucket: "hooks",
        why: "Where the org sends events, and how the receiver is checked.",
        ..PLAIN
    },
    Endpoint {
        key: "inline-hooks",
        path: "/api/v1/inlineHooks",
        scope: "okta.inlineHooks.read",
        bucket: "hooks",
        why: "Outside code that takes part in sign-in and imports.",
        ..PLAIN
    },
    Endpoint {
        key: "realms",
        path: "/api/v1/realms?limit=200",
        scope: "okta.realms.read",
        bucket: "realms",
        why: "Realms, their type and their allowed domains.",
        ..PLAIN
    },
    Endpoint {
        key: "realm-assignments",
        path: "/api/v1/realm-assignments?limit=200",
        scope: "okta.realmAssignments.read",
        bucket: "realms",
        why: "Rules that decide into which realm an account goes.",
        ..PLAIN
    },
    Endpoint {
        key: "log-streams",
        path: "/api/v1/logStreams?limit=200",
        scope: "okta.logStreams.read",
        bucket: "logStreams",
        why: "Whether the System Log is kept outside Okta.",
        ..PLAIN
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::okta::token::is_read;

    #[test]
    fn the_table_reads_and_nothing_else() {
        for e in ALL {
            assert!(is_read(e.scope), "{}: {}", e.key, e.scope);
            assert!(e.path.starts_with('/') && !e.path.starts_with("//"), "{}", e.key);
            assert!(e.why.ends_with('.') && !e.bucket.is_empty(), "{}", e.key);
            assert_ne!(e.path, "/api/v1/org/privacy/aerial", "demands okta.orgs.manage");
        }
        let keys: BTreeSet<_> = ALL.iter().map(|e| e.key).collect();
        assert_eq!(keys.len(), ALL.len());
        assert!(keys.iter().all(|k| k.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
    }

    #[test]
    fn a_fan_out_comes_after_its_parents_and_asks_by_id() {
        for (i, e) in ALL.iter().enumerate() {
            assert_eq!(e.fan_out.is_some(), e.path.contains("{id}"), "{}", e.key);
            if let Some(fan_out) = &e.fan_out {
                assert!(ALL[..i].iter().any(|p| p.key == fan_out.of), "{}", e.key);
            }
        }
    }

    #[test]
    fn a_row_that_may_be_a_parent_is_not_left_out() {
        let pick = |key, parent, row| (find(key).unwrap().fan_out.as_ref().unwrap().pick)(parent, &row);
        let ask = |id: &str| Pick::Ask(id.to_owned());
        let stats = |admin: Value| json!({"id": "g1", "_embedded": {"stats": {"hasAdminPrivilege": admin}}});
        assert_eq!(pick("group-roles", None, stats(json!(true))), ask("g1"));
        assert_eq!(pick("group-roles", None, stats(json!(false))), Pick::Skip);
        assert_eq!(pick("group-roles", None, stats(json!("false"))), ask("g1"));
        assert_eq!(pick("group-role-members", Some("g1"), json!({"type": "SUPER_ADMIN"})), ask("g1"));
        let verify = |key: Value| json!({"id": "a1", "key": key});
        assert_eq!(pick("okta-verify-methods", None, verify(json!("okta_verify"))), ask("a1"));
        assert_eq!(pick("okta-verify-methods", None, verify(json!("webauthn"))), Pick::Skip);
        for (key, row) in [
            ("group-roles", json!({"profile": {}})),
            ("group-role-members", json!({"type": "SUPER_ADMIN"})),
            ("user-roles", json!({"id": 7})),
            ("user-roles", json!({"id": ""})),
            ("sign-on-rules", json!({"id": null})),
            ("okta-verify-methods", json!({"key": "okta_verify"})),
            ("okta-verify-methods", verify(json!(null))),
        ] {
            assert_eq!(pick(key, None, row), Pick::Unclear, "{key}");
        }
    }

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        let e = find("user-roles").unwrap();
        assert_eq!(e.first(Some("00u1")), "/api/v1/users/00u1/roles");
        assert_eq!(e.first(Some("../x?y=%2f")), "/api/v1/users/%2E%2E%2Fx%3Fy%3D%252f/roles");
    }
}
