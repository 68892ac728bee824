//! The name a workspace is reached by. Given once, never given again.

use serde::{Deserialize, Serialize};

/// 3 to 40 of `a-z 0-9 -`, beginning with a letter, ending with no hyphen, not reserved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subdomain(String);

/// The text is not a subdomain that can be given.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("want 3 to 40 characters a-z, 0-9 and -, beginning with a letter, and no reserved name")]
pub struct InvalidSubdomain;

const RESERVED: &[&str] =
    &["admin", "api", "app", "assets", "auth", "docs", "mail", "static", "status", "support", "www"];

impl Subdomain {
    /// Checks a name that someone asks for.
    pub fn parse(text: &str) -> Result<Self, InvalidSubdomain> {
        if Self::is_valid(text) { Ok(Self(text.to_owned())) } else { Err(InvalidSubdomain) }
    }

    /// Whether `text` could name a workspace; says nothing about whether one exists.
    pub fn is_valid(text: &str) -> bool {
        (3..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            // `xn--` is how international names are smuggled into ASCII: no look-alikes.
            && !text.contains("--")
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !RESERVED.contains(&text)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Subdomain {
    type Error = InvalidSubdomain;
    fn try_from(text: String) -> Result<Self, InvalidSubdomain> {
        Self::parse(&text)
    }
}

impl From<Subdomain> for String {
    fn from(subdomain: Subdomain) -> Self {
        subdomain.0
    }
}
