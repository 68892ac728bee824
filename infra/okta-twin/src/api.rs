//! The management API, read only.
//!
//! The one rule: nothing is answered before the token, the limit, the scope and the role have been
//! checked, in this order; and anything but a GET is refused and counted, whoever asks.

pub(crate) mod access;
pub(crate) mod answer;
pub(crate) mod assertion;
pub(crate) mod dpop;
pub(crate) mod endpoints;
pub(crate) mod error;
pub(crate) mod limits;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod token;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use serde_json::{Value, json};

use self::answer::Answer;
use self::endpoints::Shape;
use self::error::ApiError;
use self::limits::Standing;
use self::query::Query;
use crate::seed::fresh;
use crate::state::{App, locked};

/// Every path of the management API comes here.
pub(crate) async fn handle(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut standing = None;
    let mut response = match answer(&app, &method, &uri, &headers, &mut standing) {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    if let Ok(value) = HeaderValue::from_str(&fresh(27)) {
        out.insert(HeaderName::from_static("x-okta-request-id"), value);
    }
    if let Some(standing) = standing {
        standing.write(out);
    }
    response
}

/// `GET /.well-known/okta-organization`: which engine the org runs, told to anyone.
pub(crate) async fn organization(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({
        "id": app.org_id,
        "_links": { "organization": { "href": app.base_url } },
        "pipeline": "idx",
    }))
}

fn answer(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    standing: &mut Option<Standing>,
) -> Result<Response, ApiError> {
    let path = uri.path();
    if method != Method::GET {
        locked(&app.counters).refuse_method(method, path);
        return Err(ApiError::Method);
    }
    let caller = access::authenticate(app, method, path, headers)?;
    let endpoint = endpoints::find(path).ok_or(ApiError::NotFound("no such endpoint"))?;
    let now = locked(&app.limits).take(&caller.client_id, endpoint.bucket, app.now());
    *standing = Some(now);
    if !now.allowed {
        return Err(ApiError::TooMany);
    }
    if let Some(fault) = locked(&app.faults).take(path) {
        return Err(fault);
    }
    access::authorize(&caller, endpoint)?;
    let query = Query::parse(uri.query().unwrap_or_default());
    let Answer { body, next } = answer::answer(app, &caller, endpoint, path, &query)?;
    let mut response = Json(body).into_response();
    if matches!(endpoint.shape, Shape::Array { .. }) {
        page::link(response.headers_mut(), &app.base_url, path, &query, next.as_deref());
    }
    Ok(response)
}
