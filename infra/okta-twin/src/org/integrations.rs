//! Third parties: API tokens, hooks, log streams, inbound identity providers, authorization servers.

use serde_json::{Value, json};

use super::people::People;
use super::synthetic::Build;

pub(crate) fn plant(build: &mut Build, people: &People) {
    tokens(build, people);
    hooks(build);
    identity_providers(build);
    authorization_server(build);
    let stream = json!({
        "id": build.id("0oa", "log stream"),
        "type": "aws_eventbridge",
        "name": "SIEM",
        "created": build.ago(300),
        "lastUpdated": build.ago(300),
        "status": "ACTIVE",
        "settings": { "accountId": "123456789012", "eventSourceName": "okta_siem", "region": "eu-central-1" },
    });
    build.catalog.push("/api/v1/logStreams", stream);
    build.pass("LOG-01", "a log stream is active");
    let principal = json!({
        "id": build.id("prl", "default"),
        "orgId": build.org_id,
        "principalId": build.id("00T", "Directory sync"),
        "principalType": "SSWS_TOKEN",
        "defaultPercentage": 50,
        "defaultConcurrencyPercentage": 50,
        "createdDate": build.ago(300),
        "lastUpdate": build.ago(300),
    });
    build.catalog.push("/api/v1/principal-rate-limits", principal);
}

fn tokens(build: &mut Build, people: &People) {
    let zone = json!({ "connection": "ZONE", "include": [build.id("nzo", "Offices")] });
    let anywhere = json!({ "connection": "ANYWHERE" });
    let (robot, person) =
        (people.id(people.service_account).to_owned(), people.id(people.token_owner).to_owned());
    // Owner, network, days since made, days since used.
    let drafts = [
        ("Directory sync", &robot, &zone, 90, 1),
        ("Ticket system", &robot, &anywhere, 120, 2),
        ("Migration script", &person, &anywhere, 700, 3),
        ("Old backup", &person, &zone, 300, 45),
    ];
    let mut ids = Vec::new();
    for (name, owner, network, made, used) in drafts {
        let id = build.id("00T", name);
        let row = json!({
            "id": id,
            "name": name,
            "userId": owner,
            "clientName": "Okta API",
            "tokenWindow": "P30D",
            "network": network,
            "created": build.ago(made),
            "lastUpdated": build.ago(used),
            "expiresAt": build.ago(used - 30),
            "_links": {
                "self": build.href(&format!("/api/v1/api-tokens/{id}")),
                "user": build.href(&format!("/api/v1/users/{owner}")),
            },
        });
        build.catalog.push("/api/v1/api-tokens", row);
        ids.push(id);
    }
    build.fail("TOK-02", ids[1..3].to_vec(), "the token works from anywhere");
    build.fail(
        "TOK-03",
        ids[2..4].to_vec(),
        "the token is almost two years old, or was not used for 45 days",
    );
}

fn hooks(build: &mut Build) {
    let channel = |uri: &str, auth: Value| json!({ "type": "HTTP", "version": "1.0.0", "config": { "uri": uri, "headers": [], "method": "POST", "authScheme": auth } });
    let header = json!({ "type": "HEADER", "key": "Authorization" });
    let mut faulty = Vec::new();
    for (name, verified, auth) in [("Lifecycle", true, header.clone()), ("Chat", false, Value::Null)] {
        let id = build.id("who", name);
        let row = json!({
            "id": id,
            "status": "ACTIVE",
            "verificationStatus": if verified { "VERIFIED" } else { "UNVERIFIED" },
            "name": name,
            "description": null,
            "created": build.ago(200),
            "lastUpdated": build.ago(200),
            "events": { "type": "EVENT_TYPE", "items": ["user.lifecycle.create"], "filter": null },
            "channel": channel("https://hooks.example.com/okta", auth),
            "_links": build.itself(&format!("/api/v1/eventHooks/{id}")),
        });
        build.catalog.push("/api/v1/eventHooks", row);
        if !verified {
            faulty.push(id);
        }
    }
    let id = build.id("cal", "Claims");
    let row = json!({
        "id": id,
        "status": "ACTIVE",
        "name": "Claims",
        "type": "com.okta.oauth2.tokens.transform",
        "version": "1.0.0",
        "channel": channel("https://claims.example.com/okta", header),
        "created": build.ago(200),
        "lastUpdated": build.ago(200),
        "_links": build.itself(&format!("/api/v1/inlineHooks/{id}")),
    });
    build.catalog.push("/api/v1/inlineHooks", row);
    build.fail("HOK-01", faulty, "an event hook is not verified and sends no authentication");
}

