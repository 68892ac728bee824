//! Policies of every type, their rules and what they are mapped to.

use serde_json::{Value, json};

use super::groups::Groups;
use super::synthetic::Build;

/// The sign-on policies that apps hang on.
pub(crate) struct Policies {
    pub(crate) admin_console: String,
    pub(crate) dashboard: String,
    pub(crate) two_factors: String,
}

pub(crate) fn plant(build: &mut Build, groups: &Groups) -> Policies {
    session(build, groups);
    passwords(build, groups);
    enrolment(build, groups);
    for (kind, name) in [
        ("IDP_DISCOVERY", "Idp Discovery Policy"),
        ("PROFILE_ENROLLMENT", "Default Policy"),
        ("POST_AUTH_SESSION", "Session Protection"),
        ("ENTITY_RISK", "Entity Risk"),
        ("SESSION_VIOLATION_DETECTION", "Session Violation Detection"),
        ("USER_LIFECYCLE", "Deactivate after 35 days"),
    ] {
        let id = policy(build, kind, name, 1, true, &Value::Null, &json!({}));
        rule(build, &id, (kind, "Default Rule", 1, true), &Value::Null, &json!({}));
    }
    Policies {
        admin_console: access(build, "Okta Admin Console", true),
        dashboard: access(build, "Okta Dashboard", true),
        two_factors: access(build, "Any two factors", false),
    }
}

/// The global session policy: its first rule is lax.
fn session(build: &mut Build, groups: &Groups) {
    let id = policy(build, "OKTA_SIGN_ON", "Default Policy", 1, true, &everyone(groups), &json!({}));
    let actions = |idle: u32, persistent: bool| {
        json!({ "signon": {
            "access": "ALLOW",
            "requireFactor": true,
            "primaryFactor": "PASSWORD_IDP_ANY_FACTOR",
            "factorPromptMode": "ALWAYS",
            "rememberDeviceByDefault": false,
            "session": {
                "usePersistentCookie": persistent,
                "maxSessionIdleMinutes": idle,
                "maxSessionLifetimeMinutes": 720,
            },
        }})
    };
    let conditions = json!({
        "people": { "users": { "exclude": [] } },
        "network": { "connection": "ANYWHERE" },
        "authContext": { "authType": "ANY" },
    });
    let lax = rule(build, &id, ("SIGN_ON", "Everyone signs in", 1, false), &conditions, &actions(480, true));
    rule(build, &id, ("SIGN_ON", "Default Rule", 2, true), &conditions, &actions(15, false));
    build.fail("AUT-10", vec![lax.clone()], "a session may be idle for 480 minutes");
    build.pass("AUT-11", "every session ends after 12 hours");
    build.fail("AUT-12", vec![lax], "the session cookie outlives the browser");
}

fn passwords(build: &mut Build, groups: &Groups) {
    let settings = |length: u32, attempts: u32, unlock: u32| {
        json!({
            "password": {
                "complexity": {
                    "minLength": length, "minLowerCase": 1, "minUpperCase": 1, "minNumber": 1, "minSymbol": 1,
                    "excludeUsername": true,
                    "dictionary": { "common": { "exclude": true } },
                    "excludeAttributes": ["firstName", "lastName"],
                },
                "age": { "maxAgeDays": 60, "expireWarnDays": 5, "minAgeMinutes": 1440, "historyCount": 24 },
                "lockout": {
                    "maxAttempts": attempts, "autoUnlockMinutes": unlock,
                    "userLockoutNotificationChannels": [], "showLockoutFailures": false,
                },
            },
            "recovery": { "factors": {
                "recovery_question": { "status": "INACTIVE", "properties": { "complexity": { "minLength": 4 } } },
                "okta_email": { "status": "ACTIVE", "properties": { "recoveryToken": { "tokenLifetimeMinutes": 60 } } },
                "okta_sms": { "status": "INACTIVE" },
                "okta_call": { "status": "INACTIVE" },
            }},
            "delegation": { "options": { "skipUnlock": false } },
        })
    };
    let people = |group: &str| json!({ "people": { "groups": { "include": [group] } }, "authProvider": { "provider": "OKTA" } });
    // maxAttempts 0 is "never lock", not "lock at once".
    let lax =
        policy(build, "PASSWORD", "Contractors", 1, false, &people(&groups.contractors), &settings(8, 0, 0));
    let strict =
        policy(build, "PASSWORD", "Default Policy", 2, true, &people(&groups.everyone), &settings(15, 3, 30));
    let actions = json!({
        "passwordChange": { "access": "ALLOW" },
        "selfServicePasswordReset": { "access": "ALLOW" },
        "selfServiceUnlock": { "access": "DENY" },
    });
    for id in [&lax, &strict] {
        let conditions =
            json!({ "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" } });
        rule(build, id, ("PASSWORD", "Default Rule", 1, false), &conditions, &actions);
    }
    build.fail("PWD-05", vec![lax.clone()], "8 characters are enough for contractors");
    build.pass("PWD-06", "common passwords are refused by every policy");
    build.pass("PWD-07", "24 passwords are remembered by every policy");
    build.fail("PWD-10", vec![lax], "contractors are never locked out");
}

