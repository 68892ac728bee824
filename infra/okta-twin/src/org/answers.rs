//! What an assessment of the synthetic org must find.
//!
//! The one rule: a fault and its answer are written down together, where the fault is planted.

use serde::Serialize;

/// What the rule must say, given complete data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    Pass,
    Fail,
}

/// The right answer of one rule for this org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownAnswer {
    /// Rule id, for example `ADM-01`.
    pub rule: &'static str,
    pub expected: Expected,
    /// Okta ids of what is at fault (of rules rather than policies, of users rather than roles);
    /// the path of the endpoint where the fault has no id. Empty for a pass.
    pub resources: Vec<String>,
    /// Whether nothing else is at fault. If not, the rule may rightly name more.
    pub exact: bool,
    /// Cannot be known below Super Admin: the rule must then say "unverifiable", never "pass".
    pub super_only: bool,
    pub why: &'static str,
}