/// One links accounts by itself, for anybody; the other only within a group.
fn identity_providers(build: &mut Build) {
    let filtered = json!({ "groups": { "include": [build.id("00g", "Contractors")] } });
    let mut faulty = Vec::new();
    for (name, filter, admins) in [("Nordlicht", Value::Null, true), ("Parts", filtered, false)] {
        let id = build.id("0oa", &format!("idp {name}"));
        let row = json!({
            "id": id,
            "name": name,
            "status": "ACTIVE",
            "type": "SAML2",
            "created": build.ago(250),
            "lastUpdated": build.ago(250),
            "protocol": {
                "type": "SAML2",
                "endpoints": {
                    "sso": { "url": format!("https://{}.example.com/sso", name.to_lowercase()), "binding": "HTTP-POST" },
                    "acs": { "binding": "HTTP-POST", "type": "INSTANCE" },
                },
                "algorithms": {
                    "request": { "signature": { "algorithm": "SHA-256", "scope": "REQUEST" } },
                    "response": { "signature": { "algorithm": "SHA-256", "scope": "ANY" } },
                },
                "credentials": { "trust": { "issuer": format!("https://{}.example.com", name.to_lowercase()) } },
            },
            "policy": {
                "provisioning": {
                    "action": if admins { "AUTO" } else { "DISABLED" },
                    "profileMaster": false,
                    "groups": { "action": "NONE" },
                    "conditions": { "deprovisioned": { "action": "NONE" }, "suspended": { "action": "NONE" } },
                },
                "accountLink": { "filter": filter, "action": "AUTO" },
                "subject": { "userNameTemplate": { "template": "idpuser.email" }, "filter": null, "matchType": "USERNAME" },
                "maxClockSkew": 0,
            },
            "_links": build.itself(&format!("/api/v1/idps/{id}")),
        });
        build.catalog.push("/api/v1/idps", row);
        if admins {
            faulty.push(id);
        }
    }
    build.fail("IDP-01", faulty, "an identity provider creates accounts and links any account by itself");
}

fn authorization_server(build: &mut Build) {
    let server = build.id("aus", "default");
    let path = format!("/api/v1/authorizationServers/{server}");
    let row = json!({
        "id": server,
        "name": "default",
        "description": "Default Authorization Server",
        "audiences": ["api://default"],
        "issuer": format!("{}/oauth2/default", build.base),
        "issuerMode": "ORG_URL",
        "status": "ACTIVE",
        "default": true,
        "created": build.ago(500),
        "lastUpdated": build.ago(500),
        "credentials": { "signing": { "kid": build.id("kid", "default"), "rotationMode": "AUTO" } },
        "_links": build.itself(&path),
    });
    build.catalog.push("/api/v1/authorizationServers", row);
    let policy = build.id("00p", "server policy");
    let row = json!({
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "id": policy,
        "status": "ACTIVE",
        "name": "Portal",
        "description": "Portal",
        "priority": 1,
        "system": false,
        "conditions": { "clients": { "include": [build.id("0oa", "Customer Portal")] } },
        "created": build.ago(500),
        "lastUpdated": build.ago(500),
        "_links": build.itself(&format!("{path}/policies/{policy}")),
    });
    build.catalog.push(format!("{path}/policies"), row);
    let rule = build.id("0pr", "server rule");
    let row = json!({
        "type": "RESOURCE_ACCESS",
        "id": rule,
        "status": "ACTIVE",
        "name": "Portal rule",
        "priority": 1,
        "system": false,
        "conditions": {
            "people": { "users": { "include": [], "exclude": [] }, "groups": { "include": ["EVERYONE"], "exclude": [] } },
            "grantTypes": { "include": ["authorization_code"] },
            "scopes": { "include": ["openid", "profile"] },
        },
        "actions": { "token": {
            "accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 1440, "refreshTokenWindowMinutes": 1440,
        }},
        "created": build.ago(500),
        "lastUpdated": build.ago(500),
        "_links": build.itself(&format!("{path}/policies/{policy}/rules/{rule}")),
    });
    build.catalog.push(format!("{path}/policies/{policy}/rules"), row);
}
