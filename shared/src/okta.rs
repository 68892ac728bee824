//! The read-only Okta client.
//!
//! Why: every judgement rests on what an org answered, so the one thing that speaks to an org must be unable to
//! change it, unable to leave it, and unable to crowd out the customer's own traffic.
//!
//! Its one rule: **only GET, and only with `.read` scopes**. A [`Request`] can be a GET or the token POST and nothing
//! else; the [`endpoints`] table holds every address that is ever read; a token that could write is refused.
//!
//! It is pure: the network is a [`Transport`], time is an `ops::Clock`, randomness an `ops::Random`. It never sleeps:
//! where it must wait it says until when.

pub mod client;
pub mod dpop;
pub mod endpoints;
pub mod failure;
pub mod key;
pub mod link;
pub mod org_url;
pub mod organization;
pub mod pacing;
pub mod preflight;
pub mod token;
pub mod transport;

pub use client::{Client, GetError, ServiceApp};
pub use endpoints::Endpoint;
pub use failure::Failure;
pub use key::AssertionKey;
pub use org_url::{OrgUrl, OrgUrlError};
pub use organization::{Organization, Pipeline};
pub use pacing::Pacing;
pub use preflight::Preflight;
pub use token::{AccessToken, TokenError};
pub use transport::{Method, Request, Response, Transport, TransportError};

#[cfg(test)]
pub(crate) mod testing;
