//! A registered service app as the management API shows it, so that an assessment can look at itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::config::ServiceApp;
use crate::org::Row;
use crate::seed::Seed;
use crate::state::App;

/// Its row of `/api/v1/apps`.
pub(crate) fn document(app: &App, service: &ServiceApp) -> Value {
    let id = &service.client_id;
    let base = &app.base_url;
    json!({
        "id": id,
        "orn": format!("orn:okta:idp:{}:apps:oidc_client:{id}", app.org_id),
        "name": "oidc_client",
        "label": service.label,
        "status": "ACTIVE",
        "signOnMode": "OPENID_CONNECT",
        "features": [],
        "credentials": { "oauthClient": {
            "autoKeyRotation": true,
            "client_id": id,
            "token_endpoint_auth_method": "private_key_jwt",
        }},
        "settings": { "app": {}, "oauthClient": {
            "redirect_uris": [],
            "response_types": ["token"],
            "grant_types": ["client_credentials"],
            "application_type": "service",
            "issuer_mode": "ORG_URL",
            "wildcard_redirect": "DISABLED",
            "dpop_bound_access_tokens": service.dpop,
            "jwks_uri": service.jwks_uri,
            "jwks": service.jwks,
        }},
        "_links": {
            "self": { "href": format!("{base}/api/v1/apps/{id}") },
            "users": { "href": format!("{base}/api/v1/apps/{id}/users") },
            "groups": { "href": format!("{base}/api/v1/apps/{id}/groups") },
        },
    })
}

/// The lists that belong to a service app: grants, roles, and its (empty) assignments.
pub(crate) fn list(app: &App, services: &BTreeMap<String, ServiceApp>, path: &str) -> Option<Vec<Row>> {
    if let Some(client) =
        path.strip_prefix("/oauth2/v1/clients/").and_then(|rest| rest.strip_suffix("/roles"))
    {
        return services.get(client).map(|service| roles(app, service));
    }
    let (client, name) = path.strip_prefix("/api/v1/apps/")?.split_once('/')?;
    let service = services.get(client)?;
    match name {
        "grants" => Some(grants(app, service)),
        "users" | "groups" => Some(Vec::new()),
        _ => None,
    }
}

fn grants(app: &App, service: &ServiceApp) -> Vec<Row> {
    let grant = |scope: &String| {
        Arc::new(json!({
            "id": Seed(0).id("oag", &format!("{}/{scope}", service.client_id)),
            "status": "ACTIVE",
            "issuer": app.base_url,
            "clientId": service.client_id,
            "scopeId": scope,
            "source": "ADMIN",
        }))
    };
    service.scopes.iter().map(grant).collect()
}

fn roles(app: &App, service: &ServiceApp) -> Vec<Row> {
    let role = |kind: &str, label: &str| {
        Arc::new(json!({
            "id": Seed(0).id("irb", &format!("{}/{kind}", service.client_id)),
            "label": label,
            "type": kind,
            "status": "ACTIVE",
            "assignmentType": "CLIENT",
            "_links": { "assignee": { "href": format!("{}/oauth2/v1/clients/{}", app.base_url, service.client_id) } },
        }))
    };
    let standard = service.roles.iter().map(|kind| {
        let label = if kind == "SUPER_ADMIN" { "Super Administrator" } else { "Read-only Administrator" };
        role(kind, label)
    });
    let custom = (!service.permissions.is_empty()).then(|| role("CUSTOM", "Assessment"));
    standard.chain(custom).collect()
}
