//! `/scim/v2/Groups`: the six role-groups, which are always there, and groups that clients create.
//!
//! Linking an Okta group to a role-group is how roles are given. A rename of a role-group is answered with
//! success and changes nothing; a DELETE empties it and it stays (decisions.md, SCIM).

mod answer;
mod list;
mod members;
mod write;

use axum::{
    Router,
    extract::{Path, Request},
    http::StatusCode,
    routing::{get, post},
};
use shared::{
    http::{
        Door, ScimCaller, ScimClient,
        observe::Surface,
        scim::{self, Outcome, Received},
        start,
    },
    scim::{ResourceKind, ScimError},
};

pub use list::find;
pub use write::apply;

/// The function's routes.
pub fn router(door: Door) -> Router {
    let routes = Router::new()
        .route("/scim/v2/Groups", get(list::list).post(create))
        .route("/scim/v2/Groups/.search", post(list::search))
        .route("/scim/v2/Groups/{id}", get(read).put(change).patch(change).delete(change));
    start::finish(routes, door, Surface::Scim)
}

async fn read(client: ScimClient, Path(id): Path<String>, request: Request) -> Result<Outcome, ScimError> {
    let group = client.store().group(&id).await?.ok_or_else(ScimError::not_found)?;
    let projection = scim::projection(request.uri(), ResourceKind::Group);
    answer::group(StatusCode::OK, &client, &group, &projection).await
}

async fn create(caller: ScimCaller, request: Request) -> Result<Outcome, ScimError> {
    let received = Received::change(request, ResourceKind::Group).await;
    let (client, change) = caller.creation(&received, ResourceKind::Group).await?;
    apply(&client, &change).await
}

async fn change(client: ScimClient, Path(id): Path<String>, request: Request) -> Result<Outcome, ScimError> {
    let received = Received::change(request, ResourceKind::Group).await?;
    apply(&client, &received.as_change(Some(&id), ResourceKind::Group)?).await
}
