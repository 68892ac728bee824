//! What the SCIM service can do (RFC 7644 section 4), and the answer to every other SCIM address.

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, Uri},
    response::Response,
    routing::{get, post},
};
use shared::{
    http::{Door, ScimClient, observe::Surface, scim, start},
    scim::{
        ScimError, list_response,
        schema::documents::{self, Features},
    },
};

/// Exactly what the other SCIM functions do.
const FEATURES: Features = Features { bulk: None, etag: true, sort: true, cursor_timeout: None };

/// The function's routes.
pub fn router(door: Door) -> Router {
    let routes = Router::new()
        .route("/scim/v2/ServiceProviderConfig", get(config))
        .route("/scim/v2/ResourceTypes", get(resource_types))
        .route("/scim/v2/ResourceTypes/{id}", get(resource_type))
        .route("/scim/v2/Schemas", get(schemas))
        .route("/scim/v2/Schemas/{id}", get(schema))
        .route("/scim/v2/Me", axum::routing::any(me))
        .route("/scim/v2/.search", post(search))
        .fallback(unknown);
    start::finish(routes, door, Surface::Scim)
}

async fn config(client: ScimClient) -> Response {
    scim::answer(StatusCode::OK, &documents::service_provider_config(&client.base_url(), &FEATURES))
}

async fn resource_types(client: ScimClient, uri: Uri) -> Result<Response, ScimError> {
    unfiltered(&uri)?;
    let types = documents::resource_types(&client.base_url());
    Ok(scim::answer(StatusCode::OK, &list_response(types.len() as u64, 1, types)))
}

async fn resource_type(client: ScimClient, Path(id): Path<String>) -> Result<Response, ScimError> {
    let found = documents::resource_type(&client.base_url(), &id).ok_or_else(ScimError::not_found)?;
    Ok(scim::answer(StatusCode::OK, &found))
}

async fn schemas(client: ScimClient, uri: Uri) -> Result<Response, ScimError> {
    unfiltered(&uri)?;
    let schemas = documents::schemas(&client.base_url());
    Ok(scim::answer(StatusCode::OK, &list_response(schemas.len() as u64, 1, schemas)))
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

/// Users and groups are searched by themselves; 501 says so (RFC 7644 section 3.12).
async fn search(_: ScimClient) -> ScimError {
    ScimError::not_implemented("search one kind of resource at a time: /Users/.search or /Groups/.search")
}

/// Who may not ask learns nothing, not even which addresses there are.
async fn unknown(_: ScimClient) -> ScimError {
    ScimError::not_found()
}
