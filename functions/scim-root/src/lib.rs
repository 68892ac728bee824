//! `/scim/v2/Bulk` and `/scim/v2/.search`: what spans users and groups.
//!
//! One rule: nothing is done here that `scim-users` and `scim-groups` would not do, by the same code.

mod bulk;
mod search;

use axum::{Router, routing::post};
use shared::http::{Door, observe::Surface, start};

/// The function's routes.
pub fn router(door: Door) -> Router {
    let routes = Router::new()
        .route("/scim/v2/Bulk", post(bulk::bulk))
        .route("/scim/v2/.search", post(search::search));
    start::finish(routes, door, Surface::Scim)
}
