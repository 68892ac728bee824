//! The SAML 2.0 identity provider: sign-in page, dashboard link, signed responses.
//!
//! The one rule: a response goes to the app's configured ACS and nowhere else, whatever a request asks.
//! There are no passwords here: choosing a user is signing in as them.
//!
//! Source: SAML 2.0 bindings 3.4 (redirect) and 3.5 (POST); profiles 4.1 (web browser SSO).

mod keys;
mod pages;
mod respond;

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{StatusCode, header};
use maud::Markup;
use serde::Deserialize;

pub(crate) use self::keys::IdpKeys;
pub use self::keys::Rollover;
pub use self::respond::{Signed, SignedResponse, Tamper, When};
pub(crate) use self::respond::{respond, years};
use crate::config::SamlApp;
use crate::org::{Row, login};
use crate::saml::ReceivedRequest;
use crate::state::{App, locked, read};

/// How many users the sign-in page suggests.
const SUGGESTIONS: usize = 200;

pub(crate) fn entity_id(app: &App, name: &str) -> String {
    format!("http://www.okta.com/{}", app.seed.id("exk", name))
}

pub(crate) fn sso_url(app: &App, name: &str) -> String {
    format!("{}/app/{name}/sso/saml", app.base_url)
}

/// `GET /app/{app}/sso/saml/metadata`
pub(crate) async fn metadata(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let Some(saml) = find(&app, &name) else { return missing() };
    let (entity_id, sso_url) = (entity_id(&app, &name), sso_url(&app, &name));
    let xml = locked(&app.idp).metadata_xml(&entity_id, &sso_url, saml.signed_requests);
    ([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response()
}

/// `GET /app/{app}/sso/saml`: a request of the service provider, or nobody's request at all.
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(saml) = find(&app, &name) else { return missing() };
    let query = query.unwrap_or_default();
    if !query.contains("SAMLRequest=") {
        return chooser(&app, &name, &Choice::default(), None).into_response();
    }
    let request = match ReceivedRequest::from_query(&query) {
        Ok(request) => request,
        Err(error) => return refuse(&error.to_string()),
    };
    if let Err(why) = check(&app, &name, &saml, &request) {
        return refuse(why);
    }
    let choice =
        Choice { login: String::new(), request_id: Some(request.id), relay_state: request.relay_state };
    chooser(&app, &name, &choice, None).into_response()
}

/// `GET /home/{app}`: the tile on the dashboard. The response then answers no request.
pub(crate) async fn dashboard(State(app): State<Arc<App>>, Path(name): Path<String>) -> Response {
    let Some(saml) = find(&app, &name) else { return missing() };
    let choice = Choice { relay_state: saml.relay_state, ..Choice::default() };
    chooser(&app, &name, &choice, None).into_response()
}

/// What the sign-in page posts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    login: String,
    request_id: Option<String>,
    relay_state: Option<String>,
}

/// `POST /app/{app}/sso/saml`: the person has been chosen.
pub(crate) async fn chosen(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let Some(saml) = find(&app, &name) else { return missing() };
    let user = read(&app.org).one(&format!("/api/v1/users/{}", choice.login.trim()));
    let Some(user) = user.filter(|user| login(user).is_some()) else {
        return again(&app, &name, &choice, "There is no such user in this org.");
    };
    if !may_sign_in(&user) {
        return again(&app, &name, &choice, "This user is not active.");
    }
    let request_id = choice.request_id.as_deref().filter(|id| !id.is_empty());
    match respond(&app, &name, &saml, login(&user).unwrap_or_default(), request_id, &Tamper::default()) {
        Ok(signed) => pages::hand_over(&signed, choice.relay_state.as_deref()).into_response(),
        Err(error) => refuse(&error.to_string()),
    }
}

pub(crate) fn find(app: &App, name: &str) -> Option<SamlApp> {
    locked(&app.config).saml_apps.get(name).cloned()
}

fn check(app: &App, name: &str, saml: &SamlApp, request: &ReceivedRequest) -> Result<(), &'static str> {
    if request.issuer != saml.audience {
        return Err("The request's Issuer is not the app's audience.");
    }
    if request.acs_url.as_ref().is_some_and(|url| *url != saml.acs_url) {
        return Err("The request's AssertionConsumerServiceURL is not the app's single sign-on URL.");
    }
    if request.destination.as_ref().is_some_and(|url| *url != sso_url(app, name)) {
        return Err("The request's Destination is another address.");
    }
    if saml.signed_requests && !is_signed(saml, request) {
        return Err("The request is not signed by the app's signature certificate.");
    }
    Ok(())
}

fn is_signed(saml: &SamlApp, request: &ReceivedRequest) -> bool {
    let certificate = saml.signature_certificate.as_ref().and_then(|text| BASE64_STANDARD.decode(text).ok());
    certificate.is_some_and(|der| request.is_signed_by_certificate(&der))
}

fn may_sign_in(user: &Row) -> bool {
    matches!(user["status"].as_str(), Some("ACTIVE" | "PROVISIONED" | "PASSWORD_EXPIRED" | "RECOVERY"))
}

fn chooser(app: &App, name: &str, choice: &Choice, problem: Option<&str>) -> Markup {
    let logins: Vec<String> = {
        let org = read(&app.org);
        let active = org.rows("/api/v1/users").iter().filter(|user| may_sign_in(user));
        active.filter_map(|user| login(user).map(str::to_owned)).take(SUGGESTIONS).collect()
    };
    pages::choose(&sso_url(app, name), name, &logins, choice, problem)
}

fn again(app: &App, name: &str, choice: &Choice, problem: &str) -> Response {
    (StatusCode::FORBIDDEN, chooser(app, name, choice, Some(problem))).into_response()
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, pages::problem(why)).into_response()
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, pages::problem("There is no such SAML app in this org.")).into_response()
}
