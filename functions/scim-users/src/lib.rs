//! `/scim/v2/Users`: create, read, list, replace, patch, delete (RFC 7644 section 3).

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
        .route("/scim/v2/Users", get(list::list).post(write::create))
        .route("/scim/v2/Users/.search", post(list::search))
        .route(
            "/scim/v2/Users/{id}",
            get(read).put(write::replace).patch(write::patch).delete(write::delete),
        );
    start::finish(routes, door, Surface::Scim)
}

async fn read(client: ScimClient, Path(id): Path<String>, request: Request) -> Result<Response, ScimError> {
    let user = client.store().user(&id).await?.ok_or_else(ScimError::not_found)?;
    let projection = scim::projection(request.uri(), ResourceKind::User);
    Ok(scim::user_answer(StatusCode::OK, &client, &user, &projection))
}
