//! `/scim/v2/Users`: create, read, list, replace, patch, delete (RFC 7644 section 3).

mod list;
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
        scim::{self, Outcome, Received, ShownUser},
        start,
    },
    scim::{Projection, ResourceKind, ScimError, meta::Location},
    store::users::UserRecord,
};

pub use list::find;
pub use write::apply;

/// The function's routes.
pub fn router(door: Door) -> Router {
    let routes = Router::new()
        .route("/scim/v2/Users", get(list::list).post(create))
        .route("/scim/v2/Users/.search", post(list::search))
        .route("/scim/v2/Users/{id}", get(read).put(change).patch(change).delete(change));
    start::finish(routes, door, Surface::Scim)
}

async fn read(client: ScimClient, Path(id): Path<String>, request: Request) -> Result<Outcome, ScimError> {
    let user = client.store().user(&id).await?.ok_or_else(ScimError::not_found)?;
    answer(StatusCode::OK, &client, &user, &scim::projection(request.uri(), ResourceKind::User))
}

async fn create(caller: ScimCaller, request: Request) -> Result<Outcome, ScimError> {
    let received = Received::change(request, ResourceKind::User).await;
    let (client, change) = caller.creation(&received, ResourceKind::User).await?;
    apply(&client, &change).await
}

async fn change(client: ScimClient, Path(id): Path<String>, request: Request) -> Result<Outcome, ScimError> {
    let received = Received::change(request, ResourceKind::User).await?;
    apply(&client, &received.as_change(Some(&id), ResourceKind::User)?).await
}

/// An answer with a user, its location and its entity tag.
fn answer(
    status: StatusCode,
    client: &ScimClient,
    user: &UserRecord,
    projection: &Projection,
) -> Result<Outcome, ScimError> {
    let base_url = client.base_url();
    let shown = ShownUser::new(user, client.principal.tenant(), &base_url, projection);
    let location = Location { base: &base_url, kind: ResourceKind::User, id: user.id.as_str() };
    Outcome::with(status, &shown, location, Some(user.version))
}
