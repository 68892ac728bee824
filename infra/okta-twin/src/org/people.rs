//! Users and realms.

use std::sync::Arc;

use serde_json::{Value, json};

use super::synthetic::Build;
use super::{Row, id};

const FIRST: [&str; 24] = [
    "Amara", "Bjorn", "Chidi", "Daria", "Emil", "Farah", "Goran", "Hana", "Ines", "Jonas", "Kofi", "Leila",
    "Marta", "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Samir", "Tove", "Uma", "Viktor", "Wanda", "Yusuf",
];
const LAST: [&str; 24] = [
    "Okafor",
    "Lindqvist",
    "Obi",
    "Petrova",
    "Keller",
    "Haddad",
    "Novak",
    "Sato",
    "Moreira",
    "Brandt",
    "Mensah",
    "Karimi",
    "Silva",
    "Dahl",
    "Ivanova",
    "Horak",
    "Murphy",
    "Vega",
    "Aziz",
    "Berg",
    "Rao",
    "Toth",
    "Zielinska",
    "Demir",
];

const WORKFORCE: &str = "example.com";
const PARTS: &str = "parts.example.net";
const NORDLICHT: &str = "nordlicht.example.org";

/// Everyone, and who is who among them.
pub(crate) struct People {
    pub(crate) rows: Vec<Row>,
    /// The first so many hold Super Admin: two directly, all but the first through a group.
    pub(crate) supers: usize,
    pub(crate) helpdesk: usize,
    pub(crate) suspended_admin: usize,
    pub(crate) staged_admin: usize,
    pub(crate) service_account: usize,
    pub(crate) token_owner: usize,
    pub(crate) partner_admins: [usize; 2],
    pub(crate) partner_realms: [String; 2],
}

impl People {
    pub(crate) fn id(&self, index: usize) -> &str {
        self.rows.get(index).map(|row| id(row)).unwrap_or_default()
    }
}

/// One user before it is written down.
struct Draft {
    status: &'static str,
    /// Days since; `None` is never.
    last_login: Option<i64>,
    created: i64,
    domain: &'static str,
    realm: usize,
}

pub(crate) fn plant(build: &mut Build, count: usize) -> People {
    let realms = realms(build);
    let supers = count.div_ceil(100).max(5) + 10;
    let cast = supers + 10;
    let idle = (count / 50).max(3);
    let never = (count / 100).max(2);
    let partners = count / 20;
    let misplaced = supers + 5..supers + 8;
    let mut rows = Vec::with_capacity(count);
    let (mut found_idle, mut found_never, mut found_misplaced) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..count {
        let mut draft = ordinary(build, index);
        if index >= count - partners {
            (draft.domain, draft.realm) = (NORDLICHT, 2);
        } else if index >= count - 2 * partners {
            (draft.domain, draft.realm) = (PARTS, 1);
        }
        if index < cast {
            draft =
                Draft { status: "ACTIVE", last_login: Some(1), created: 400, domain: WORKFORCE, realm: 0 };
        } else if index < cast + idle {
            draft =
                Draft { status: "ACTIVE", last_login: Some(120), created: 700, domain: WORKFORCE, realm: 0 };
        } else if index < cast + idle + never {
            // Too young to be idle for 90 days, too old to be merely new.
            let status = if index % 2 == 0 { "ACTIVE" } else { "PROVISIONED" };
            draft = Draft { status, last_login: None, created: 45, domain: WORKFORCE, realm: 0 };
        }
        match index - supers.min(index) {
            1 => draft.status = "SUSPENDED",
            2 => (draft.status, draft.last_login, draft.created) = ("STAGED", None, 5),
            _ if misplaced.contains(&index) => draft.domain = PARTS,
            8 => (draft.domain, draft.realm) = (PARTS, 1),
            9 => (draft.domain, draft.realm) = (NORDLICHT, 2),
            _ => {}
        }
        let row = Arc::new(user(build, index, &draft, &realms));
        if (cast..cast + idle).contains(&index) {
            found_idle.push(id(&row).to_owned());
        } else if (cast + idle..cast + idle + never).contains(&index) {
            found_never.push(id(&row).to_owned());
        } else if misplaced.contains(&index) {
            found_misplaced.push(id(&row).to_owned());
        }
        rows.push(row);
    }
    build.fail("USR-02", found_idle, "active, last login 120 days ago");
    build.fail("USR-03", found_never, "never signed in, created 45 days ago");
    build.fail("RLM-04", found_misplaced, "login at a partner's domain, in the default realm");
    build.catalog.put_list("/api/v1/users", rows.clone());
    let [_, parts, nordlicht] = realms;
    People {
        rows,
        supers,
        helpdesk: supers,
        suspended_admin: supers + 1,
        staged_admin: supers + 2,
        service_account: supers + 3,
        token_owner: supers + 4,
        partner_admins: [supers + 8, supers + 9],
        partner_realms: [parts, nordlicht],
    }
}

