//! A scan as the table keeps it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    assessment::{Coverage, Evaluation, Finding, Outcome, Severity, checkpoint::Progress},
    tenant::{Digest, OrgId},
};

/// A scan that nobody has touched for this long past its time has lost its message.
const STALLED_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// One scan of one org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanRecord {
    /// `<org>_<time><random>`: holds its org, sorts by time.
    pub id: String,
    pub org: OrgId,
    pub trigger: Trigger,
    /// The first-scan approval it runs under.
    pub approval: String,
    pub state: ScanState,
    pub progress: Progress,
    /// Judged of applicable rules, once judged.
    pub coverage: Option<Coverage>,
    pub outcomes: Outcomes,
    /// Findings that this scan saw, whatever their state.
    pub findings: Severities,
    pub manifest: Option<Sealed>,
    /// Every rule's outcome with all its hits, as canonical JSON in the bucket.
    pub evaluation: Option<Stored>,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub published: Option<Timestamp>,
    /// The last change, by whomever.
    pub touched: Timestamp,
    pub lease: Option<Lease>,
    pub version: u64,
}

/// What began a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    Schedule {
        slot: String,
    },
    /// `by` is an audit actor, such as `user:<id>`.
    Request {
        by: String,
    },
}

/// Where a scan stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ScanState {
    Queued,
    Collecting,
    /// The org's rate limits allow the next call then.
    Waiting {
        until: Timestamp,
    },
    /// All is read. `at` is the seal's time, fixed once so that sealing again gives the same bytes.
    Sealing {
        at: Timestamp,
    },
    Judged,
    /// Over without a result.
    Failed {
        /// What happened, in one plain sentence.
        reason: String,
        /// What to do about it.
        next: String,
    },
}

/// Who works on a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The queue message that it works for.
    pub holder: String,
    pub until: Timestamp,
}

/// An object in the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Below `tenants/<tenant>/`.
    pub name: String,
    pub sha256: Digest,
    pub bytes: u64,
}

/// A sealed manifest and the signature over it (DSSE, in-toto statement).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    pub stored: Stored,
    pub key_id: String,
    /// ECDSA P-256 over `dsse::pae`, DER, base64. Kept first, so that a seal made again has the same one.
    pub signature: String,
}

/// How many rules came to which outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    pub pass: u32,
    pub fail: u32,
    pub manual: u32,
    pub unverifiable: u32,
    pub not_applicable: u32,
}

/// How many findings are how bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Severities {
    pub critical: u32,
    pub high: u32,
    pub medium: u32,
    pub low: u32,
    pub info: u32,
}

/// What a scan came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub coverage: Coverage,
    pub outcomes: Outcomes,
    pub findings: Severities,
    pub evaluation: Stored,
}

impl ScanRecord {
    /// Whether nothing more will happen to it by itself.
    pub fn is_over(&self) -> bool {
        matches!(self.state, ScanState::Judged | ScanState::Failed { .. })
    }

    /// Whether its message must be lost: it should have gone on by now. Sending another one is harmless.
    pub fn is_stalled(&self, now: Timestamp) -> bool {
        let due = match &self.state {
            ScanState::Queued | ScanState::Collecting | ScanState::Sealing { .. } => self.touched,
            ScanState::Waiting { until } => *until,
            ScanState::Judged | ScanState::Failed { .. } => return false,
        };
        let held = self.lease.as_ref().map_or(due, |lease| lease.until.max(due));
        now > held + STALLED_AFTER
    }
}

impl ScanState {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Collecting => "collecting",
            Self::Waiting { .. } => "waiting",
            Self::Sealing { .. } => "sealing",
            Self::Judged => "judged",
            Self::Failed { .. } => "failed",
        }
    }
}

impl Outcomes {
    /// Of a scan's evaluations.
    pub fn of(evaluations: &[Evaluation]) -> Self {
        let mut counts = Self::default();
        for evaluation in evaluations {
            let count = match evaluation.outcome {
                Outcome::Pass => &mut counts.pass,
                Outcome::Fail { .. } => &mut counts.fail,
                Outcome::Manual { .. } => &mut counts.manual,
                Outcome::Unverifiable { .. } => &mut counts.unverifiable,
                Outcome::NotApplicable { .. } => &mut counts.not_applicable,
            };
            *count += 1;
        }
        counts
    }
}

impl Severities {
    /// Of some findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            let count = match finding.severity {
                Severity::Critical => &mut counts.critical,
                Severity::High => &mut counts.high,
                Severity::Medium => &mut counts.medium,
                Severity::Low => &mut counts.low,
                Severity::Info => &mut counts.info,
            };
            *count += 1;
        }
        counts
    }

    /// All of them.
    pub fn total(self) -> u32 {
        self.critical + self.high + self.medium + self.low + self.info
    }
}
