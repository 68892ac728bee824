//! Settings of the whole org: authenticators, network, admin console, and the rest.

use serde_json::{Value, json};

use super::synthetic::Build;

const THIRD_PARTY: &str = "/api/v1/org/orgSettings/thirdPartyAdminSetting";
const SUPPORT: &str = "/api/v1/org/privacy/oktaSupport";
const THREATS: &str = "/api/v1/threats/configuration";

pub(crate) fn plant(build: &mut Build) {
    organization(build);
    admin(build);
    authenticators(build);
    network(build);
    devices(build);
    logs(build);
    let schema = json!({
        "id": format!("{}/meta/schemas/user/default", build.base),
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": "user",
        "title": "User",
        "type": "object",
        "lastUpdated": build.ago(500),
        "created": build.ago(500),
        "definitions": {
            "custom": { "id": "#custom", "type": "object", "properties": {}, "required": [] },
            "base": {
                "id": "#base",
                "type": "object",
                "properties": {
                    "login": attribute("Username", true),
                    "firstName": attribute("First name", true),
                    "lastName": attribute("Last name", true),
                    "email": attribute("Primary email", true),
                    "department": attribute("Department", false),
                },
                "required": ["login", "firstName", "lastName", "email"],
            },
        },
        "properties": { "profile": { "allOf": [{ "$ref": "#/definitions/custom" }, { "$ref": "#/definitions/base" }] } },
    });
    build.catalog.put("/api/v1/meta/schemas/user/default", schema);
}

fn attribute(title: &str, required: bool) -> Value {
    json!({
        "title": title,
        "type": "string",
        "required": required,
        "mutability": "READ_WRITE",
        "scope": "NONE",
        "permissions": [{ "principal": "SELF", "action": "READ_ONLY" }],
        "master": { "type": "PROFILE_MASTER" },
    })
}

fn organization(build: &mut Build) {
    let org = json!({
        "id": build.org_id,
        "subdomain": "twin",
        "companyName": "Example Industries",
        "status": "ACTIVE",
        "expiresAt": null,
        "created": build.ago(1_500),
        "lastUpdated": build.ago(30),
        "website": "https://example.com",
        "_links": build.itself("/api/v1/org"),
    });
    build.catalog.put("/api/v1/org", org);
    for (name, stage, on) in [("Realms", "GA", true), ("Identity Threat Protection", "EA", false)] {
        let id = build.id("ftr", name);
        let row = json!({
            "id": id,
            "type": "self-service",
            "status": if on { "ENABLED" } else { "DISABLED" },
            "name": name,
            "description": name,
            "stage": { "value": stage },
            "_links": build.itself(&format!("/api/v1/features/{id}")),
        });
        build.catalog.push("/api/v1/features", row);
    }
    let bots = json!({ "level": "LOW", "mode": "ENFORCED", "supportedFlows": ["SIGN_IN", "SSR", "SSPR"] });
    build.catalog.put("/api/v1/bot-protection/configuration", bots);
    build.catalog.put("/api/v1/org/captcha", json!({ "enabledPages": [], "captchaId": null }));
    let lockout = json!({ "preventBruteForceLockoutFromUnknownDevices": true });
    build.catalog.put("/attack-protection/api/v1/user-lockout-settings", lockout);
}

fn admin(build: &mut Build) {
    let console = json!({ "sessionIdleTimeoutMinutes": 15, "sessionMaxLifetimeMinutes": 720 });
    build.catalog.put("/api/v1/first-party-app-settings/admin-console", console);
    build.pass("AUT-05", "admin sessions are idle for 15 minutes and last for 12 hours at most");
    build.super_only();

    build.catalog.put(THIRD_PARTY, json!({ "thirdPartyAdmin": true }));
    build.fail("ADM-11", vec![THIRD_PARTY.to_owned()], "third-party admins are allowed");

    // On, it would make every new service app a Super Admin: no assessment could go on.
    build
        .catalog
        .put("/api/v1/org/settings/clientPrivilegesSetting", json!({ "clientPrivilegesSetting": false }));
    build.pass("ADM-12", "new public client apps get no admin role");

    let support = json!({
        "support": "ENABLED",
        "expiration": build.ago(-180),
        "caseNumber": null,
        "_links": { "cases": build.href("/api/v1/org/privacy/oktaSupport/cases") },
    });
    build.catalog.put(SUPPORT, support);
    build.fail("ADM-13", vec![SUPPORT.to_owned()], "Okta Support may act as an admin for another 180 days");
    build.super_only();

    let automatic = json!({ "autoAssignAdminAppSetting": false });
    build.catalog.put("/api/v1/org/settings/autoAssignAdminAppSetting", automatic);
}

fn authenticators(build: &mut Build) {
    let drafts = [
        ("okta_password", "password", "Password", json!({})),
        (
            "okta_verify",
            "app",
            "Okta Verify",
            json!({ "compliance": { "fips": "OPTIONAL" }, "userVerification": "REQUIRED" }),
        ),
        ("webauthn", "security_key", "FIDO2 (WebAuthn)", json!({})),
        ("okta_email", "email", "Email", json!({ "allowedFor": "recovery", "tokenLifetimeInMinutes": 5 })),
        ("phone_number", "phone", "Phone", json!({ "allowedFor": "any" })),
    ];
    let mut phone = String::new();
    for (key, kind, name, settings) in drafts {
        let id = build.id("aut", key);
        let path = format!("/api/v1/authenticators/{id}");
        let row = json!({
            "type": kind,
            "id": id,
            "key": key,
            "status": "ACTIVE",
            "name": name,
            "created": build.ago(500),
            "lastUpdated": build.ago(500),
            "settings": settings,
            "_links": { "self": build.href(&path), "methods": build.href(&format!("{path}/methods")) },
        });
        build.catalog.push("/api/v1/authenticators", row);
        let methods: &[&str] = match key {
            "okta_verify" => &["push", "signed_nonce", "totp"],
            "phone_number" => &["sms", "voice"],
            "webauthn" => &["webauthn"],
            "okta_email" => &["email"],
            _ => &["password"],
        };
        for method in methods {
            build.catalog.push(format!("{path}/methods"), json!({ "type": method, "status": "ACTIVE" }));
        }
        if key == "phone_number" {
            phone = id;
        }
    }
    build.pass("FAC-01", "security keys and FastPass are active");
    build.fail("FAC-02", vec![phone], "text messages and calls may be used to sign in");
}

