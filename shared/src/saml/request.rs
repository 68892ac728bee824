//! AuthnRequests: how a sign-in that starts at the workspace asks the IdP (SAML core 3.4.1), sent by the
//! HTTP-Redirect binding (SAML bindings 3.4).

use std::{fmt, io::Write};

use aws_lc_rs::{rand::SystemRandom as LcRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use jiff::{Timestamp, Unit};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;
use uppsala::XmlWriter;

use super::names::{ASSERTION, POST_BINDING, PROTOCOL, RSA_SHA256, UNSPECIFIED_FORMAT};
use crate::ops::random::{Random, bytes};

/// The longest RelayState (SAML bindings 3.4.3).
const MAX_RELAY_STATE: usize = 80;

/// All but what every common way of escaping leaves as it is: an identity provider that builds the query anew
/// before it verifies the signature gets the same one.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// One request for a sign-in. Its id is single-use and bound to the browser by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthnRequest {
    /// `_` and 160 random bits in hexadecimal.
    pub id: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// The IdP's single sign-on URL.
    pub destination: String,
    /// Where the Response shall go.
    pub acs_url: String,
    /// Our entity id.
    pub issuer: String,
    /// Whether the person must authenticate afresh, even with a live session at the IdP.
    pub force_authn: bool,
}

/// Why a request cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// RelayState is too long for the binding.
    #[error("wanted a RelayState of at most 80 bytes, got {got}")]
    RelayState {
        /// Its length in bytes.
        got: usize,
    },
    /// The key cannot be read or used.
    #[error("wanted an RSA private key in PKCS #8, got something else")]
    Key,
    /// Compression into memory failed.
    #[error("wanted a deflated request, got an error from the encoder")]
    Deflate,
}

/// The workspace's key for signing AuthnRequests.
pub struct RequestKey(KeyPair);

impl RequestKey {
    /// Reads an unencrypted PKCS #8 RSA key, DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, RequestError> {
        KeyPair::from_pkcs8(der).map(Self).map_err(|_| RequestError::Key)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, RequestError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        // PKCS #1 v1.5 is deterministic: the generator is asked for by the interface and not used.
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &LcRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| RequestError::Key)
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestKey")
    }
}

impl AuthnRequest {
    /// A fresh request of `issuer` to `destination`, answered at `acs_url`.
    pub fn new(
        random: &(impl Random + ?Sized),
        now: Timestamp,
        destination: impl Into<String>,
        issuer: impl Into<String>,
        acs_url: impl Into<String>,
    ) -> Self {
        Self {
            // An NCName may not begin with a digit.
            id: format!("_{}", hex::encode(bytes::<20>(random))),
            issue_instant: now,
            destination: destination.into(),
            acs_url: acs_url.into(),
            issuer: issuer.into(),
            force_authn: false,
        }
    }

    /// Asks the IdP to authenticate the person afresh.
    #[must_use]
    pub fn forcing_authentication(mut self) -> Self {
        self.force_authn = true;
        self
    }

    /// The `samlp:AuthnRequest` element.
    pub fn to_xml(&self) -> String {
        let instant = self.issue_instant.round(Unit::Second).unwrap_or(self.issue_instant).to_string();
        let mut attributes = vec![
            ("xmlns:samlp", PROTOCOL),
            ("xmlns:saml", ASSERTION),
            ("ID", &self.id),
            ("Version", "2.0"),
            ("IssueInstant", &instant),
            ("Destination", &self.destination),
        ];
        if self.force_authn {
            attributes.push(("ForceAuthn", "true"));
        }
        attributes.extend([
            ("AssertionConsumerServiceURL", self.acs_url.as_str()),
            ("ProtocolBinding", POST_BINDING),
        ]);

        let mut out = XmlWriter::new();
        out.start_element("samlp:AuthnRequest", &attributes);
        out.start_element("saml:Issuer", &[]);
        out.text(&self.issuer);
        out.end_element("saml:Issuer");
        let policy = [("AllowCreate", "true"), ("Format", UNSPECIFIED_FORMAT)];
        out.start_element("samlp:NameIDPolicy", &policy);
        out.end_element("samlp:NameIDPolicy");
        out.end_element("samlp:AuthnRequest");
        out.into_string()
    }
}

/// The URL that takes `request` to the IdP: deflated, and signed when there is a key
/// (SAML bindings 3.4.4.1: the signature is over the query exactly as sent).
pub fn redirect_url(
    request: &AuthnRequest,
    relay_state: Option<&str>,
    key: Option<&RequestKey>,
) -> Result<String, RequestError> {
    let mut query =
        format!("SAMLRequest={}", encode(&STANDARD.encode(deflate(request.to_xml().as_bytes())?)));
    if let Some(state) = relay_state {
        if state.len() > MAX_RELAY_STATE {
            return Err(RequestError::RelayState { got: state.len() });
        }
        query.push_str("&RelayState=");
        query.push_str(&encode(state));
    }
    if let Some(key) = key {
        query.push_str("&SigAlg=");
        query.push_str(&encode(RSA_SHA256));
        let signature = STANDARD.encode(key.sign(query.as_bytes())?);
        query.push_str("&Signature=");
        query.push_str(&encode(&signature));
    }
    let separator = if request.destination.contains('?') { '&' } else { '?' };
    Ok(format!("{}{separator}{query}", request.destination))
}

fn deflate(bytes: &[u8]) -> Result<Vec<u8>, RequestError> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|_| RequestError::Deflate)
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}
