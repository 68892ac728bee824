//! `/_twin`: set the org up, look into it, make it misbehave. JSON over HTTP, for tools and tests;
//! the same as the methods of [`crate::Twin`]. The list of requests is in the crate's documentation.
//!
//! The one rule: what is set here is configuration of the org, never a change that the product made.

mod orders;

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use http::StatusCode;
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use self::orders::{ResponseOrder, ScimOrder};
use crate::api::query::Filter;
use crate::config::{SamlApp, ScimApp, ServiceApp};
use crate::options::RateLimits;
use crate::provisioning::Provisioning;
use crate::state::{App, Counters, Fault, Faults, Refusals, locked, read, write};
use crate::{Rollover, idp, org};

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/_twin", get(index))
        .route("/_twin/service-apps", get(service_apps))
        .route("/_twin/service-apps/{id}", put(put_service_app))
        .route("/_twin/saml-apps", get(saml_apps))
        .route("/_twin/saml-apps/{app}", put(put_saml_app))
        .route("/_twin/saml-keys", post(roll))
        .route("/_twin/scim-apps", get(scim_apps))
        .route("/_twin/scim-apps/{app}", put(put_scim_app))
        .route("/_twin/saml/{app}/response", post(response))
        .route("/_twin/scim/{app}", get(links))
        .route("/_twin/scim/{app}/{operation}", post(provision))
        .route("/_twin/users", get(users))
        .route("/_twin/answers", get(answers))
        .route("/_twin/counters", get(counters).delete(reset_counters))
        .route("/_twin/limits", put(limits))
        .route("/_twin/noise", post(noise))
        .route("/_twin/faults", put(faults))
        .route("/_twin/org", patch(change_org))
}

type Twin = State<Arc<App>>;

async fn index(State(app): Twin) -> Markup {
    let saml: Vec<String> = locked(&app.config).saml_apps.keys().cloned().collect();
    let lists = ["service-apps", "saml-apps", "scim-apps", "users", "answers", "counters"];
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Okta twin" } }
            body {
                main {
                    h1 { "Okta twin" }
                    p { "Org " code { (app.org_id) } " at " code { (app.base_url) } }
                    h2 { "Sign-in" }
                    ul {
                        @for name in &saml {
                            li {
                                a href={ "/home/" (name) } { "Dashboard tile of " (name) } ", "
                                a href={ "/app/" (name) "/sso/saml/metadata" } { "metadata" }
                            }
                        }
                    }
                    h2 { "Inside" }
                    ul { @for name in lists { li { a href={ "/_twin/" (name) } { (name) } } } }
                    p { "Also: PUT service-apps/{client_id}, saml-apps/{app}, scim-apps/{app}, limits, faults; POST noise; "
                        "PATCH org; DELETE counters; POST saml-keys, saml/{app}/response, scim/{app}/{operation}." }
                    h2 { "Okta's own" }
                    ul { li { a href="/.well-known/okta-organization" { "/.well-known/okta-organization" } } }
                }
            }
        }
    }
}

async fn service_apps(State(app): Twin) -> Json<Value> {
    Json(json!(locked(&app.config).service_apps))
}

async fn put_service_app(
    State(app): Twin,
    Path(id): Path<String>,
    Json(service): Json<ServiceApp>,
) -> Json<Value> {
    let service = ServiceApp { client_id: id.clone(), ..service };
    app.configure(|config| config.service_apps.insert(id, service.clone()));
    Json(json!(service))
}

async fn saml_apps(State(app): Twin) -> Json<Value> {
    let apps = locked(&app.config).saml_apps.clone();
    Json(apps.into_iter().map(|(name, saml)| (name.clone(), shown(&app, &name, &saml))).collect())
}

async fn put_saml_app(State(app): Twin, Path(name): Path<String>, Json(saml): Json<SamlApp>) -> Json<Value> {
    app.configure(|config| config.saml_apps.insert(name.clone(), saml.clone()));
    Json(shown(&app, &name, &saml))
}

fn shown(app: &App, name: &str, saml: &SamlApp) -> Value {
    json!({
        "acs_url": saml.acs_url,
        "audience": saml.audience,
        "relay_state": saml.relay_state,
        "signed_requests": saml.signed_requests,
        "signature_certificate": saml.signature_certificate,
        "entity_id": idp::entity_id(app, name),
        "sso_url": idp::sso_url(app, name),
        "metadata_url": format!("{}/metadata", idp::sso_url(app, name)),
        "dashboard_url": format!("{}/home/{name}", app.base_url),
    })
}

