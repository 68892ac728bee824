//! Secrets and their versions as they are kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cloud::api::ApiError;

pub(super) const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

#[derive(Default, Clone, Serialize, Deserialize)]
pub(super) struct State {
    pub secrets: BTreeMap<String, Secret>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    pub arn: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub changed: Timestamp,
    /// When deletion was asked for; the secret can be restored, not read.
    pub deleted: Option<Timestamp>,
    pub versions: BTreeMap<String, Version>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub content: Content,
    pub stages: Vec<String>,
    pub created: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    String(String),
    /// Base64, as it came and goes.
    Binary(String),
}

impl Content {
    pub(super) fn new(string: Option<String>, binary: Option<String>) -> Result<Option<Self>, ApiError> {
        match (string, binary) {
            (Some(_), Some(_)) => Err(ApiError::new(
                "InvalidParameterException",
                "SecretString and SecretBinary exclude each other",
            )),
            (Some(text), None) => Ok(Some(Self::String(text))),
            (None, Some(base64)) => Ok(Some(Self::Binary(base64))),
            (None, None) => Ok(None),
        }
    }
}

impl State {
    /// By name or by ARN.
    pub(super) fn find(&self, id: &str) -> Result<(&str, &Secret), ApiError> {
        let mut secrets = self.secrets.iter();
        let found = secrets.find(|(name, secret)| *name == id || secret.arn == id);
        found.map(|(name, secret)| (name.as_str(), secret)).ok_or_else(missing_secret)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Result<(String, &mut Secret), ApiError> {
        let mut secrets = self.secrets.iter_mut();
        let found = secrets.find(|(name, secret)| *name == id || secret.arn == id);
        found.map(|(name, secret)| (name.clone(), secret)).ok_or_else(missing_secret)
    }
}

impl Secret {
    pub(super) fn new(arn: String, description: Option<String>, now: Timestamp) -> Self {
        Self { arn, description, created: now, changed: now, deleted: None, versions: BTreeMap::new() }
    }

    /// Refuses a secret that is scheduled for deletion.
    pub(super) fn live(&self) -> Result<(), ApiError> {
        match self.deleted {
            None => Ok(()),
            Some(_) => Err(ApiError::new(
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            )),
        }
    }

    /// Adds a version and moves the stages to it. The same version with the same content again changes nothing.
    pub(super) fn put(
        &mut self,
        id: &str,
        content: Content,
        stages: &[String],
        now: Timestamp,
    ) -> Result<(), ApiError> {
        if let Some(version) = self.versions.get(id) {
            if version.content == content {
                return Ok(());
            }
            let message = format!("version {id} exists with another content");
            return Err(ApiError::new("ResourceExistsException", message));
        }
        let mut taken = stages.to_vec();
        // The first version is current whatever was asked.
        if self.versions.is_empty() && !taken.iter().any(|stage| stage == CURRENT) {
            taken.push(CURRENT.to_owned());
        }
        if taken.iter().any(|stage| stage == CURRENT) {
            let current =
                self.versions.iter().find(|(_, version)| version.stages.iter().any(|stage| stage == CURRENT));
            if let Some(current) = current.map(|(id, _)| id.clone()) {
                self.strip(PREVIOUS);
                if let Some(version) = self.versions.get_mut(&current) {
                    version.stages.push(PREVIOUS.to_owned());
                }
            }
        }
        for stage in &taken {
            self.strip(stage);
        }
        self.versions.insert(id.to_owned(), Version { content, stages: taken, created: now });
        self.changed = now;
        Ok(())
    }

    pub(super) fn find(&self, id: Option<&str>, stage: Option<&str>) -> Result<(&str, &Version), ApiError> {
        let matches = |(key, version): &(&String, &Version)| {
            id.is_none_or(|id| id == *key)
                && stage.is_none_or(|stage| version.stages.iter().any(|s| s == stage))
        };
        let found = self.versions.iter().find(matches);
        found.map(|(id, version)| (id.as_str(), version)).ok_or_else(|| {
            let wanted = id.or(stage).unwrap_or_default();
            let message =
                format!("Secrets Manager can't find the specified secret value for version: {wanted}");
            ApiError::new("ResourceNotFoundException", message)
        })
    }

    /// Versions that have a stage, with their stages.
    pub(super) fn stages(&self) -> BTreeMap<&str, &[String]> {
        let versions = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        versions.map(|(id, version)| (id.as_str(), version.stages.as_slice())).collect()
    }

    fn strip(&mut self, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.retain(|s| s != stage);
        }
    }
}

fn missing_secret() -> ApiError {
    ApiError::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}
