//! The report as data. Every format is a view of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    assessment::{
        Coverage, Evaluation, Finding, Manifest, Outcome, Severity, Status, finding,
        framework::Framework,
        lifecycle::State,
        rule::{Area, Rule},
        rules,
    },
    canonical::CanonicalError,
};

/// The schema of the JSON edition. It changes when a reader could misread the new one.
pub const SCHEMA: &str = "atomation.report/1";

/// Said in every edition.
pub const MAPPING_NOTE: &str = "The mapping of rules to frameworks is a working draft. It has not been signed off by \
    an assessor and is no statement of compliance.";

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub manifest: &'a Manifest,
    pub evaluations: &'a [Evaluation],
    /// The findings that the scan saw, as they stand now. Shown are those that the scan left open for the customer, with
    /// the hits of `evaluations`: what a later scan made of them belongs to its own report.
    pub findings: &'a [Finding],
    pub frameworks: &'a [Framework],
    pub consent: &'a Consent,
}

/// The approval that the scan rested on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    pub approval: String,
    pub approved_by: String,
    pub approved_at: Timestamp,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub schema: &'static str,
    pub scope: Scope,
    pub method: Method,
    pub posture: Vec<AreaPosture>,
    /// Open findings, worst first.
    pub findings: Vec<Item>,
    pub frameworks: Vec<FrameworkPosture>,
    pub mapping_note: &'static str,
    /// What to do, in order: one entry per rule with open findings.
    pub remediation: Vec<Measure>,
    pub evidence: Vec<Evidence>,
}

/// What was assessed and who allowed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scope {
    pub org_url: String,
    pub okta_org_id: String,
    pub scan: String,
    pub started_at: Timestamp,
    pub sealed_at: Timestamp,
    pub manifest_sha256: String,
    pub consent: Consent,
    pub oauth_scopes: Vec<String>,
}

/// How it was assessed, and what could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Method {
    pub rule_library: String,
    pub coverage: Coverage,
    pub coverage_percent: Option<u32>,
    pub calls: u64,
    /// Resources that were not read completely.
    pub limits: Vec<Limit>,
    /// Rules without a judgement.
    pub unjudged: Vec<Unjudged>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    pub resource: String,
    #[serde(flatten)]
    pub status: Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unjudged {
    pub rule: String,
    pub title: String,
    pub outcome: &'static str,
    pub reason: String,
}

/// The outcomes of one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreaPosture {
    pub area: Area,
    pub name: &'static str,
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub pass: u32,
    pub fail: u32,
    pub manual: u32,
    pub unverifiable: u32,
    pub not_applicable: u32,
}

/// An open finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    #[serde(flatten)]
    pub finding: Finding,
    pub title: String,
    pub why: String,
    pub fix: String,
}

/// One framework's controls with the rules that speak to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrameworkPosture {
    pub framework: Framework,
    pub name: &'static str,
    pub controls: Vec<ControlPosture>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlPosture {
    pub control: &'static str,
    /// The worst outcome among its rules: fail, then unverifiable, manual, pass, not applicable.
    pub outcome: &'static str,
    pub rules: Vec<&'static str>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measure {
    pub rule: &'static str,
    pub severity: Severity,
    pub title: &'static str,
    pub fix: &'static str,
    pub findings: u32,
}

/// A part of the snapshot, to find evidence by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    pub part: String,
    pub resource: String,
    pub rows: u64,
    pub sha256: String,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Manifest(#[from] CanonicalError),
    #[error("want findings of org {want}, got one of another")]
    OtherOrg { want: String },
    #[error("want findings that the scan saw, got {0}")]
    NotSeen(String),
    #[error("want outcomes of rules in this library, got {0}")]
    UnknownRule(String),
}

impl Report {
    /// Builds the report. Findings of another org or that the scan did not see, or outcomes of unknown rules, are errors:
    /// a report that mixes orgs or scans, or leaves something out without saying so, must not exist.
    pub fn build(input: Input<'_>) -> Result<Self, ReportError> {
        let Input { manifest, evaluations, findings, frameworks, consent } = input;
        if findings.iter().any(|f| f.org != manifest.subject.org) {
            return Err(ReportError::OtherOrg { want: manifest.subject.org.clone() });
        }
        let judged: Vec<(&'static Rule, &Outcome)> = evaluations
            .iter()
            .map(|e| Ok((rule(&e.rule)?, &e.outcome)))
            .collect::<Result<_, ReportError>>()?;
        let seen = finding::seen(evaluations);
        let mut items = Vec::new();
        for now in findings {
            let hits = seen.get(&(now.rule.as_str(), now.resource.as_str()));
            let hits = hits.ok_or_else(|| ReportError::NotSeen(now.id.clone()))?;
            let then = now.of_scan(&manifest.scan, hits);
            if then.state.is_open() {
                items.push(item(then)?);
            }
        }
        items.sort_by(|a, b| {
            let key = |i: &Item| {
                (std::cmp::Reverse(i.finding.severity), i.finding.rule.clone(), i.finding.id.clone())
            };
            key(a).cmp(&key(b))
        });
        Ok(Self {
            schema: SCHEMA,
            scope: scope(manifest, consent)?,
            method: method(manifest, evaluations, &judged),
            posture: posture(&judged),
            frameworks: matrix(&judged, frameworks),
            mapping_note: MAPPING_NOTE,
            remediation: remediation(&items)?,
            findings: items,
            evidence: manifest.parts.iter().map(evidence).collect(),
        })
    }

    /// The worst open findings, for the first page.
    pub fn top_risks(&self) -> &[Item] {
        &self.findings[..self.findings.len().min(10)]
    }
}

fn rule(id: &str) -> Result<&'static Rule, ReportError> {
    rules::find(id).ok_or_else(|| ReportError::UnknownRule(id.to_owned()))
}

