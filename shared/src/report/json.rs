//! The report for machines: stable member names, one schema version, members in a fixed order.

use crate::canonical::{self, CanonicalError};

use super::{Findings, Report, Sanitized};

/// The full edition, as canonical JSON.
pub fn render(report: &Report) -> Result<Vec<u8>, CanonicalError> {
    canonical::to_bytes(report)
}

/// The findings with all their hits, as canonical JSON.
pub fn render_findings(findings: &Findings) -> Result<Vec<u8>, CanonicalError> {
    canonical::to_bytes(findings)
}

/// The sanitized edition, as canonical JSON.
pub fn render_sanitized(report: &Sanitized) -> Result<Vec<u8>, CanonicalError> {
    canonical::to_bytes(report)
}
