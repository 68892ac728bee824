//! SP-initiated sign-in: an AuthnRequest by redirect, remembered and bound to this browser.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
};
use futures::try_join;
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Problem, Visit, session::sent_cookies},
    saml::{AuthnRequest, redirect_url},
    store::sso::{REQUEST_LIFETIME, WaitingRequest},
    tenant::session::SessionSecret,
};

use crate::{SamlLogin, path, signing};

#[derive(Deserialize)]
pub(crate) struct Wish {
    /// The path to land on.
    next: Option<String>,
    /// `1` asks the identity provider to authenticate the person afresh: step-up.
    force: Option<String>,
    /// `1` tries the connection: the answer is judged and logged, and opens no session.
    test: Option<String>,
}

/// `GET /auth/saml/login`
pub(crate) async fn start(
    State(function): State<SamlLogin>,
    visit: Visit,
    headers: HeaderMap,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Result<Answer, Problem> {
    let Query(wish) = wish.map_err(|_| bad_query())?;
    let store = visit.store();
    let (connection, keys) = try_join!(store.sso(), store.sp_keys())?;
    let connection = connection.filter(|connection| connection.enabled).ok_or_else(Problem::sso_off)?;

    let request = AuthnRequest::new(
        &*visit.door.random,
        visit.at,
        connection.idp.sso_redirect,
        visit.entity_id(),
        visit.acs_url(),
    );
    let request = if is_set(wish.force.as_deref()) { request.forcing_authentication() } else { request };
    let key = signing::present(&function.keys, &visit.workspace.tenant, &keys).await?;
    let browser = browser(&visit, &headers)?;
    let waiting = WaitingRequest {
        browser: browser.hash(),
        path: path::own(wish.next.as_deref()).to_owned(),
        test: is_set(wish.test.as_deref()),
        expires: visit.at.saturating_add(REQUEST_LIFETIME).unwrap_or(visit.at),
    };
    store.keep_request(&request.id, &waiting).await?;
    // The RelayState is the request's id: it means nothing to anybody else, and no URL can be put into it.
    let location = redirect_url(&request, Some(&request.id), key.as_deref()).map_err(|error| {
        tracing::error!(error.message = %error, "AuthnRequest");
        Problem::internal()
    })?;
    let cookie = visit.cookies()?.set_saml_request(browser.expose());
    Ok(Answer::done(location.clone(), json!({ "location": location })).with_cookie(cookie))
}

/// What binds requests to this browser. One that it has already is kept, so that several tabs can sign in.
fn browser(visit: &Visit, headers: &HeaderMap) -> Result<SessionSecret, Problem> {
    let kept = visit.cookies()?.saml_request(sent_cookies(headers)).and_then(SessionSecret::parse);
    Ok(kept.unwrap_or_else(|| SessionSecret::generate(&*visit.door.random)))
}

fn is_set(switch: Option<&str>) -> bool {
    switch == Some("1")
}

fn bad_query() -> Problem {
    Problem::bad_request(
        "query",
        "The address cannot be read.",
        "Start again from the workspace's sign-in page.",
    )
}
