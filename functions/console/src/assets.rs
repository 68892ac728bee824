//! The one style sheet.

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::Console;

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/assets/app.css", get(css))
}

async fn css() -> Response {
    let mut response = include_str!("../assets/app.css").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