fn ordinary(build: &Build, index: usize) -> Draft {
    let number =
        |what: &str, bound| i64::try_from(build.seed.below(&format!("{what}/{index}"), bound)).unwrap_or(0);
    let created = 100 + number("created", 1_400);
    let (status, last_login) = match number("status", 1_000) {
        0..40 => ("DEPROVISIONED", Some(100 + number("left", 300))),
        40..50 => ("SUSPENDED", Some(30 + number("left", 60))),
        50..60 => ("STAGED", None),
        60..70 => ("LOCKED_OUT", Some(number("login", 20))),
        70..80 => ("PASSWORD_EXPIRED", Some(number("login", 60))),
        80..85 => ("RECOVERY", Some(number("login", 20))),
        _ => ("ACTIVE", Some(number("login", 28))),
    };
    let created =
        if status == "STAGED" { 1 + number("staged", 20) } else { created.max(last_login.unwrap_or(0) + 1) };
    Draft { status, last_login, created, domain: WORKFORCE, realm: 0 }
}

fn user(build: &Build, index: usize, draft: &Draft, realms: &[String; 3]) -> Value {
    let id = build.id("00u", &index.to_string());
    let first = FIRST[index % FIRST.len()];
    let last = LAST[(index / FIRST.len()) % LAST.len()];
    let nth = match index / (FIRST.len() * LAST.len()) {
        0 => String::new(),
        nth => nth.to_string(),
    };
    let login = format!("{first}.{last}{nth}@{}", draft.domain).to_lowercase();
    let activated = (draft.status != "STAGED").then(|| build.ago(draft.created));
    let changed = draft.created.min(30 + i64::try_from(index % 50).unwrap_or(0));
    json!({
        "id": id,
        "status": draft.status,
        "created": build.ago(draft.created),
        "activated": activated,
        "statusChanged": build.ago(draft.created.min(90)),
        "lastLogin": draft.last_login.map(|days| build.ago(days)),
        "lastUpdated": build.ago(draft.created.min(10)),
        "passwordChanged": activated.is_some().then(|| build.ago(changed)),
        "type": { "id": build.id("oty", "default") },
        "realmId": realms[draft.realm],
        "profile": {
            "firstName": first,
            "lastName": format!("{last}{nth}"),
            "mobilePhone": null,
            "secondEmail": null,
            "login": login,
            "email": login,
            "department": super::groups::DEPARTMENTS[index % super::groups::DEPARTMENTS.len()],
        },
        "credentials": {
            "password": {},
            "emails": [{ "value": login, "status": "VERIFIED", "type": "PRIMARY" }],
            "provider": { "type": "OKTA", "name": "OKTA" },
        },
        "_links": build.itself(&format!("/api/v1/users/{id}")),
    })
}

/// The default realm and two partners', and the assignments that fill them.
fn realms(build: &mut Build) -> [String; 3] {
    let profiles = [
        ("default", json!({ "name": "Default Realm", "realmType": "DEFAULT" })),
        ("parts", json!({ "name": "Parts Supplier", "realmType": "PARTNER", "domains": [PARTS] })),
        (
            "nordlicht",
            json!({ "name": "Nordlicht Logistics", "realmType": "PARTNER", "domains": [NORDLICHT] }),
        ),
    ];
    let ids = profiles.clone().map(|(key, _)| build.id("guo", key));
    for ((key, profile), id) in profiles.into_iter().zip(&ids) {
        let row = json!({
            "id": id,
            "created": build.ago(500),
            "lastUpdated": build.ago(200),
            "profile": profile,
            "isDefault": key == "default",
            "_links": { "self": { "rel": "self", "href": format!("{}/api/v1/realms/{id}", build.base), "method": "GET" } },
        });
        build.catalog.push("/api/v1/realms", row);
    }
    let rules = [
        ("Parts by domain", "ACTIVE", 1, &ids[1], Some(PARTS), false),
        ("Nordlicht by domain", "INACTIVE", 2, &ids[2], Some(NORDLICHT), false),
        ("Catch-all", "ACTIVE", 499, &ids[0], None, true),
    ];
    let mut faulty = Vec::new();
    for (name, status, priority, realm, domain, is_default) in rules {
        let id = build.id("rul", name);
        let expression = domain.map(|domain| format!("user.profile.login.contains(\"@{domain}\")"));
        let row = json!({
            "id": id,
            "status": status,
            "name": name,
            "created": build.ago(400),
            "lastUpdated": build.ago(100),
            "isDefault": is_default,
            "domains": domain.into_iter().collect::<Vec<_>>(),
            "conditions": {
                "profileSourceId": build.id("0oa", "profile source"),
                "expression": expression.map(|value| json!({ "value": value })),
            },
            "actions": { "assignUserToRealm": { "realmId": realm } },
            "priority": priority,
            "_links": { "self": { "rel": "self", "href": format!("{}/api/v1/realm-assignments/{id}", build.base), "method": "GET" } },
        });
        build.catalog.push("/api/v1/realm-assignments", row);
        if status == "INACTIVE" {
            faulty.push(id);
        }
    }
    build.fail(
        "RLM-05",
        faulty,
        "a realm assignment is inactive (and the default one leads to the workforce)",
    );
    build.at_least();
    ids
}
