//! SCIM on the wire: what the SCIM functions share between a request and a store call.
//!
//! | module | holds |
//! |---|---|
//! | [`change`] | a change that a client asks for, and what became of it |
//! | [`page`], [`cursor`] | a page of a list, by index or by cursor |
//! | [`user`] | a user of the store as it is answered |
//!
//! Here: errors as answers, and the parameters of a query. The one rule: every answer is JSON, whatever went
//! wrong.

pub mod change;
pub mod cursor;
pub mod page;
pub mod user;

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;

pub use change::{Action, BODY_LIMIT, Change, Outcome, Received};
pub use page::{Page, Pager};
pub use user::ShownUser;

use crate::{
    scim::{Projection, ResourceKind, ScimError},
    store::{StoreError, groups::GroupError, users::UserError},
};

/// The media type of SCIM (RFC 7644 section 3.1).
pub const SCIM_JSON: &str = "application/scim+json";

/// A SCIM answer with a body.
pub fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => raw_answer(status, bytes),
        Err(error) => {
            // Says of which kind, never of what: a body is personal data.
            tracing::error!(error.kind = ?error.classify(), "an answer cannot be written");
            ScimError::internal().into_response()
        }
    }
}

fn raw_answer(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, SCIM_JSON)], body.into()).into_response()
}

/// The decoded parameters of a request's query.
pub fn query_pairs(uri: &Uri) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// The attributes that a request for one resource asks for.
pub fn projection(uri: &Uri, kind: ResourceKind) -> Projection {
    let value = |name: &str| query_pairs(uri).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v);
    Projection::parse(value("attributes").as_deref(), value("excludedAttributes").as_deref(), kind)
}

/// RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.3}")
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = raw_answer(status, self.to_json().to_string());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The provisioning log says why.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ScimError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled | StoreError::Conflict | StoreError::Condition(_) => Self::throttled(1),
            error @ (StoreError::Corrupt { .. } | StoreError::Unavailable(_)) => {
                tracing::error!(error.message = %error, "store");
                match error {
                    StoreError::Corrupt { .. } => Self::internal(),
                    _ => Self::unavailable(5),
                }
            }
        }
    }
}

impl From<UserError> for ScimError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NameTaken => Self::uniqueness("another user has this userName"),
            UserError::Changed => Self::throttled(1),
            UserError::Store(error) => error.into(),
        }
    }
}

impl From<GroupError> for ScimError {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::NameTaken => Self::uniqueness("another group has this displayName"),
            GroupError::Changed => Self::throttled(1),
            GroupError::Store(error) => error.into(),
        }
    }
}
