//! The findings for machines, each with all its hits: the report has the first hundred.
//!
//! Its one rule: it has the findings of the report and no other. What the rules saw and the operator did not publish is
//! not in it.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Report,
    model::{Item, Method},
};
use crate::assessment::{Evaluation, finding};

/// The schema of this document.
pub const SCHEMA: &str = "atomation.findings/1";

/// The published findings of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    pub schema: &'static str,
    pub org_url: String,
    pub okta_org_id: String,
    pub scan: String,
    pub sealed_at: Timestamp,
    pub manifest_sha256: String,
    pub method: Method,
    /// Worst first.
    pub findings: Vec<Item>,
}

/// The findings of `report`, with all their hits among the evaluations that it was built from.
pub fn render(report: &Report, evaluations: &[Evaluation]) -> Findings {
    let seen = finding::seen(evaluations);
    let whole = |item: &Item| {
        let mut item = item.clone();
        if let Some(hits) = seen.get(&(item.finding.rule.as_str(), item.finding.resource.as_str())) {
            item.finding.hits = hits.iter().map(|hit| (*hit).clone()).collect();
        }
        item
    };
    let scope = &report.scope;
    Findings {
        schema: SCHEMA,
        org_url: scope.org_url.clone(),
        okta_org_id: scope.okta_org_id.clone(),
        scan: scope.scan.clone(),
        sealed_at: scope.sealed_at,
        manifest_sha256: scope.manifest_sha256.clone(),
        method: report.method.clone(),
        findings: report.findings.iter().map(whole).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assessment::{
            Outcome,
            finding::reconcile,
            lifecycle::{Actor, Move},
        },
        okta::testing::now,
        report::{
            json,
            model::tests::{build, hit},
        },
    };

    #[test]
    fn it_has_all_hits_of_what_was_published_and_none_of_what_was_dismissed() {
        let hits =
            |name: &str, count: u32| (0..count).map(|n| hit(&format!("{name}-{n}"))).collect::<Vec<_>>();
        let fail = |rule: &str, hits| Evaluation { rule: rule.into(), outcome: Outcome::Fail { hits } };
        let evaluations = [fail("USR-02", hits("idle", 250)), fail("USR-03", hits("waived", 3))];
        let mut findings = reconcile("o-1", "scan-1", vec![], &evaluations, now());
        for finding in &mut findings {
            let by = || Actor::Operator("op".into());
            let first = if finding.rule == "USR-03" { Move::Dismiss } else { Move::Confirm };
            finding.apply(&first, by(), "why", now()).unwrap();
            let _ = finding.apply(&Move::Publish, by(), "", now());
        }
        let report = build(&findings, &evaluations).unwrap();
        let document = render(&report, &evaluations);
        assert_eq!(
            (report.findings[0].finding.hits.len(), document.findings[0].finding.hits.len()),
            (100, 250)
        );
        let text = String::from_utf8(json::render_findings(&document).unwrap()).unwrap();
        assert!(text.contains("idle-249") && text.contains("\"hit_count\":250") && text.contains(SCHEMA));
        assert!(!text.contains("waived"), "{text}");
    }
}
