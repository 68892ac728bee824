//! Requests that leave the product for an address that a customer named.
//!
//! One rule: nothing inside is ever reached. Only https on its own port, to a host with a name, resolved once, and
//! connected to only if every address it has is public (`address`); no redirect is followed; time, size and
//! content type are bounded. The local stack names its Okta twin as an exception when it constructs this;
//! no setting of a deployed function does.

mod address;
mod okta;
mod target;

use std::{error::Error as _, sync::Arc, time::Duration};

use reqwest::{Client, ClientBuilder, Response, header, redirect};
use url::Origin;

use self::{
    address::{Blocked, Guard},
    target::Target,
};

/// The longest that a whole exchange takes.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest document that is fetched, in bytes.
pub const MAX_BYTES: usize = 512 * 1024;

/// What SAML metadata comes as (SAML metadata, appendix A, and what servers really send).
pub const METADATA_TYPES: &[&str] = &["application/samlmetadata+xml", "application/xml", "text/xml"];

/// Why nothing was fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("want an https URL, got {got}")]
    Scheme { got: String },
    /// Credentials, white space, a backslash or a fragment: what parsers disagree about.
    #[error("want a plain URL, got one with {got}")]
    Form { got: &'static str },
    #[error("want the standard port 443, got {got}")]
    Port { got: u16 },
    /// A literal address in any spelling, or a name with an address that is not public.
    #[error("want a host whose every address is public")]
    Address,
    #[error("want an answer, got a redirect")]
    Redirect,
    #[error("want status 200, got {got}")]
    Status { got: u16 },
    #[error("want {want}, got {got}")]
    ContentType { want: String, got: String },
    #[error("want a plain body, got an encoded one")]
    Encoding,
    #[error("want at most {limit} bytes, got more")]
    TooLarge { limit: usize },
    #[error("want an answer in time, got none")]
    Timeout,
    #[error("want a connection, got none")]
    Connect,
}

impl OutboundError {
    /// The stable code, such as `url.address`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme { .. } => "url.scheme",
            Self::Form { .. } => "url.form",
            Self::Port { .. } => "url.port",
            Self::Address => "url.address",
            Self::Redirect => "url.redirect",
            Self::Status { .. } => "url.status",
            Self::ContentType { .. } => "url.content_type",
            Self::Encoding => "url.encoding",
            Self::TooLarge { .. } => "url.size",
            Self::Timeout => "url.timeout",
            Self::Connect => "url.connect",
        }
    }

    /// Whether the URL itself cannot be used (400), rather than what it led to (422).
    pub fn is_bad_url(&self) -> bool {
        matches!(self, Self::Scheme { .. } | Self::Form { .. } | Self::Port { .. } | Self::Address)
    }
}

/// The way out. Cheap to clone; keeps its connections.
#[derive(Clone)]
pub struct Outbound {
    guarded: Client,
    /// For the exceptions: no guard, and they alone go through it.
    excepted: Option<(Arc<[Origin]>, Client)>,
}

/// The machine's TLS could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("outbound HTTPS cannot be set up: {0}")]
pub struct SetupError(#[from] reqwest::Error);

impl Outbound {
    /// To public https hosts only: what deployed functions use.
    pub fn public() -> Result<Self, SetupError> {
        Ok(Self { guarded: guarded(Guard::system())?, excepted: None })
    }

    /// Besides, to these loopback http origins, such as `http://127.0.0.1:4000`: the local stack's twin.
    /// An origin that is not loopback is left out.
    pub fn new<'a>(extra_origins: impl IntoIterator<Item = &'a str>) -> Result<Self, SetupError> {
        let origins: Arc<[Origin]> = extra_origins.into_iter().filter_map(target::loopback).collect();
        let excepted = (origins, bounded().build()?);
        Ok(Self { guarded: guarded(Guard::system())?, excepted: Some(excepted) })
    }

    /// Whether `url` is of an origin that this was made with as an exception. Nothing is in a deployed function.
    pub fn is_exception(&self, url: &str) -> bool {
        self.excepted.as_ref().is_some_and(|(origins, _)| target::of_origins(url, origins).is_some())
    }

    /// Fetches a document of one of `content_types`.
    pub async fn fetch(&self, url: &str, content_types: &[&str]) -> Result<Vec<u8>, OutboundError> {
        let (client, url) = self.route(url)?;
        let accept = content_types.join(", ");
        let sent = client.get(url).header(header::ACCEPT, &accept).send().await;
        let response = sent.map_err(|error| reason(&error))?;
        match response.status() {
            status if status.is_redirection() => return Err(OutboundError::Redirect),
            status if status.as_u16() != 200 => return Err(OutboundError::Status { got: status.as_u16() }),
            _ => {}
        }
        let got = content_type(&response);
        if !content_types.contains(&got.as_str()) {
            return Err(OutboundError::ContentType { want: accept, got });
        }
        body(response, MAX_BYTES).await
    }

    /// The client for a URL that may be requested.
    fn route(&self, url: &str) -> Result<(&Client, reqwest::Url), OutboundError> {
        if let Some((origins, client)) = &self.excepted
            && let Some(url) = target::of_origins(url, origins)
        {
            return Ok((client, url));
        }
        Ok((&self.guarded, Target::parse(url)?.into_url()))
    }

    #[cfg(test)]
    fn with_lookup(lookup: address::Lookup) -> Self {
        Self { guarded: guarded(Guard::new(lookup)).unwrap(), excepted: None }
    }
}

/// A client that connects to vetted addresses only.
fn guarded(guard: Guard) -> Result<Client, reqwest::Error> {
    bounded().https_only(true).dns_resolver(Arc::new(guard)).build()
}

/// What every client of ours has: no redirects, no proxy of the environment, no waiting.
fn bounded() -> ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(TIMEOUT)
        .connect_timeout(TIMEOUT)
        .user_agent("Atomation/1")
}

/// The whole body, unless it is encoded or goes beyond `limit`. Nothing is decompressed, so nothing can grow.
async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, OutboundError> {
    let plain = |value: &header::HeaderValue| value == "identity";
    if !response.headers().get_all(header::CONTENT_ENCODING).iter().all(plain) {
        return Err(OutboundError::Encoding);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(OutboundError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn content_type(response: &Response) -> String {
    let value = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

fn reason(error: &reqwest::Error) -> OutboundError {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<Blocked>() {
            return OutboundError::Address;
        }
        source = inner.source();
    }
    if error.is_timeout() { OutboundError::Timeout } else { OutboundError::Connect }
}

#[cfg(test)]
mod tests;
