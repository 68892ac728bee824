//! A sealed snapshot, opened for judging.
//!
//! Its one rule: rows are handed out only for a resource that was read completely; everything else is
//! [`Unreadable`], and says why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    manifest::Manifest,
    part,
    status::{Cause, Status},
};
use crate::okta::endpoints;

/// The rows of all resources of one snapshot.
#[derive(Debug)]
pub struct Snapshot {
    resources: BTreeMap<String, Resource>,
}

#[derive(Debug)]
struct Resource {
    status: Status,
    rows: Vec<Row>,
}

/// One object as the org answered it. `Debug` shows where it is, not what it holds.
pub struct Row {
    /// The key of its resource.
    pub resource: String,
    /// In a fan-out, the id of the object it belongs to.
    pub parent: Option<String>,
    pub value: Value,
    /// The key of its part and its line there.
    place: String,
}

/// A resource that may not be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{resource} was not read completely ({cause:?}): {detail}")]
pub struct Unreadable {
    pub resource: String,
    pub cause: Cause,
    pub detail: String,
}

/// Why a snapshot cannot be opened. Each is a reason to stop, none to skip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("want a part that the manifest names, got {0}")]
    Unknown(String),
    #[error("want part {key} with digest {want}, got {got}")]
    Digest { key: String, want: String, got: String },
    #[error("want {0} as lines of rows, got something else")]
    Unreadable(String),
    #[error("want every part, {0} is missing")]
    Missing(String),
}

/// Opens a snapshot part by part, in any order.
pub struct Opening<'m> {
    manifest: &'m Manifest,
    read: BTreeMap<String, Vec<Row>>,
}

impl<'m> Opening<'m> {
    pub fn new(manifest: &'m Manifest) -> Self {
        Self { manifest, read: BTreeMap::new() }
    }

    /// Takes the NDJSON of a part and checks it against the manifest.
    pub fn add(&mut self, key: &str, ndjson: &[u8]) -> Result<(), OpenError> {
        let part = self.manifest.parts.iter().find(|p| p.key == key);
        let part = part.ok_or_else(|| OpenError::Unknown(key.to_owned()))?;
        let got = part::sha256_hex(ndjson);
        if got != part.sha256 {
            return Err(OpenError::Digest { key: key.to_owned(), want: part.sha256.clone(), got });
        }
        let lines = part::decode(ndjson).filter(|lines| lines.len() as u64 == part.rows);
        let lines = lines.ok_or_else(|| OpenError::Unreadable(key.to_owned()))?;
        let row = |(i, (parent, value)): (usize, (Option<String>, Value))| Row {
            resource: part.resource.clone(),
            parent,
            value,
            place: format!("{key}#{}", i + 1),
        };
        self.read.insert(key.to_owned(), lines.into_iter().enumerate().map(row).collect());
        Ok(())
    }

    /// The snapshot, once every part was added.
    pub fn finish(mut self) -> Result<Snapshot, OpenError> {
        let resource = |r: &super::manifest::Resource| {
            (r.key.clone(), Resource { status: r.status.clone(), rows: Vec::new() })
        };
        let mut resources: BTreeMap<_, _> = self.manifest.resources.iter().map(resource).collect();
        for part in &self.manifest.parts {
            let rows = self.read.remove(&part.key).ok_or_else(|| OpenError::Missing(part.key.clone()))?;
            let resource = resources.get_mut(&part.resource);
            resource.ok_or_else(|| OpenError::Unknown(part.key.clone()))?.rows.extend(rows);
        }
        Ok(Snapshot { resources })
    }
}

impl Snapshot {
    /// The rows of a resource that was read completely.
    pub fn resource(&self, key: &str) -> Result<&[Row], Unreadable> {
        let unreadable =
            |cause, detail: &str| Unreadable { resource: key.to_owned(), cause, detail: detail.to_owned() };
        let Some(resource) = self.resources.get(key) else {
            return Err(unreadable(Cause::Partial, "it is not part of this snapshot"));
        };
        match &resource.status {
            Status::Complete => Ok(&resource.rows),
            Status::Partial(reason) => Err(unreadable(Cause::Partial, reason)),
            Status::DeniedScope => Err(unreadable(Cause::Scope, "the scope was not granted")),
            Status::DeniedRole => Err(unreadable(Cause::Role, "the app's admin role does not show it")),
            Status::FeatureAbsent => Err(unreadable(Cause::Feature, "the org does not offer it")),
        }
    }

    /// The one row of a resource that is a single object.
    pub fn single(&self, key: &str) -> Result<&Row, Unreadable> {
        match self.resource(key)? {
            [row] => Ok(row),
            rows => Err(Unreadable {
                resource: key.to_owned(),
                cause: Cause::Partial,
                detail: format!("want one object, got {}", rows.len()),
            }),
        }
    }
}

impl Row {
    /// The member at an RFC 6901 pointer; `None` when it is not there. JSON null is there.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer)?.as_str()
    }

    pub fn flag(&self, pointer: &str) -> Option<bool> {
        self.at(pointer)?.as_bool()
    }

    pub fn int(&self, pointer: &str) -> Option<i64> {
        self.at(pointer)?.as_i64()
    }

    pub fn list(&self, pointer: &str) -> Option<&[Value]> {
        self.at(pointer)?.as_array().map(Vec::as_slice)
    }

    /// An instant. Okta writes RFC 3339; some of its older answers leave out the `T` and the zone, and mean UTC.
    pub fn time(&self, pointer: &str) -> Option<Timestamp> {
        let text = self.text(pointer)?;
        text.parse().ok().or_else(|| format!("{}Z", text.replacen(' ', "T", 1)).parse().ok())
    }

    /// Its id; for a single object without one, the path it is read from.
    pub fn id(&self) -> &str {
        let path = || endpoints::find(&self.resource).map(|e| e.path);
        self.text("/id").or_else(path).unwrap_or(&self.resource)
    }

    /// Whether it is switched off. Only the published words for that count; an unknown status is taken as on, so
    /// that it is judged.
    pub fn is_off(&self) -> bool {
        matches!(self.text("/status"), Some("INACTIVE" | "DELETED"))
    }

    /// Where in the evidence a member is: part, line and RFC 6901 pointer.
    pub fn pointer(&self, pointer: &str) -> String {
        format!("{}{pointer}", self.place)
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({})", self.place)
    }
}

#[cfg(test)]
pub(crate) mod fixture;
