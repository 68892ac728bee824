//! `/deliveries`: evidence and reports, to whom the customer's approvals allow it at this moment.
//!
//! It runs in the reader's own workspace: a member reads their workspace's objects; a person of a partner, and an
//! operator, name the customer (`?customer=SUBDOMAIN`). One rule: the decision is made anew for each read, and
//! whatever fails on the way is a refusal that says nothing of what is there.

mod asked;
mod content;
mod list;
mod read;
mod side;

use axum::{Router, extract::FromRef, routing::get};
use shared::{
    http::{Door, observe::Surface, start},
    store::Evidence,
};

/// What reading needs beside the door.
#[derive(Clone)]
pub struct Deliveries {
    pub door: Door,
    pub evidence: Evidence,
}

impl FromRef<Deliveries> for Door {
    fn from_ref(deliveries: &Deliveries) -> Self {
        deliveries.door.clone()
    }
}

/// The function's routes.
pub fn router(deliveries: Deliveries) -> Router {
    let routes =
        Router::new().route("/deliveries", get(list::list)).route("/deliveries/{object}", get(read::read));
    start::finish(routes, deliveries, Surface::Web)
}
