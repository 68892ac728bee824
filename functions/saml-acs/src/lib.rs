//! The assertion consumer service: where an identity provider's word becomes a session, or a refusal.
//!
//! One rule: everything that may happen once, and the session that rests on it, is one transaction. Until it
//! commits nothing was consumed, and whatever is missing, unreadable or late is a refusal.
//!
//! A sign-in takes three sequential trips to the table: what can be read ahead (`guess`), the person, the
//! transaction. The first one of a process for a workspace takes one more, for whose the host is; so does an encrypted
//! one, since nobody's name can be read ahead.

mod admission;
mod arrival;
mod form;
mod guess;
mod opening;
mod pages;
mod receive;
mod refusal;
#[cfg(feature = "samael")]
pub mod second;
mod trial;

use axum::{Router, extract::FromRef, routing::post};
use shared::{
    http::{Door, observe::Surface, start},
    saml::DecryptionKey,
    store::{
        Secrets,
        sso::{KnownKeys, Purpose},
    },
};

/// What the function needs beside the door.
#[derive(Clone)]
pub struct SamlAcs {
    door: Door,
    keys: KnownKeys<DecryptionKey>,
}

impl SamlAcs {
    /// Opens what is encrypted for the workspaces' keys in `secrets`.
    pub fn new(door: Door, secrets: Secrets) -> Self {
        let parse = |der: &[u8]| DecryptionKey::from_pkcs8(der).ok();
        Self { door, keys: KnownKeys::new(secrets, Purpose::Encryption, parse) }
    }
}

impl FromRef<SamlAcs> for Door {
    fn from_ref(function: &SamlAcs) -> Self {
        function.door.clone()
    }
}

/// The function's routes.
pub fn router(function: SamlAcs) -> Router {
    start::finish(Router::new().route("/auth/saml/acs", post(receive::response)), function, Surface::Web)
}
