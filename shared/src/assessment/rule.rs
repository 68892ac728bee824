//! What a rule is: constant metadata beside a pure check.
//!
//! Its one rule: a rule sees rows and the time, nothing else. Missing permissions are the engine's business
//! ([`super::engine`]), missing values the judge's ([`super::judge`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    framework::Control,
    snapshot::{Snapshot, Unreadable},
    status::Cause,
};

/// A rule of the library.
#[derive(Debug)]
pub struct Rule {
    /// Such as `PWD-05`. It never changes and never holds a threshold.
    pub id: &'static str,
    /// What should be so, in one line.
    pub title: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    pub area: Area,
    /// Whether each failing resource is a finding of its own, or all together are one.
    pub subject: Subject,
    /// The resources it reads, by their keys in the endpoint table.
    pub needs: &'static [&'static str],
    pub controls: &'static [Control],
    pub params: &'static [Param],
    /// What goes wrong otherwise.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    pub references: &'static [&'static str],
    pub check: fn(&Snapshot, &Params, Timestamp) -> Result<Outcome, Unreadable>,
}

/// How bad a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A sample, or a sign that needs a person's look.
    Estimated,
    Confirmed,
}

/// The areas of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    Admins,
    SignIn,
    Authenticators,
    Passwords,
    Lifecycle,
    Applications,
    Network,
    Integrations,
    Realms,
    Logging,
}

impl Area {
    pub const ALL: [Self; 10] = [
        Self::Admins,
        Self::SignIn,
        Self::Authenticators,
        Self::Passwords,
        Self::Lifecycle,
        Self::Applications,
        Self::Network,
        Self::Integrations,
        Self::Realms,
        Self::Logging,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Admins => "Admins and privilege",
            Self::SignIn => "Sign-in policy and sessions",
            Self::Authenticators => "Authenticators and recovery",
            Self::Passwords => "Passwords",
            Self::Lifecycle => "Users and lifecycle",
            Self::Applications => "Applications and OAuth",
            Self::Network => "Network and identity providers",
            Self::Integrations => "Tokens and integrations",
            Self::Realms => "Realms and partner access",
            Self::Logging => "Logging",
        }
    }
}

/// What one finding of a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The org: all hits together.
    Org,
    /// Each failing resource by itself.
    Resource,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Pass,
    Fail {
        hits: Vec<Hit>,
    },
    NotApplicable {
        reason: String,
    },
    /// Okta shows it in its console only; a person must look.
    Manual {
        reason: String,
    },
    Unverifiable {
        cause: Cause,
        detail: String,
    },
}

impl Outcome {
    pub fn not_applicable(reason: &str) -> Self {
        Self::NotApplicable { reason: reason.to_owned() }
    }

    /// Stable word for machine-readable reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail { .. } => "fail",
            Self::NotApplicable { .. } => "not_applicable",
            Self::Manual { .. } => "manual",
            Self::Unverifiable { .. } => "unverifiable",
        }
    }
}

/// One thing that is not as it should be, and where that can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub resource_kind: String,
    pub resource_id: String,
    pub want: String,
    pub got: String,
    /// Part, line and RFC 6901 pointer.
    pub pointer: String,
}

/// Which thresholds a customer is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    #[default]
    Baseline,
    Pci,
    Stig,
}

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Param {
    pub name: &'static str,
    pub unit: &'static str,
    pub baseline: i64,
    pub pci: i64,
    pub stig: i64,
}

impl Param {
    /// A threshold that is the same in every profile.
    pub const fn same(name: &'static str, unit: &'static str, value: i64) -> Self {
        Self { name, unit, baseline: value, pci: value, stig: value }
    }
}

/// The thresholds in force for one org.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    pub profile: Profile,
    /// By `RULE-ID.name`.
    pub overrides: BTreeMap<String, i64>,
}

impl Params {
    /// The value of a rule's parameter.
    pub fn get(&self, rule: &Rule, param: &Param) -> i64 {
        self.overrides.get(&format!("{}.{}", rule.id, param.name)).copied().unwrap_or(match self.profile {
            Profile::Baseline => param.baseline,
            Profile::Pci => param.pci,
            Profile::Stig => param.stig,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_severities_are_those_that_are_stored_worst_first() {
        assert!(Severity::ALL.is_sorted_by(|a, b| a > b));
        for severity in Severity::ALL {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.word());
        }
    }
}
