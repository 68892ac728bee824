//! Applications, who has them, and which sign-on policy guards them.

use serde_json::{Value, json};

use super::groups::{DEPARTMENTS, Groups};
use super::policies::Policies;
use super::synthetic::Build;
use super::{Row, id};

/// One app before it is written down.
struct Draft<'a> {
    name: &'a str,
    label: &'a str,
    mode: &'a str,
    settings: Value,
    policy: &'a str,
}

pub(crate) fn plant(build: &mut Build, groups: &Groups, policies: &Policies, users: usize) {
    let two = policies.two_factors.as_str();
    let first_party = |name, label, policy| Draft {
        name,
        label,
        mode: "OPENID_CONNECT",
        settings: json!({ "app": {} }),
        policy,
    };
    let admin = app(build, &first_party("saasure", "Okta Admin Console", &policies.admin_console));
    assign(build, &admin, &groups.supers);
    let dashboard = app(build, &first_party("okta_enduser", "Okta Dashboard", &policies.dashboard));
    assign(build, &dashboard, &groups.everyone);

    let healthy =
        oidc(&["authorization_code", "refresh_token"], "https://portal.example.com/callback", "DISABLED");
    open_id(build, groups, "Customer Portal", healthy, two);
    let implicit =
        oidc(&["authorization_code", "implicit"], "https://charts.example.com/callback", "DISABLED");
    let implicit = open_id(build, groups, "Charts", implicit, two);
    let plain = oidc(&["authorization_code"], "http://legacy.example.com/callback", "DISABLED");
    let plain = open_id(build, groups, "Legacy Intranet", plain, two);
    let wildcard = oidc(&["authorization_code"], "https://*.example.com/callback", "SUBDOMAIN");
    let wildcard = open_id(build, groups, "Previews", wildcard, two);

    let swa = json!({ "app": { "url": "https://timesheets.example.com/login" } });
    let auto_login = Draft {
        name: "timesheets",
        label: "Timesheets",
        mode: "AUTO_LOGIN",
        settings: swa.clone(),
        policy: two,
    };
    let basic = Draft {
        name: "template_basic_auth",
        label: "Old Wiki",
        mode: "BASIC_AUTH",
        settings: swa,
        policy: two,
    };
    let passwords = [app(build, &auto_login), app(build, &basic)];
    for app in &passwords {
        assign(build, app, &groups.departments[0]);
    }

    for nth in 0..10 + users / 100 {
        let label = format!("{} {}", build.seed.pick(&format!("app/{nth}"), &DEPARTMENTS), nth + 1);
        let draft =
            Draft { name: "saml_app", label: &label, mode: "SAML_2_0", settings: saml(nth), policy: two };
        let app = app(build, &draft);
        assign(build, &app, &groups.departments[nth % groups.departments.len()]);
    }

    build.fail("APP-01", passwords.to_vec(), "the app is signed in to with a stored password");
    build.fail("APP-02", vec![implicit], "the implicit grant is allowed");
    build.fail("APP-03", vec![plain, wildcard], "a redirect address is http, or has a wildcard");
}

fn open_id(build: &mut Build, groups: &Groups, label: &str, settings: Value, policy: &str) -> String {
    let id = app(build, &Draft { name: "oidc_client", label, mode: "OPENID_CONNECT", settings, policy });
    assign(build, &id, &groups.departments[2]);
    id
}

fn oidc(grants: &[&str], redirect: &str, wildcard: &str) -> Value {
    json!({ "app": {}, "oauthClient": {
        "redirect_uris": [redirect],
        "response_types": ["code"],
        "grant_types": grants,
        "application_type": "web",
        "consent_method": "TRUSTED",
        "issuer_mode": "ORG_URL",
        "idp_initiated_login": { "mode": "DISABLED", "default_scope": [] },
        "wildcard_redirect": wildcard,
        "dpop_bound_access_tokens": false,
    }})
}

