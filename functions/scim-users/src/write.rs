//! Changes of users. A change is a read and a transaction; whoever changed the user in between makes it be
//! read again.

use axum::{
    extract::{Path, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    http::{ScimClient, scim},
    scim::{PatchRequest, ResourceKind, ScimError, UserAttributes, meta::IfMatch},
    store::users::{NewUser, Source, UserError, UserRecord},
};

/// How often a change is applied anew to a user that somebody else changed in between.
const RETRIES: u32 = 8;

/// `POST /Users`
pub(crate) async fn create(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let projection = scim::projection(&parts.uri, ResourceKind::User);
    let attributes = UserAttributes::from_create(&scim::read_json(&parts.headers, body).await?)?;
    let store = client.store();
    if let Some(user) = store.user_by_name(attributes.user_name()).await? {
        // A person who came by JIT or invitation is adopted, not duplicated.
        if user.source == Source::Scim {
            return Err(UserError::NameTaken.into());
        }
        let user = store.change_user(&user.adopted(), attributes, &client.acting()).await?;
        return Ok(scim::user_answer(StatusCode::CREATED, &client, &user, &projection));
    }
    let new = NewUser { attributes, source: Source::Scim, grants: Vec::new() };
    let user = store.create_user(new, &client.acting()).await?;
    Ok(scim::user_answer(StatusCode::CREATED, &client, &user, &projection))
}

/// `PUT /Users/{id}`
pub(crate) async fn replace(
    client: ScimClient,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let body = scim::read_json(&parts.headers, body).await?;
    let change = |user: &UserRecord| UserAttributes::from_replace(&body, user.active);
    let user = changed(&client, &id, &parts.headers, change).await?;
    Ok(scim::user_answer(StatusCode::OK, &client, &user, &scim::projection(&parts.uri, ResourceKind::User)))
}

/// `PATCH /Users/{id}`: 200 with the user.
pub(crate) async fn patch(
    client: ScimClient,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let body = scim::read_json(&parts.headers, body).await?;
    // Validated as a whole before anything is read or written.
    let patch = PatchRequest::parse(&body, ResourceKind::User)?;
    let change = |user: &UserRecord| user.attributes.apply_patch(&patch);
    let user = changed(&client, &id, &parts.headers, change).await?;
    Ok(scim::user_answer(StatusCode::OK, &client, &user, &scim::projection(&parts.uri, ResourceKind::User)))
}

/// `DELETE /Users/{id}`
pub(crate) async fn delete(
    client: ScimClient,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ScimError> {
    let store = client.store();
    for _ in 0..RETRIES {
        let user = store.user(&id).await?.ok_or_else(ScimError::not_found)?;
        check_version(&headers, &user)?;
        match store.delete_user(&user, &client.acting()).await {
            Err(UserError::Changed) => {}
            done => return Ok(done.map(|()| StatusCode::NO_CONTENT.into_response())?),
        }
    }
    Err(UserError::Changed.into())
}

async fn changed(
    client: &ScimClient,
    id: &str,
    headers: &HeaderMap,
    change: impl Fn(&UserRecord) -> Result<UserAttributes, ScimError>,
) -> Result<UserRecord, ScimError> {
    let store = client.store();
    for _ in 0..RETRIES {
        let user = store.user(id).await?.ok_or_else(ScimError::not_found)?;
        check_version(headers, &user)?;
        let attributes = change(&user)?;
        match store.change_user(&user.adopted(), attributes, &client.acting()).await {
            Err(UserError::Changed) => {}
            done => return Ok(done?),
        }
    }
    Err(UserError::Changed.into())
}

/// 412 when `If-Match` names another version (RFC 7644 section 3.14).
fn check_version(headers: &HeaderMap, user: &UserRecord) -> Result<(), ScimError> {
    let header = headers.get(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default());
    match header.map(IfMatch::parse) {
        Some(wanted) if !wanted.allows(user.version) => Err(ScimError::precondition_failed()),
        _ => Ok(()),
    }
}
