//! A mail address that does not print in logs.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Host;

/// A mail address: `local@domain`, the domain in lower-case ASCII form (IDNA).
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    local: String,
    domain: String,
}

/// Not a mail address that we send to. Does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want a mail address such as name@example.com")]
pub struct NotAnEmail;

impl Email {
    /// Reads an address: the plain form of RFC 5321 without quotes and address literals.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        let (local, domain) = text.split_once('@').ok_or(NotAnEmail)?;
        let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
        let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
        if local.is_empty() || local.len() > 64 || !local.bytes().all(atom) || !dots {
            return Err(NotAnEmail);
        }
        let domain = ascii_domain(domain).ok_or(NotAnEmail)?;
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The domain, lower-case ASCII.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The whole address, for the mail and for the page of who may see it.
    pub fn expose(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }
}

/// A DNS name of at least two labels in lower-case ASCII form; no address, no trailing dot.
fn ascii_domain(text: &str) -> Option<String> {
    let Ok(Host::Domain(domain)) = Host::parse(text) else { return None };
    let label = |l: &str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let labels_good = domain.split('.').all(|l| label(l) && l.bytes().all(plain));
    (domain.contains('.') && domain.len() <= 253 && labels_good).then_some(domain)
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email")
    }
}

impl TryFrom<String> for Email {
    type Error = NotAnEmail;

    fn try_from(text: String) -> Result<Self, NotAnEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_has_one_spelling() {
        let email = Email::parse("Ann.Lee+x@EXAMPLE.com").unwrap();
        assert_eq!((email.expose().as_str(), email.domain()), ("Ann.Lee+x@example.com", "example.com"));
        assert_eq!(Email::parse("a@bücher.example").unwrap().domain(), "xn--bcher-kva.example");
        assert_eq!(format!("{email:?}"), "Email");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@example.com",
            "a@b",
            "a@b@example.com",
            "a b@example.com",
            "\"a\"@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "a@127.0.0.1",
            "a@[::1]",
            "a@example.com.",
            "a@-example.com",
            "a@exa_mple.com",
            "a@example..com",
            "a\r\nb@example.com",
            "a@example.com\r\nBcc: x",
            "a@%65xample.com/",
            "<a@example.com>",
        ] {
            assert_eq!(Email::parse(bad), Err(NotAnEmail), "{bad:?}");
        }
    }
}
