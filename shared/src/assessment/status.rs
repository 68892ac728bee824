//! How completely a resource was read, and what that means for a judgement.

use serde::{Deserialize, Serialize};

/// The end of the reading of one resource. Only [`Status::Complete`] may be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", content = "reason", rename_all = "snake_case")]
pub enum Status {
    Complete,
    /// Some of it was read.
    Partial(String),
    /// Our app lacks the scope.
    DeniedScope,
    /// Our app's admin role is too low.
    DeniedRole,
    /// The org does not have the feature.
    FeatureAbsent,
}

/// Why something cannot be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Scope,
    Role,
    Feature,
    Partial,
}

impl Status {
    /// Why this cannot be judged; `None` when it can.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Complete => None,
            Self::Partial(_) => Some(Cause::Partial),
            Self::DeniedScope => Some(Cause::Scope),
            Self::DeniedRole => Some(Cause::Role),
            Self::FeatureAbsent => Some(Cause::Feature),
        }
    }
}
