//! Where SAML sign-in starts, and what the identity provider needs to know about us.

mod login;
mod metadata;
mod path;

use axum::{Router, routing::get};
use shared::http::{Door, Visit, observe::Surface, start};

/// The function's routes.
pub fn router(door: Door) -> Router {
    let routes = Router::new()
        .route("/auth/saml/login", get(login::start))
        .route("/saml/metadata", get(metadata::show));
    start::finish(routes, door, Surface::Web)
}

/// Our entity id in the workspace: the URL of its metadata (setup guide, section 2).
fn entity_id(visit: &Visit) -> String {
    format!("{}/saml/metadata", visit.origin())
}

/// Our assertion consumer service in the workspace (setup guide, section 2).
fn acs_url(visit: &Visit) -> String {
    format!("{}/auth/saml/acs", visit.origin())
}