fn saml(nth: usize) -> Value {
    let url = format!("https://service{nth}.example.com/saml/acs");
    json!({ "app": {}, "signOn": {
        "ssoAcsUrl": url,
        "recipient": url,
        "destination": url,
        "audience": format!("https://service{nth}.example.com"),
        "subjectNameIdTemplate": "${user.userName}",
        "subjectNameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "responseSigned": true,
        "assertionSigned": true,
        "signatureAlgorithm": "RSA_SHA256",
        "digestAlgorithm": "SHA256",
        "honorForceAuthn": true,
        "attributeStatements": [],
    }})
}

fn app(build: &mut Build, draft: &Draft<'_>) -> String {
    let id = build.id("0oa", draft.label);
    let path = format!("/api/v1/apps/{id}");
    let row = json!({
        "id": id,
        "orn": format!("orn:okta:idp:{}:apps:{}:{id}", build.org_id, draft.name),
        "name": draft.name,
        "label": draft.label,
        "status": "ACTIVE",
        "created": build.ago(450),
        "lastUpdated": build.ago(80),
        "accessibility": { "selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null },
        "visibility": { "autoLaunch": false, "autoSubmitToolbar": false, "hide": { "iOS": false, "web": false } },
        "features": [],
        "signOnMode": draft.mode,
        "credentials": {
            "userNameTemplate": { "template": "${source.login}", "type": "BUILT_IN" },
            "signing": { "kid": build.id("kid", draft.label) },
        },
        "settings": draft.settings,
        "_links": {
            "self": build.href(&path),
            "users": build.href(&format!("{path}/users")),
            "groups": build.href(&format!("{path}/groups")),
            "accessPolicy": build.href(&format!("/api/v1/policies/{}", draft.policy)),
        },
    });
    build.catalog.push("/api/v1/apps", row);
    let mapping = build.id("mpg", &id);
    let mapped = json!({
        "id": mapping,
        "_links": {
            "self": build.href(&format!("/api/v1/policies/{}/mappings/{mapping}", draft.policy)),
            "application": build.href(&path),
            "policy": build.href(&format!("/api/v1/policies/{}", draft.policy)),
        },
    });
    build.catalog.push(format!("/api/v1/policies/{}/mappings", draft.policy), mapped);
    id
}

/// Gives an app to a group, and so to each of its members.
fn assign(build: &mut Build, app: &str, group: &str) {
    let path = format!("/api/v1/apps/{app}");
    let row = json!({
        "id": group,
        "lastUpdated": build.ago(80),
        "priority": 0,
        "profile": {},
        "_links": { "app": build.href(&path), "group": build.href(&format!("/api/v1/groups/{group}")) },
    });
    build.catalog.push(format!("{path}/groups"), row);
    if let Some(stats) = build.catalog.stats.get_mut(group) {
        stats["appsCount"] = json!(stats["appsCount"].as_u64().unwrap_or(0) + 1);
    }
    if let Some(listed) = build.catalog.one(&path) {
        let mut apps = build.catalog.rows(&format!("/api/v1/groups/{group}/apps")).to_vec();
        apps.push(listed);
        build.catalog.put_list(format!("/api/v1/groups/{group}/apps"), apps);
    }
    let members: Vec<Row> = build.catalog.rows(&format!("/api/v1/groups/{group}/users")).to_vec();
    for user in members {
        let row = json!({
            "id": id(&user),
            "externalId": null,
            "created": build.ago(80),
            "lastUpdated": build.ago(80),
            "scope": "GROUP",
            "status": "ACTIVE",
            "statusChanged": build.ago(80),
            "passwordChanged": null,
            "syncState": "DISABLED",
            "credentials": { "userName": user["profile"]["login"] },
            "profile": {},
            "_links": {
                "app": build.href(&path),
                "user": build.href(&format!("/api/v1/users/{}", id(&user))),
                "group": build.href(&format!("/api/v1/groups/{group}")),
            },
        });
        build.catalog.push(format!("{path}/users"), row);
    }
}
