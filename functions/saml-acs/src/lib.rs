//! The assertion consumer service: where an identity provider's word becomes a session, or a refusal.
//!
//! One rule: everything that may happen once, and the session that rests on it, is one transaction. Until it
//! commits nothing was consumed, and whatever is missing, unreadable or late is a refusal.
//!
//! A sign-in takes three sequential trips to the table: what can be read ahead (`guess`), the person, the
//! transaction.

mod admission;
mod arrival;
mod form;
mod guess;
mod pages;
mod receive;
mod refusal;
#[cfg(feature = "samael")]
pub mod second;
mod trial;

use axum::{Router, routing::post};
use shared::http::{Door, observe::Surface, start};

/// The function's routes.
pub fn router(door: Door) -> Router {
    start::finish(Router::new().route("/auth/saml/acs", post(receive::response)), door, Surface::Web)
}