async fn roll(State(app): Twin, Json(step): Json<Rollover>) -> Response {
    match app.roll(step) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => failed(&error.to_string()),
    }
}

async fn scim_apps(State(app): Twin) -> Json<Value> {
    let apps = locked(&app.config).scim_apps.clone();
    let shown = |scim: ScimApp| json!({ "base_url": scim.base_url, "kind": scim.kind });
    Json(apps.into_iter().map(|(name, scim)| (name, shown(scim))).collect())
}

async fn put_scim_app(State(app): Twin, Path(name): Path<String>, Json(scim): Json<ScimApp>) -> Json<Value> {
    let shown = json!({ "base_url": scim.base_url, "kind": scim.kind });
    app.configure(|config| config.scim_apps.insert(name, scim));
    Json(shown)
}

async fn response(State(app): Twin, Path(name): Path<String>, Json(order): Json<ResponseOrder>) -> Response {
    let Some(saml) = idp::find(&app, &name) else { return unknown("SAML app") };
    match idp::respond(&app, &name, &saml, &order.user, order.in_response_to.as_deref(), &order.tamper) {
        Ok(signed) => Json(signed).into_response(),
        Err(error) => failed(&error.to_string()),
    }
}

async fn links(State(app): Twin, Path(name): Path<String>) -> Response {
    match Provisioning::open(&app, &name) {
        Some(provisioning) => Json(provisioning.links()).into_response(),
        None => unknown("SCIM app"),
    }
}

async fn provision(
    State(app): Twin,
    Path((name, operation)): Path<(String, String)>,
    Json(order): Json<ScimOrder>,
) -> Response {
    let Some(provisioning) = Provisioning::open(&app, &name) else { return unknown("SCIM app") };
    match order.run(&provisioning, &operation).await {
        Some(run) => Json(run).into_response(),
        None => unknown("operation"),
    }
}

#[derive(Deserialize)]
struct UserSearch {
    search: Option<String>,
    limit: Option<usize>,
}

async fn users(State(app): Twin, Query(query): Query<UserSearch>) -> Response {
    let filter = match query.search.as_deref().map(Filter::parse).transpose() {
        Ok(filter) => filter,
        Err(error) => return error.into_response(),
    };
    let org = read(&app.org);
    let kept = org
        .rows("/api/v1/users")
        .iter()
        .filter(|row| filter.as_ref().is_none_or(|filter| filter.matches(row)));
    let row = |row: &org::Row| json!({ "id": row["id"], "login": org::login(row), "status": row["status"], "profile": row["profile"] });
    Json(kept.take(query.limit.unwrap_or(100)).map(row).collect::<Vec<_>>()).into_response()
}

async fn answers(State(app): Twin) -> Json<Value> {
    Json(json!(app.answers))
}

async fn counters(State(app): Twin) -> Json<Counters> {
    Json(Counters::of(&app))
}

async fn reset_counters(State(app): Twin) -> StatusCode {
    locked(&app.limits).counts.clear();
    *locked(&app.counters) = Refusals::default();
    StatusCode::NO_CONTENT
}

async fn limits(State(app): Twin, Json(limits): Json<RateLimits>) -> Json<RateLimits> {
    locked(&app.limits).limits = limits.clone();
    Json(limits)
}

#[derive(Deserialize)]
struct Noise {
    bucket: String,
    requests: u32,
}

async fn noise(State(app): Twin, Json(noise): Json<Noise>) -> Response {
    let made = locked(&app.limits).noise(&noise.bucket, noise.requests, app.now());
    if made { StatusCode::NO_CONTENT.into_response() } else { unknown("bucket") }
}

async fn faults(State(app): Twin, Json(faults): Json<Vec<Fault>>) -> Json<Vec<Fault>> {
    *locked(&app.faults) = Faults(faults.clone());
    Json(faults)
}

#[derive(Deserialize)]
struct Change {
    path: String,
    change: Value,
}

async fn change_org(State(app): Twin, Json(order): Json<Change>) -> Response {
    let changed = write(&app.org).merge(&order.path, &order.change);
    match changed {
        Some(row) => Json((*row).clone()).into_response(),
        None => unknown("document"),
    }
}

fn failed(why: &str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": why }))).into_response()
}

fn unknown(what: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "error": format!("there is no such {what}") }))).into_response()
}
