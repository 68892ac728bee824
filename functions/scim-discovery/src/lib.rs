//! What the SCIM service can do (RFC 7644 section 4), and the answer to every other SCIM address.

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, Uri},
    response::Response,
    routing::get,
};
use shared::{
    http::{Door, ScimClient, observe::Surface, scim, start},
    scim::{
        ListResponse, ScimError, bulk,
        schema::documents::{self, BulkLimits, Features},
    },
};

/// Exactly what the other SCIM functions do.
const FEATURES: Features = Features {
    bulk: Some(BulkLimits { max_operations: bulk::MAX_OPERATIONS, max_payload: scim::BODY_LIMIT }),
    etag: true,
    sort: true,
    cursor_timeout: Some(scim::cursor::SECONDS),
};

/// The function's routes.
pub fn router(door: Door) -> Router {
    let routes = Router::new()
        .route("/scim/v2/ServiceProviderConfig", get(config))
        .route("/scim/v2/ResourceTypes", get(resource_types))
        .route("/scim/v2/ResourceTypes/{id}", get(resource_type))
        .route("/scim/v2/Schemas", get(schemas))
        .route("/scim/v2/Schemas/{id}", get(schema))
        .route("/scim/v2/Me", axum::routing::any(me))
        .fallback(unknown);
    start::finish(routes, door, Surface::Scim)
}

async fn config(client: ScimClient) -> Response {
    scim::answer(StatusCode::OK, &documents::service_provider_config(&client.base_url(), &FEATURES))
}

async fn resource_types(client: ScimClient, uri: Uri) -> Result<Response, ScimError> {
    unfiltered(&uri)?;
    let types = documents::resource_types(&client.base_url());
    Ok(scim::answer(StatusCode::OK, &ListResponse::by_index(types.len() as u64, 1, &types)))
}

async fn resource_type(client: ScimClient, Path(id): Path<String>) -> Result<Response, ScimError> {
    let found = documents::resource_type(&client.base_url(), &id).ok_or_else(ScimError::not_found)?;
    Ok(scim::answer(StatusCode::OK, &found))
}

async fn schemas(client: ScimClient, uri: Uri) -> Result<Response, ScimError> {
    unfiltered(&uri)?;
    let schemas = documents::schemas(&client.base_url());
    Ok(scim::answer(StatusCode::OK, &ListResponse::by_index(schemas.len() as u64, 1, &schemas)))
}

async fn schema(client: ScimClient, Path(id): Path<String>) -> Result<Response, ScimError> {
    let found = documents::schema(&client.base_url(), &id).ok_or_else(ScimError::not_found)?;
    Ok(scim::answer(StatusCode::OK, &found))
}

/// 403 for a filter: nobody shall take the whole list for what matched (RFC 7644 section 4).
fn unfiltered(uri: &Uri) -> Result<(), ScimError> {
    if scim::query_pairs(uri).any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(ScimError::forbidden("this list cannot be filtered"));
    }
    Ok(())
}

/// A SCIM token is not a user, so there is no "me" (RFC 7644 section 3.11).
async fn me(_: ScimClient) -> ScimError {
    ScimError::not_implemented("a provisioning token is not a user: there is no /Me")
}

/// Who may not ask learns nothing, not even which addresses there are.
async fn unknown(_: ScimClient) -> ScimError {
    ScimError::not_found()
}