fn enrolment(build: &mut Build, groups: &Groups) {
    let allowed = |key: &str, how: &str| json!({ "key": key, "enroll": { "self": how } });
    let settings = json!({ "type": "AUTHENTICATORS", "authenticators": [
        allowed("okta_verify", "REQUIRED"),
        allowed("webauthn", "OPTIONAL"),
        allowed("phone_number", "OPTIONAL"),
        allowed("okta_email", "REQUIRED"),
        allowed("okta_password", "REQUIRED"),
    ]});
    let id = policy(build, "MFA_ENROLL", "Default Policy", 1, true, &everyone(groups), &settings);
    let conditions =
        json!({ "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" } });
    let actions = json!({ "enroll": { "self": "CHALLENGE" } });
    rule(build, &id, ("MFA_ENROLL", "Default Rule", 1, true), &conditions, &actions);
}

fn access(build: &mut Build, name: &str, phishing_resistant: bool) -> String {
    let id = policy(build, "ACCESS_POLICY", name, 1, false, &Value::Null, &json!({}));
    let mut possession = json!({ "required": true, "deviceBound": "REQUIRED" });
    if phishing_resistant {
        possession["phishingResistant"] = json!("REQUIRED");
    }
    let actions = json!({ "appSignOn": {
        "access": "ALLOW",
        "verificationMethod": {
            "factorMode": "2FA",
            "type": "ASSURANCE",
            "reauthenticateIn": "PT2H",
            "constraints": [{ "possession": possession }],
        },
    }});
    rule(build, &id, ("ACCESS_POLICY", "Catch-all Rule", 99, true), &Value::Null, &actions);
    id
}

fn everyone(groups: &Groups) -> Value {
    json!({ "people": { "groups": { "include": [groups.everyone] } } })
}

fn policy(
    build: &mut Build,
    kind: &str,
    name: &str,
    priority: u32,
    system: bool,
    conditions: &Value,
    settings: &Value,
) -> String {
    let prefix = if matches!(kind, "ACCESS_POLICY" | "PROFILE_ENROLLMENT" | "POST_AUTH_SESSION") {
        "rst"
    } else {
        "00p"
    };
    let id = build.id(prefix, &format!("{kind}/{name}"));
    let path = format!("/api/v1/policies/{id}");
    let mut row = json!({
        "type": kind,
        "id": id,
        "status": "ACTIVE",
        "name": name,
        "description": name,
        "priority": priority,
        "system": system,
        "conditions": conditions,
        "created": build.ago(500),
        "lastUpdated": build.ago(120),
        "_links": {
            "self": { "href": format!("{}{path}", build.base), "hints": { "allow": ["GET", "PUT"] } },
            "rules": { "href": format!("{}{path}/rules", build.base), "hints": { "allow": ["GET", "POST"] } },
            "mappings": { "href": format!("{}{path}/mappings", build.base), "hints": { "allow": ["GET", "POST"] } },
        },
    });
    if settings.as_object().is_some_and(|settings| !settings.is_empty()) {
        row["settings"] = settings.clone();
    }
    build.catalog.push("/api/v1/policies", row);
    id
}

fn rule(
    build: &mut Build,
    policy: &str,
    (kind, name, priority, system): (&str, &str, u32, bool),
    conditions: &Value,
    actions: &Value,
) -> String {
    let id = build.id("0pr", &format!("{policy}/{name}"));
    let path = format!("/api/v1/policies/{policy}/rules");
    let row = json!({
        "type": kind,
        "id": id,
        "status": "ACTIVE",
        "name": name,
        "priority": priority,
        "created": build.ago(500),
        "lastUpdated": build.ago(120),
        "system": system,
        "conditions": conditions,
        "actions": actions,
        "_links": build.itself(&format!("{path}/{id}")),
    });
    build.catalog.push(path, row);
    id
}
