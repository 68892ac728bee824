//! `/scim/v2/Groups`: the six role-groups, which are always there, and groups that clients create.
//!
//! Linking an Okta group to a role-group is how roles are given. A rename of a role-group is answered with
//! success and changes nothing; a DELETE empties it and it stays (decisions.md, SCIM).

mod answer;
mod list;
mod write;

use axum::{
    Router,
    extract::{Path, Request},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use shared::{
    http::{Door, ScimClient, observe::Surface, scim, start},
    scim::{ResourceKind, ScimError},
};

/// The function's routes.
pub fn router(door: Door) -> Router {
    let routes = Router::new()
        .route("/scim/v2/Groups", get(list::list).post(write::create))
        .route("/scim/v2/Groups/.search", post(list::search))
        .route(
            "/scim/v2/Groups/{id}",
            get(read).put(write::replace).patch(write::patch).delete(write::delete),
        );
    start::finish(routes, door, Surface::Scim)
}

async fn read(client: ScimClient, Path(id): Path<String>, request: Request) -> Result<Response, ScimError> {
    let group = client.store().group(&id).await?.ok_or_else(ScimError::not_found)?;
    let projection = scim::projection(request.uri(), ResourceKind::Group);
    answer::group(StatusCode::OK, &client, &group, &projection).await
}
