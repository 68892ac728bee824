//! `meta` of a resource, and its entity tag (RFC 7643 section 3.1, RFC 7644 section 3.14).

use std::fmt;

use serde::{Serialize, Serializer};

use super::schema::ResourceKind;

/// The attribute `meta`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta<'a> {
    resource_type: &'static str,
    created: &'a str,
    last_modified: &'a str,
    location: Location<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl<'a> Meta<'a> {
    pub(crate) fn new(
        location: Location<'a>,
        created: &'a str,
        last_modified: &'a str,
        version: Option<u64>,
    ) -> Self {
        let resource_type = location.kind.name();
        Self { resource_type, created, last_modified, location, version: version.map(etag) }
    }
}

/// The URL of a resource, below a base such as `https://acme.example.com/scim/v2`.
#[derive(Debug, Clone, Copy)]
pub struct Location<'a> {
    pub base: &'a str,
    pub kind: ResourceKind,
    pub id: &'a str,
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, kind, id } = self;
        write!(f, "{base}{}/{id}", kind.endpoint())
    }
}

impl Serialize for Location<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The weak entity tag of a version, for `meta.version` and the `ETag` header.
pub fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// What an `If-Match` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: any version, as long as there is one.
    Any,
    /// One of these versions. Tags that are not ours are left out: they match nothing.
    Versions(Vec<u64>),
}

impl IfMatch {
    /// Reads the header's value. RFC 7644 section 3.14 uses weak tags here, so `W/` makes no difference.
    pub fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        Self::Versions(header.split(',').filter_map(version_of).collect())
    }

    /// Whether the resource at `version` may be changed; if not, the answer is 412.
    pub fn allows(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

fn version_of(tag: &str) -> Option<u64> {
    let tag = tag.trim();
    let digits = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    let version = digits.parse().ok()?;
    (etag(version).len() == digits.len() + 4).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c13_if_match_allows_exactly_the_versions_it_names() {
        assert!(IfMatch::parse("W/\"3\"").allows(3));
        assert!(IfMatch::parse("\"3\"").allows(3));
        assert!(IfMatch::parse("\"1\", W/\"3\"").allows(3));
        assert!(IfMatch::parse("*").allows(3));
        for stale in ["W/\"2\"", "\"\"", "", "3", "W/\"03\"", "W/\"+3\"", "W/\"3", "\"abc\"", "w/\"3\""] {
            assert!(!IfMatch::parse(stale).allows(3), "{stale}");
        }
    }

    #[test]
    fn a_tag_reads_back() {
        assert_eq!(IfMatch::parse(&etag(u64::MAX)), IfMatch::Versions(vec![u64::MAX]));
    }
}
