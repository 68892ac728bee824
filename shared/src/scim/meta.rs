//! `meta` of a resource, and its entity tag (RFC 7643 section 3.1, RFC 7644 section 3.14).

use serde_json::Value;

use super::normalise::Object;
use super::schema::ResourceKind;

pub(crate) struct Meta<'a> {
    pub kind: ResourceKind,
    pub id: &'a str,
    pub created: &'a str,
    pub last_modified: &'a str,
    pub version: Option<u64>,
    pub location_base: &'a str,
}

impl Meta<'_> {
    pub(crate) fn to_json(&self) -> Value {
        let mut out = Object::new();
        out.insert("resourceType".into(), self.kind.name().into());
        out.insert("created".into(), self.created.into());
        out.insert("lastModified".into(), self.last_modified.into());
        out.insert("location".into(), location(self.location_base, self.kind, self.id).into());
        if let Some(version) = self.version {
            out.insert("version".into(), etag(version).into());
        }
        out.into()
    }
}

/// The URL of a resource, for `meta.location` and the `Location` header.
pub fn location(location_base: &str, kind: ResourceKind, id: &str) -> String {
    format!("{location_base}{}/{id}", kind.endpoint())
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
