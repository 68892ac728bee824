//! The identity provider's side of SAML 2.0, written from the specifications and shaped like Okta's messages.
//!
//! It shares no code with the product: the product's verifier is judged by what this signs, and this by
//! what other verifiers accept. Every field of a message can be changed, so that tests can be wrong in
//! exactly one place and right everywhere else, signature included.

mod idp;
mod request;
mod response;
mod sign;

pub use idp::{SigningIdp, metadata_xml, metadata_xml_of};
pub use request::ReceivedRequest;
pub use response::{Attribute, ResponseSpec, Sign};
pub use sign::Signing;

use thiserror::Error;

/// Why the twin cannot make or read a message.
#[derive(Debug, Error)]
pub enum SamlError {
    /// A key or certificate could not be made or read.
    #[error("wanted an RSA key and its certificate, got: {0}")]
    Key(String),
    /// The XML to sign cannot be parsed on its own, or has no such element.
    #[error("wanted an element with this ID and an Issuer in it, got: {0}")]
    Element(String),
    /// The redirect binding's query cannot be read.
    #[error("wanted a redirect-binding AuthnRequest, got: {0}")]
    Request(String),
}
