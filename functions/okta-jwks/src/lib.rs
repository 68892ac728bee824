//! `/.well-known/okta-jwks.json`: the public keys of a workspace's service apps, for Okta to fetch.

use axum::{
    Json, Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use shared::http::{Door, Problem, Visit, observe::Surface, start};

/// The function's routes.
pub fn router(door: Door) -> Router {
    start::finish(Router::new().route("/.well-known/okta-jwks.json", get(keys)), door, Surface::Web)
}

/// RFC 7517: `{"keys": [...]}`. Public parts only; the private keys are in Secrets Manager.
async fn keys(visit: Visit) -> Result<Response, Problem> {
    let keys = visit.store().public_keys().await?;
    let mut response = Json(json!({ "keys": keys })).into_response();
    // Okta may keep it a while: a new key is published before it is used.
    let cache = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    Ok(response)
}
