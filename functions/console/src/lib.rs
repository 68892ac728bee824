//! The workspace's web pages. Each action is one route that answers HTML or JSON by `Accept`; every form is a
//! plain POST, and the pages work without script.

mod approvals;
mod assets;
mod audit;
mod customers;
mod home;
mod layout;
mod notify;
mod scim;
mod sign_in;
mod sso;
mod users;

use axum::{Router, extract::FromRef};
use shared::{
    http::{Door, Outbound, observe::Surface, start},
    ops::config::ConfigError,
    store::{Aws, Mailer, Secrets},
};

/// What the pages need beside the door.
#[derive(Clone)]
pub struct Console {
    pub door: Door,
    pub secrets: Secrets,
    pub mailer: Mailer,
    /// The way to addresses that customers name.
    pub outbound: Outbound,
}

impl Console {
    /// From the deployment's settings.
    pub fn new(aws: &Aws, door: Door, outbound: Outbound) -> Result<Self, ConfigError> {
        Ok(Self { door, secrets: aws.secrets()?, mailer: aws.mailer()?, outbound })
    }
}

impl FromRef<Console> for Door {
    fn from_ref(console: &Console) -> Self {
        console.door.clone()
    }
}

/// The function's routes, a module each.
pub fn router(console: Console) -> Router {
    let routes = Router::new()
        .merge(approvals::routes())
        .merge(assets::routes())
        .merge(audit::routes())
        .merge(customers::routes())
        .merge(home::routes())
        .merge(scim::routes())
        .merge(sign_in::routes())
        .merge(sso::routes())
        .merge(users::routes());
    start::finish(routes, console, Surface::Web)
}