fn network(build: &mut Build) {
    let office = json!({
        "type": "IP", "name": "Offices", "usage": "POLICY", "system": false,
        "gateways": [{ "type": "CIDR", "value": "203.0.113.0/24" }], "proxies": null,
    });
    let anonymisers = json!({
        "type": "DYNAMIC_V2", "name": "DefaultEnhancedDynamicZone", "usage": "BLOCKLIST", "system": true,
        "locations": { "include": [], "exclude": [] },
        "asns": { "include": [], "exclude": [] },
        "ipServiceCategories": { "include": ["ALL_ANONYMIZERS"], "exclude": [] },
    });
    for (key, mut row) in [("Offices", office), ("anonymisers", anonymisers)] {
        let id = build.id("nzo", key);
        row["id"] = json!(id);
        row["status"] = json!("ACTIVE");
        row["created"] = json!(build.ago(400));
        row["lastUpdated"] = json!(build.ago(400));
        row["_links"] = build.itself(&format!("/api/v1/zones/{id}"));
        build.catalog.push("/api/v1/zones", row);
    }
    build.pass("NET-02", "a blocklist zone refuses anonymisers");

    let threats = json!({
        "action": "audit",
        "excludeZones": [],
        "created": build.ago(400),
        "lastUpdated": build.ago(400),
        "_links": build.itself(THREATS),
    });
    build.catalog.put(THREATS, threats);
    build.fail("NET-01", vec![THREATS.to_owned()], "ThreatInsight only watches");

    let mut faulty = Vec::new();
    for (name, origin) in
        [("Portal", "https://portal.example.com"), ("Developer laptop", "http://localhost:3000")]
    {
        let id = build.id("tos", name);
        let row = json!({
            "id": id,
            "name": name,
            "origin": origin,
            "scopes": [{ "type": "CORS" }, { "type": "REDIRECT" }],
            "status": "ACTIVE",
            "created": build.ago(200),
            "lastUpdated": build.ago(200),
            "_links": build.itself(&format!("/api/v1/trustedOrigins/{id}")),
        });
        build.catalog.push("/api/v1/trustedOrigins", row);
        if origin.starts_with("http:") {
            faulty.push(id);
        }
    }
    build.fail("NET-05", faulty, "a trusted origin is http, on localhost");

    for (name, kind) in [("New Device", "ANOMALOUS_DEVICE"), ("Velocity", "VELOCITY")] {
        let id = build.id("bhv", name);
        let row = json!({
            "id": id,
            "name": name,
            "type": kind,
            "status": "ACTIVE",
            "settings": { "maxEventsUsedForEvaluation": 20 },
            "created": build.ago(400),
            "lastUpdated": build.ago(400),
            "_links": build.itself(&format!("/api/v1/behaviors/{id}")),
        });
        build.catalog.push("/api/v1/behaviors", row);
    }
}

fn devices(build: &mut Build) {
    for nth in 0..20 {
        let id = build.id("guo", &format!("device {nth}"));
        let owner = build.id("00u", &nth.to_string());
        let row = json!({
            "id": id,
            "status": "ACTIVE",
            "created": build.ago(100),
            "lastUpdated": build.ago(5),
            "profile": {
                "displayName": format!("Laptop {nth}"),
                "platform": "MACOS",
                "osVersion": "26.0",
                "registered": true,
                "secureHardwarePresent": true,
            },
            "resourceType": "UDDevice",
            "resourceId": id,
            "_embedded": { "users": [{ "managementStatus": "MANAGED", "user": { "id": owner } }] },
            "_links": build.itself(&format!("/api/v1/devices/{id}")),
        });
        build.catalog.push("/api/v1/devices", row);
    }
    let id = build.id("dae", "macOS");
    let assurance = json!({
        "id": id,
        "name": "Managed Macs",
        "platform": "MACOS",
        "osVersion": { "minimum": "15.0" },
        "secureHardwarePresent": true,
        "createdDate": build.ago(200),
        "lastUpdate": build.ago(20),
        "_links": build.itself(&format!("/api/v1/device-assurances/{id}")),
    });
    build.catalog.push("/api/v1/device-assurances", assurance);
}

/// A quiet log: sign-ins and one change of a policy a month ago.
fn logs(build: &mut Build) {
    for day in (1..=30).rev() {
        let kind = if day == 30 { "policy.lifecycle.update" } else { "user.session.start" };
        let who = build.id("00u", &(day % 5).to_string());
        let row = json!({
            "uuid": build.id("evt", &day.to_string()),
            "published": build.ago(day),
            "eventType": kind,
            "version": "0",
            "severity": "INFO",
            "displayMessage": kind,
            "actor": { "id": who, "type": "User" },
            "outcome": { "result": "SUCCESS", "reason": null },
            "target": [],
            "debugContext": { "debugData": {} },
        });
        build.catalog.push("/api/v1/logs", row);
    }
}
