//! The edition for people outside the workspace: counts, and names that only this recipient can tell apart.
//!
//! Its one rule: it is built up from what may be shown, never cut down from what may not. No value of a profile, no
//! id, no address and no evidence goes in.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;

use super::{
    Report,
    model::{AreaPosture, FrameworkPosture, Item},
};
use crate::assessment::{Confidence, Coverage, Severity};

/// The schema of this edition.
pub const SCHEMA: &str = "atomation.report-sanitized/2";

/// Makes the names of one recipient.
pub struct Pseudonyms {
    key: aws_lc_rs::hmac::Key,
}

impl Pseudonyms {
    /// `key` belongs to the workspace and is at least 32 bytes; `recipient` makes the names differ between recipients,
    /// so that two of them cannot compare notes.
    pub fn new(key: &SecretSlice<u8>, recipient: &str) -> Self {
        use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
        let workspace = Key::new(HMAC_SHA256, key.expose_secret());
        let derived = sign(&workspace, format!("recipient:{recipient}").as_bytes());
        Self { key: Key::new(HMAC_SHA256, derived.as_ref()) }
    }

    /// The name of a thing of `kind`: 96 bits, the same in every report to this recipient.
    pub fn name(&self, kind: &str, id: &str) -> String {
        let tag = aws_lc_rs::hmac::sign(&self.key, format!("{}:{kind}:{id}", kind.len()).as_bytes());
        format!("{kind}-{}", URL_SAFE_NO_PAD.encode(&tag.as_ref()[..12]))
    }
}

/// The sanitized report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sanitized {
    pub schema: &'static str,
    pub org: String,
    pub sealed_at: Timestamp,
    pub rule_library: String,
    pub coverage: Coverage,
    pub coverage_percent: Option<u32>,
    pub posture: Vec<AreaPosture>,
    pub findings: Vec<Line>,
    pub frameworks: Vec<FrameworkPosture>,
    pub mapping_note: &'static str,
}

/// One rule's open findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub rule: String,
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub fix: String,
    /// How many things all of them concern: a number, or "<3".
    pub things: String,
    /// The findings' names for this recipient, with their states and the numbers of things concerned.
    pub findings: Vec<Count>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    pub finding: String,
    pub state: &'static str,
    /// How many things are concerned: a number, or "<3".
    pub things: String,
}

/// Fewer are not counted out: a small group is a person.
const SMALLEST: u64 = 3;

fn blurred(count: u64) -> String {
    if count < SMALLEST { format!("<{SMALLEST}") } else { count.to_string() }
}

/// The edition of `report` for one recipient.
pub fn render(report: &Report, names: &Pseudonyms) -> Sanitized {
    let mut lines: BTreeMap<(std::cmp::Reverse<Severity>, &str), (Line, u64)> = BTreeMap::new();
    for Item { finding, title, fix, .. } in &report.findings {
        let new = || Line {
            rule: finding.rule.clone(),
            title: title.clone(),
            severity: finding.severity,
            confidence: finding.confidence,
            fix: fix.clone(),
            things: String::new(),
            findings: Vec::new(),
        };
        let key = (std::cmp::Reverse(finding.severity), finding.rule.as_str());
        let (line, total) = lines.entry(key).or_insert_with(|| (new(), 0));
        *total += finding.hit_count;
        let things = blurred(finding.hit_count);
        let (finding, state) = (names.name("finding", &finding.id), finding.state.word());
        line.findings.push(Count { finding, state, things });
    }
    let mut findings = Vec::new();
    for (mut line, total) in lines.into_values() {
        line.things = blurred(total);
        // Their order would tell how the real ids sort.
        line.findings.sort_by(|a, b| a.finding.cmp(&b.finding));
        findings.push(line);
    }
    Sanitized {
        schema: SCHEMA,
        org: names.name("org", &report.scope.okta_org_id),
        sealed_at: report.scope.sealed_at,
        rule_library: report.method.rule_library.clone(),
        coverage: report.method.coverage,
        coverage_percent: report.method.coverage_percent,
        posture: report.posture.clone(),
        findings,
        frameworks: report.frameworks.clone(),
        mapping_note: report.mapping_note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{json, model::tests::report};

    fn names(recipient: &str) -> Pseudonyms {
        Pseudonyms::new(&SecretSlice::from(vec![7; 32]), recipient)
    }

    #[test]
    fn no_identifier_of_the_org_is_in_it() {
        let report = report();
        let text = String::from_utf8(json::render_sanitized(&render(&report, &names("partner-1"))).unwrap())
            .unwrap();
        let mut secrets = vec!["acme", "00oExample", "scan-1", "sponsor@example.com", "token-1", "token-2"];
        let findings: Vec<_> = report.findings.iter().map(|i| i.finding.id.clone()).collect();
        secrets.extend(findings.iter().map(String::as_str));
        secrets.extend(report.evidence.iter().map(|e| e.sha256.as_str()));
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}");
        }
        assert!(text.contains("TOK-02") && text.contains("working draft"));
    }

    #[test]
    fn a_small_group_is_not_counted_out() {
        assert_eq!([0, 1, 2, 3, 1_000].map(blurred), ["<3", "<3", "<3", "3", "1000"]);
    }

    #[test]
    fn names_are_stable_for_one_recipient_and_apart_for_two() {
        let name = |recipient, id| names(recipient).name("org", id);
        assert_eq!(name("a", "1"), name("a", "1"));
        assert_ne!(name("a", "1"), name("b", "1"));
        assert_ne!(name("a", "1"), name("a", "2"));
        assert_ne!(names("a").name("x", "y:1"), names("a").name("x:y", "1"));
    }
}
