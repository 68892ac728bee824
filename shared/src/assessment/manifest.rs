//! The seal of a snapshot: which parts it has, how complete each resource is, who asked for it and when.
//!
//! Its one rule: a manifest names every byte that may be judged. A part that it does not name does not exist; a part
//! whose digest differs is an error.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    checkpoint::Checkpoint,
    merkle,
    part::{Part, sha256_hex},
    status::Status,
};
use crate::canonical::{self, CanonicalError};

/// The schema this code writes and reads.
pub const SCHEMA: &str = "atomation.snapshot-manifest/1";

/// The predicate type of the statement about a manifest.
const PREDICATE: &str = "urn:atomation:snapshot-manifest:1";

/// A sealed snapshot's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema: String,
    #[serde(flatten)]
    pub subject: Subject,
    pub scan: String,
    pub started_at: Timestamp,
    pub sealed_at: Timestamp,
    pub calls: u64,
    /// In the order of the endpoint table's keys.
    pub resources: Vec<Resource>,
    /// In the order of resource, shard, seq.
    pub parts: Vec<Part>,
    /// RFC 6962 root over the canonical JSON of each part, in hex.
    pub merkle_root: String,
}

/// What was read, for whom and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub tenant: String,
    /// Our id of the org.
    pub org: String,
    pub org_url: String,
    /// Okta's id of the org.
    pub okta_org_id: String,
    pub scopes: Vec<String>,
    /// The version of the rule library that will judge it.
    pub rule_library: String,
}

/// How completely one resource was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub key: String,
    #[serde(flatten)]
    pub status: Status,
    pub rows: u64,
    pub pages: u32,
    /// Parents that answered 404: deleted during the scan, or not readable. With any, the status is not complete.
    pub gone: u32,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// Why there is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("want a collection that has ended, got one that is still reading {0}")]
    NotCollected(String),
    #[error(transparent)]
    NotCanonical(#[from] CanonicalError),
    #[error("want a manifest of schema {SCHEMA}, got something else")]
    Unreadable,
    #[error("want Merkle root {want}, got {got}")]
    Root { want: String, got: String },
    #[error("want {want} rows of {resource} in its parts, got {got}")]
    Rows { resource: String, want: u64, got: u64 },
}

impl Manifest {
    /// Seals a collection that has ended.
    pub fn seal(checkpoint: &Checkpoint, subject: Subject, now: Timestamp) -> Result<Self, ManifestError> {
        let mut resources = Vec::new();
        for (key, reading) in &checkpoint.resources {
            let status = reading.status.clone().ok_or_else(|| ManifestError::NotCollected(key.clone()))?;
            resources.push(Resource {
                key: key.clone(),
                status,
                rows: reading.rows,
                pages: reading.pages,
                gone: reading.gone,
                started_at: reading.started_at,
                ended_at: reading.ended_at,
            });
        }
        let mut parts = checkpoint.parts.clone();
        parts.sort_by(|a, b| (&a.resource, a.shard, a.seq).cmp(&(&b.resource, b.shard, b.seq)));
        let manifest = Self {
            schema: SCHEMA.to_owned(),
            subject,
            scan: checkpoint.scan.clone(),
            started_at: checkpoint.started_at,
            sealed_at: now,
            calls: checkpoint.calls,
            resources,
            merkle_root: root(&parts)?,
            parts,
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// The bytes to store and to sign over.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads stored bytes. Anything that is not exactly what [`Manifest::to_bytes`] wrote is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|_| ManifestError::Unreadable)?;
        if manifest.schema != SCHEMA || manifest.to_bytes()? != bytes {
            return Err(ManifestError::Unreadable);
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// The digest by which reports and approvals name this snapshot.
    pub fn sha256(&self) -> Result<String, CanonicalError> {
        Ok(sha256_hex(&self.to_bytes()?))
    }

    /// The in-toto statement (v1) about this manifest, to be signed as [`super::dsse::pae`].
    pub fn statement(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(&json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": format!("{}/manifest.json", self.scan), "digest": {"sha256": self.sha256()?}}],
            "predicateType": PREDICATE,
            "predicate": {
                "tenant": self.subject.tenant, "org": self.subject.org, "scan": self.scan,
                "oktaOrgId": self.subject.okta_org_id, "ruleLibrary": self.subject.rule_library,
                "startedAt": self.started_at.to_string(), "sealedAt": self.sealed_at.to_string(),
                "merkleRoot": self.merkle_root,
            },
        }))
    }

    fn check(&self) -> Result<(), ManifestError> {
        let got = root(&self.parts)?;
        if got != self.merkle_root {
            return Err(ManifestError::Root { want: self.merkle_root.clone(), got });
        }
        for resource in &self.resources {
            let got = self.parts.iter().filter(|p| p.resource == resource.key).map(|p| p.rows).sum();
            if got != resource.rows {
                let (resource, want) = (resource.key.clone(), resource.rows);
                return Err(ManifestError::Rows { resource, want, got });
            }
        }
        Ok(())
    }
}

fn root(parts: &[Part]) -> Result<String, CanonicalError> {
    let leaves: Vec<_> = parts.iter().map(canonical::to_bytes).collect::<Result<_, _>>()?;
    Ok(hex::encode(merkle::root(&leaves)))
}

#[cfg(test)]
pub(crate) mod tests;
