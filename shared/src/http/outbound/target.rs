//! Which URLs may be asked at all, before any name is resolved.

use url::{Host, Origin, Url};

use super::OutboundError;

/// A URL that may be requested through the guard.
pub(super) struct Target(Url);

impl Target {
    /// https, port 443, a host with a name, and nothing that two parsers could read differently.
    pub(super) fn parse(text: &str) -> Result<Self, OutboundError> {
        // A parser repairs these silently, so they are looked for in the text as it came.
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(OutboundError::Form { got: "white space, a control character or a backslash" });
        }
        let url = Url::parse(text).map_err(|_| OutboundError::Form { got: "no URL's form" })?;
        if url.scheme() != "https" {
            return Err(OutboundError::Scheme { got: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(OutboundError::Form { got: "credentials" });
        }
        if url.fragment().is_some() {
            return Err(OutboundError::Form { got: "a fragment" });
        }
        if let Some(port) = url.port() {
            return Err(OutboundError::Port { got: port });
        }
        match url.host() {
            Some(Host::Domain(name)) if is_public_name(name) => Ok(Self(url)),
            _ => Err(OutboundError::Address),
        }
    }

    pub(super) fn into_url(self) -> Url {
        self.0
    }
}

/// Two labels or more, without a dot at the end; what the parser takes for a number is no name.
fn is_public_name(name: &str) -> bool {
    let mut labels = name.split('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    labels.clone().count() >= 2
        && labels.all(|label| !label.is_empty())
        && !last.bytes().all(|b| b.is_ascii_digit())
        && last != "localhost"
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The origin that `text` is, if it is one of loopback http.
pub(super) fn loopback(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "http")?;
    let loopback = match url.host()? {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name == "localhost",
    };
    loopback.then(|| url.origin())
}

/// `text` as a URL, if its origin is one of `origins`.
pub(super) fn of_origins(text: &str, origins: &[Origin]) -> Option<Url> {
    Url::parse(text).ok().filter(|url| origins.contains(&url.origin()))
}
