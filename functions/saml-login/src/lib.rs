//! Where SAML sign-in starts, and what the identity provider needs to know about us.

mod login;
mod metadata;
mod path;
mod signing;

use axum::{Router, extract::FromRef, routing::get};
use shared::{
    http::{Door, observe::Surface, start},
    saml::RequestKey,
    store::{
        Secrets,
        sso::{KnownKeys, Purpose},
    },
};

/// What the function needs beside the door.
#[derive(Clone)]
pub struct SamlLogin {
    door: Door,
    keys: KnownKeys<RequestKey>,
}

impl SamlLogin {
    /// Signs requests with the workspaces' keys in `secrets`.
    pub fn new(door: Door, secrets: Secrets) -> Self {
        let parse = |der: &[u8]| RequestKey::from_pkcs8(der).ok();
        Self { door, keys: KnownKeys::new(secrets, Purpose::Signing, parse) }
    }
}

impl FromRef<SamlLogin> for Door {
    fn from_ref(function: &SamlLogin) -> Self {
        function.door.clone()
    }
}

/// The function's routes.
pub fn router(function: SamlLogin) -> Router {
    let routes = Router::new()
        .route("/auth/saml/login", get(login::start))
        .route("/saml/metadata", get(metadata::show));
    start::finish(routes, function, Surface::Web)
}
