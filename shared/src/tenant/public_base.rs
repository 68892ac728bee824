//! Where workspaces are reached: `https://SUBDOMAIN.DOMAIN`, or plain http on loopback for local runs.
//!
//! One rule: the scheme decides the cookies' names; there is no other switch (decisions.md, Sign-in).

use std::{fmt, net::IpAddr};

use super::Subdomain;
use crate::ops::{Config, config::ConfigError};

/// The public origin of every workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicBase {
    domain: String,
    /// `None` is https on its standard port.
    loopback_port: Option<u16>,
}

impl PublicBase {
    /// This deployment's, from `BASE_DOMAIN`.
    pub fn of(config: &Config) -> Result<Self, ConfigError> {
        let (name, want) = ("BASE_DOMAIN", "a domain such as example.com, or http://localhost:PORT");
        Self::parse(config.get(name)?).ok_or_else(|| ConfigError::Invalid { name: name.to_owned(), want })
    }

    /// `atomation.example` is https; `http://localhost:PORT` is accepted for `localhost` alone.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(authority) = text.strip_prefix("http://") {
            let port = authority.strip_prefix("localhost:")?.parse().ok()?;
            return Some(Self { domain: "localhost".to_owned(), loopback_port: Some(port) });
        }
        let label = |l: &str| {
            !l.is_empty()
                && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !l.starts_with('-')
        };
        let is_name = text.split('.').count() >= 2 && text.split('.').all(label);
        (is_name && text.parse::<IpAddr>().is_err())
            .then(|| Self { domain: text.to_owned(), loopback_port: None })
    }

    /// The origin of a workspace, such as `https://acme.example.com`.
    pub fn origin(&self, subdomain: &str) -> String {
        match self.loopback_port {
            None => format!("https://{subdomain}.{}", self.domain),
            Some(port) => format!("http://{subdomain}.{}:{port}", self.domain),
        }
    }

    /// The subdomain that `host` (no port) names: exactly one label before the domain.
    pub fn subdomain<'h>(&self, host: &'h str) -> Option<&'h str> {
        let label = host.strip_suffix(self.domain.as_str())?.strip_suffix('.')?;
        Subdomain::is_valid(label).then_some(label)
    }

    /// Whether cookies are of the https kind.
    pub fn is_https(&self) -> bool {
        self.loopback_port.is_none()
    }
}

impl fmt::Display for PublicBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_localhost_only() {
        assert_eq!(PublicBase::parse("http://evil.example:80"), None);
        assert_eq!(PublicBase::parse("http://localhost"), None);
        assert_eq!(PublicBase::parse("127.0.0.1"), None);
        assert_eq!(
            PublicBase::parse("http://localhost:8080").unwrap().origin("acme"),
            "http://acme.localhost:8080"
        );
        assert_eq!(
            PublicBase::parse("atomation.example").unwrap().origin("acme"),
            "https://acme.atomation.example"
        );
    }

    #[test]
    fn a60_only_one_plain_label_names_a_workspace() {
        let base = PublicBase::parse("atomation.example").unwrap();
        assert_eq!(base.subdomain("acme.atomation.example"), Some("acme"));
        for host in [
            "atomation.example",
            "a.b.atomation.example",
            "www.atomation.example",
            "ACME.atomation.example",
            "acme.atomation.example.",
            "acmeatomation.example",
            ".atomation.example",
            "acme.atomation.example:443",
            "xn--bcher-kva.atomation.example",
            "127.0.0.1",
            "",
        ] {
            assert_eq!(base.subdomain(host), None, "{host}");
        }
    }
}
