//! A sign-in step by step: what the browser and the identity provider do, before the doors of [`Front`].

#![expect(clippy::unwrap_used, reason = "tests may fail loudly, their helpers too")]

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use okta_twin::{Tamper, saml::ReceivedRequest};
use serde_json::Value;
use shared::store::{audit::Acting, users::UserRecord};

use crate::front::{Acme, Front, Reply};

/// Who signs in unless said otherwise.
pub const ADA: &str = "ada@example.com";
/// What a browser accepts.
pub const HTML: &str = "text/html,application/xhtml+xml";

/// A browser that went to the identity provider: the request it carries and the cookie it holds.
pub struct Started {
    pub request: ReceivedRequest,
    pub cookie: String,
    pub reply: Reply,
}

/// Asks the workspace for a sign-in: its answer leads to the identity provider.
pub async fn start(front: &Front, workspace: &str, query: &str, cookie: &str) -> anyhow::Result<Started> {
    let request = Request::get(format!("/auth/saml/login{query}"))
        .header(header::ACCEPT, HTML)
        .header(header::COOKIE, cookie);
    let reply = front.send(workspace, request.body(Body::empty())?).await?;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{reply:?}");
    let (_, query) = reply.header("location").split_once('?').unwrap();
    let request = ReceivedRequest::from_query(query)?;
    let cookie = reply.cookie("atm_saml").unwrap().to_owned();
    Ok(Started { request, cookie, reply })
}

/// A response for [`ADA`].
pub fn signed(front: &Front, app: &str, request: Option<&str>, tamper: &Tamper) -> String {
    signed_for(front, app, ADA, request, tamper)
}

/// A response for `login`.
pub fn signed_for(front: &Front, app: &str, login: &str, request: Option<&str>, tamper: &Tamper) -> String {
    front.twin.saml_response(app, login, request, tamper).unwrap().unwrap().saml_response
}

/// What Okta's page makes the browser do: a POST across sites.
pub async fn post(
    front: &Front,
    workspace: &str,
    cookie: &str,
    fields: &[(&str, &str)],
) -> anyhow::Result<Reply> {
    post_from(front, workspace, cookie, "https://acme.okta.com", fields).await
}

/// A post to the ACS from a page of `from`.
pub async fn post_from(
    front: &Front,
    workspace: &str,
    cookie: &str,
    from: &str,
    fields: &[(&str, &str)],
) -> anyhow::Result<Reply> {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("/auth/saml/acs")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, HTML)
        .header(header::ORIGIN, from)
        .header(header::COOKIE, cookie);
    front.send(workspace, request.body(Body::from(form))?).await
}

/// IdP-initiated, without any cookie.
pub async fn arrive(front: &Front, workspace: &str, response: &str) -> anyhow::Result<Reply> {
    post(front, workspace, "", &[("SAMLResponse", response)]).await
}

/// The sign-in log, newest first.
pub async fn attempts(front: &Front, acme: &Acme) -> anyhow::Result<Vec<Value>> {
    let log = front.read(acme, "/security/sso/log").await?;
    Ok(log["attempts"].as_array().unwrap().clone())
}

/// The newest attempt's outcome.
pub async fn last_outcome(front: &Front, acme: &Acme) -> anyhow::Result<String> {
    Ok(attempts(front, acme).await?[0]["outcome"].as_str().unwrap().to_owned())
}

/// Whether a session was opened.
pub fn signed_in(reply: &Reply) -> bool {
    reply.status == StatusCode::SEE_OTHER && reply.cookie("atm_session").is_some()
}

/// 403, a page with the correlation id, no session, and no word of the reason.
pub fn refused(reply: &Reply) {
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{reply:?}");
    assert!(reply.header("content-type").starts_with("text/html"), "{reply:?}");
    assert!(
        reply.body.contains(reply.header("x-correlation-id")) && !reply.body.contains("saml."),
        "{reply:?}"
    );
    assert!(reply.set_cookie("atm_session").is_none() && reply.header("location").is_empty());
}

/// The workspace's user of that name.
pub async fn user(front: &Front, acme: &Acme, name: &str) -> anyhow::Result<Option<UserRecord>> {
    Ok(front.door.table().tenant(&acme.workspace).user_by_name(name).await?)
}

/// A test that acts.
pub fn acting(front: &Front) -> Acting<'_> {
    let at = shared::ops::Clock::now(&*front.clock);
    Acting { actor: "job:test".to_owned(), at, correlation_id: "c-test", random: &*front.door.random }
}
