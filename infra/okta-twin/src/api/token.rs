//! `POST /oauth2/v1/token`: an access token for a service app.
//!
//! The one rule: one scope too many, and there is no token.
//! Source: RFC 6749 section 4.4; developer.okta.com "Implement OAuth for Okta with a service app".

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, Header, encode};
use serde_json::{Value, json};

use super::access::{Grant, LIFETIME};
use super::error::{ApiError, OAuthError};
use super::{assertion, dpop};
use crate::config::ServiceApp;
use crate::seed::fresh;
use crate::state::{App, locked};

const PATH: &str = "/oauth2/v1/token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) async fn handle(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let standing = locked(&app.limits).take("token", PATH, app.now());
    let mut response = if standing.allowed {
        match issue(&app, &headers, &body).await {
            Ok(answer) => Json(answer).into_response(),
            Err(error) => error.into_response(),
        }
    } else {
        ApiError::TooMany.into_response()
    };
    standing.write(response.headers_mut());
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

async fn issue(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Value, OAuthError> {
    let form_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !form_type.is_some_and(|text| text.starts_with("application/x-www-form-urlencoded")) {
        return Err(OAuthError::InvalidRequest("The request must be a form."));
    }
    let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return Err(OAuthError::UnsupportedGrantType);
    }
    if field("client_assertion_type") != ASSERTION_TYPE {
        return Err(OAuthError::InvalidClient("Client authentication must be private_key_jwt.".to_owned()));
    }
    // First the assertion, which is used up even if the proof then turns out to need a nonce.
    let service = assertion::verify(app, field("client_assertion")).await?;
    let jkt = if service.dpop || headers.contains_key("dpop") {
        let request = dpop::Request { method: &Method::POST, path: PATH, nonce: true, token: None };
        Some(dpop::verify(app, headers, &request)?)
    } else {
        None
    };
    let scopes: BTreeSet<String> = field("scope").split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() || !scopes.is_subset(&service.scopes) {
        return Err(OAuthError::InvalidScope);
    }
    mint(app, &service, scopes, jkt)
}

fn mint(
    app: &App,
    service: &ServiceApp,
    scopes: BTreeSet<String>,
    jkt: Option<String>,
) -> Result<Value, OAuthError> {
    let now = app.now();
    let mut claims = json!({
        "ver": 1,
        "jti": format!("AT.{}", fresh(32)),
        "iss": app.base_url,
        "aud": app.base_url,
        "sub": service.client_id,
        "cid": service.client_id,
        "iat": now.as_second(),
        "exp": now.as_second() + LIFETIME,
        "scp": scopes,
    });
    if let Some(jkt) = &jkt {
        claims["cnf"] = json!({ "jkt": jkt });
    }
    let token = encode(&Header::new(Algorithm::ES256), &claims, &app.token_key)
        .map_err(|_| OAuthError::InvalidRequest("The token could not be signed."))?;
    let answer = json!({
        "token_type": if jkt.is_some() { "DPoP" } else { "Bearer" },
        "expires_in": LIFETIME,
        "access_token": token,
        "scope": scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
    });
    let expires = now + SignedDuration::from_secs(LIFETIME);
    let grant = Grant { client_id: service.client_id.clone(), scopes, expires, jkt };
    locked(&app.tokens).insert(token, grant, now);
    Ok(answer)
}