fn scope(manifest: &Manifest, consent: &Consent) -> Result<Scope, CanonicalError> {
    Ok(Scope {
        org_url: manifest.subject.org_url.clone(),
        okta_org_id: manifest.subject.okta_org_id.clone(),
        scan: manifest.scan.clone(),
        started_at: manifest.started_at,
        sealed_at: manifest.sealed_at,
        manifest_sha256: manifest.sha256()?,
        consent: consent.clone(),
        oauth_scopes: manifest.subject.scopes.clone(),
    })
}

fn method(manifest: &Manifest, evaluations: &[Evaluation], judged: &[(&'static Rule, &Outcome)]) -> Method {
    let coverage = Coverage::of(evaluations);
    let limit = |r: &crate::assessment::manifest::Resource| Limit {
        resource: r.key.clone(),
        status: r.status.clone(),
    };
    let unjudged = |(rule, outcome): &(&'static Rule, &Outcome)| {
        let reason = match outcome {
            Outcome::Unverifiable { detail: reason, .. }
            | Outcome::Manual { reason }
            | Outcome::NotApplicable { reason } => reason.clone(),
            Outcome::Pass | Outcome::Fail { .. } => return None,
        };
        Some(Unjudged {
            rule: rule.id.to_owned(),
            title: rule.title.to_owned(),
            outcome: outcome.word(),
            reason,
        })
    };
    Method {
        rule_library: manifest.subject.rule_library.clone(),
        coverage,
        coverage_percent: coverage.percent(),
        calls: manifest.calls,
        limits: manifest.resources.iter().filter(|r| r.status != Status::Complete).map(limit).collect(),
        unjudged: judged.iter().filter_map(unjudged).collect(),
    }
}

fn posture(judged: &[(&'static Rule, &Outcome)]) -> Vec<AreaPosture> {
    let of = |area: Area| {
        let mut counts = Counts::default();
        for (_, outcome) in judged.iter().filter(|(rule, _)| rule.area == area) {
            match outcome {
                Outcome::Pass => counts.pass += 1,
                Outcome::Fail { .. } => counts.fail += 1,
                Outcome::Manual { .. } => counts.manual += 1,
                Outcome::Unverifiable { .. } => counts.unverifiable += 1,
                Outcome::NotApplicable { .. } => counts.not_applicable += 1,
            }
        }
        AreaPosture { area, name: area.name(), counts }
    };
    Area::ALL.into_iter().map(of).collect()
}

fn item(finding: Finding) -> Result<Item, ReportError> {
    let rule = rule(&finding.rule)?;
    let (title, why, fix) = (rule.title.to_owned(), rule.why.to_owned(), rule.fix.to_owned());
    Ok(Item { finding, title, why, fix })
}

fn matrix(judged: &[(&'static Rule, &Outcome)], frameworks: &[Framework]) -> Vec<FrameworkPosture> {
    let chosen: BTreeSet<_> = frameworks.iter().copied().collect();
    let of = |framework: Framework| {
        let mut controls: BTreeMap<&'static str, Vec<(&'static str, &Outcome)>> = BTreeMap::new();
        for (rule, outcome) in judged {
            for control in rule.controls.iter().filter(|c| c.framework == framework) {
                controls.entry(control.id).or_default().push((rule.id, outcome));
            }
        }
        let posture = |(control, rules): (&'static str, Vec<(&'static str, &Outcome)>)| ControlPosture {
            control,
            outcome: worst(rules.iter().map(|(_, outcome)| *outcome)),
            rules: rules.iter().map(|(id, _)| *id).collect(),
        };
        FrameworkPosture {
            framework,
            name: framework.name(),
            controls: controls.into_iter().map(posture).collect(),
        }
    };
    chosen.into_iter().map(of).collect()
}

fn worst<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> &'static str {
    let rank = |outcome: &&Outcome| match outcome {
        Outcome::NotApplicable { .. } => 0,
        Outcome::Pass => 1,
        Outcome::Manual { .. } => 2,
        Outcome::Unverifiable { .. } => 3,
        Outcome::Fail { .. } => 4,
    };
    outcomes.max_by_key(rank).map_or("not_applicable", Outcome::word)
}

fn remediation(items: &[Item]) -> Result<Vec<Measure>, ReportError> {
    let accepted = |item: &&Item| !matches!(item.finding.state, State::Accepted { .. });
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for item in items.iter().filter(accepted) {
        *counts.entry(&item.finding.rule).or_default() += 1;
    }
    let mut measures = Vec::new();
    for (id, findings) in counts {
        let Rule { id, severity, title, fix, .. } = *rule(id)?;
        measures.push(Measure { rule: id, severity, title, fix, findings });
    }
    // Worst first; among equals, those that settle most.
    measures.sort_by_key(|m| (std::cmp::Reverse(m.severity), std::cmp::Reverse(m.findings), m.rule));
    Ok(measures)
}

fn evidence(part: &crate::assessment::part::Part) -> Evidence {
    Evidence {
        part: part.key.clone(),
        resource: part.resource.clone(),
        rows: part.rows,
        sha256: part.sha256.clone(),
    }
}

#[cfg(test)]
pub(super) mod tests;
