//! The environment, read once and checked as a whole: a function that lacks a setting does not start.

use std::{fmt, net::IpAddr};

/// What a function was deployed with. Each function asks for the settings it needs by name.
#[derive(Debug, Clone, Default)]
pub struct Config {
    values: std::collections::BTreeMap<String, String>,
}

/// A setting is missing or cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    #[error("the environment variable {0} is not set; infra/template.yaml names what each function needs")]
    Missing(String),
    #[error("the environment variable {name} is wrong: want {want}")]
    Invalid { name: String, want: &'static str },
}

impl Config {
    /// Reads the process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Self {
        std::env::vars().collect()
    }

    /// The setting `name`.
    pub fn get(&self, name: &str) -> Result<&str, ConfigError> {
        match self.values.get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(ConfigError::Missing(name.to_owned())),
        }
    }

    /// The public origin pattern, from `BASE_DOMAIN`.
    pub fn public_base(&self) -> Result<PublicBase, ConfigError> {
        let want = "a domain such as example.com, or http://localhost:PORT";
        PublicBase::parse(self.get("BASE_DOMAIN")?)
            .ok_or_else(|| ConfigError::Invalid { name: "BASE_DOMAIN".to_owned(), want })
    }
}

impl FromIterator<(String, String)> for Config {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(iter: T) -> Self {
        Self { values: iter.into_iter().collect() }
    }
}

/// Where workspaces are reached: `https://SUBDOMAIN.DOMAIN`, or plain http on loopback for local runs.
///
/// The scheme decides the cookies' names; there is no other switch (decisions.md, Sign-in).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicBase {
    domain: String,
    /// `None` is https on its standard port.
    loopback_port: Option<u16>,
}

impl PublicBase {
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
        crate::tenant::Subdomain::is_valid(label).then_some(label)
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
