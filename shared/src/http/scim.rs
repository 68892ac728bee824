//! What the SCIM functions share: errors on the wire, bodies, conditional requests.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    ScimClient,
    body::{self, BodyError},
};
use crate::{
    scim::{
        GroupRef, Projection, ResourceKind, ScimError, UserView, json, meta, user::render as render_user,
    },
    store::{
        StoreError,
        groups::GroupError,
        users::{UserError, UserRecord},
    },
    tenant::{Role, TenantId, resource_id},
};

/// The media type of SCIM (RFC 7644 section 3.1).
pub const SCIM_JSON: &str = "application/scim+json";

/// Below the 6 MB of Lambda, so that the refusal is ours and JSON.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// A SCIM answer with a body.
pub fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, SCIM_JSON)], body.to_string()).into_response()
}

/// Reads a request's JSON, strictly.
pub async fn read_json(headers: &HeaderMap, body: Body) -> Result<Value, ScimError> {
    let kind = body::media_type(headers);
    if !matches!(kind.as_deref(), Some(SCIM_JSON | "application/json")) {
        return Err(ScimError::unsupported_media_type());
    }
    let bytes = body::read(body, BODY_LIMIT).await.map_err(|error| match error {
        BodyError::TooLarge { limit } => {
            ScimError::payload_too_large(format!("the request is larger than {} KiB", limit / 1024))
        }
        BodyError::Unreadable => ScimError::invalid_syntax("the request's body ended early"),
    })?;
    json::parse(&bytes)
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

/// A user's representation.
pub fn user_json(client: &ScimClient, user: &UserRecord, projection: &Projection) -> Value {
    let tenant = client.principal.tenant();
    let groups: Vec<_> = user.groups.iter().map(|id| group_ref(tenant, id)).collect();
    let view = UserView {
        id: user.id.as_str(),
        attributes: &user.attributes,
        groups: &groups,
        created: &rfc3339(user.created),
        last_modified: &rfc3339(user.updated),
        version: Some(user.version),
        location_base: &client.base_url(),
    };
    render_user(view, projection)
}

/// An answer with a user, its location and its entity tag.
pub fn user_answer(
    status: StatusCode,
    client: &ScimClient,
    user: &UserRecord,
    projection: &Projection,
) -> Response {
    let body = user_json(client, user, projection);
    let location = meta::location(&client.base_url(), ResourceKind::User, user.id.as_str());
    located(status, &body, &location, Some(user.version))
}

/// An answer with a resource: `Location` when it was created, `ETag` when it has a version.
pub fn located(status: StatusCode, body: &Value, location: &str, version: Option<u64>) -> Response {
    let mut response = answer(status, body);
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    if status == StatusCode::CREATED {
        set(header::LOCATION, location);
    }
    if let Some(version) = version {
        set(header::ETAG, &meta::etag(version));
    }
    response
}

/// RFC 3339 in UTC, to the millisecond.
pub fn rfc3339(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn group_ref(tenant: &TenantId, id: &str) -> GroupRef {
    // A custom group's name would cost a read; its id and reference are enough.
    let display = resource_id::role_of_group(tenant, id).map_or("", Role::name).to_owned();
    GroupRef { value: id.to_owned(), display }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = answer(status, &self.to_json());
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
