use super::*;
use crate::{
    assessment::{Cause, finding, lifecycle::Actor, lifecycle::Move, manifest::tests::sealed, rule::Hit},
    okta::testing::now,
    report::json,
};

pub(in crate::report) fn hit(id: &str) -> Hit {
    let (want, got) = ("ZONE with zones included".to_owned(), "ANYWHERE".to_owned());
    Hit {
        resource_kind: "api-tokens".into(),
        resource_id: id.into(),
        want,
        got,
        pointer: "k#1/network".into(),
    }
}

fn evaluations() -> Vec<Evaluation> {
    let fail = Outcome::Fail { hits: vec![hit("token-1"), hit("token-2")] };
    let hidden =
        Outcome::Unverifiable { cause: Cause::Role, detail: "admin-console-settings: hidden".into() };
    [
        ("TOK-02", fail),
        ("AUT-05", hidden),
        ("PWD-05", Outcome::Pass),
        ("HOK-01", Outcome::not_applicable("no hooks")),
    ]
    .map(|(rule, outcome)| Evaluation { rule: rule.into(), outcome })
    .to_vec()
}

fn findings() -> Vec<Finding> {
    let mut findings = finding::reconcile("o-1", "scan-1", vec![], &evaluations(), now());
    for finding in &mut findings {
        let by = || Actor::Operator("op".into());
        finding.apply(&Move::Confirm, by(), "", now()).unwrap();
        finding.apply(&Move::Publish, by(), "", now()).unwrap();
    }
    findings
}

pub(in crate::report) fn build(
    findings: &[Finding],
    evaluations: &[Evaluation],
) -> Result<Report, ReportError> {
    let consent =
        Consent { approval: "ap-1".into(), approved_by: "sponsor@example.com".into(), approved_at: now() };
    let (manifest, frameworks) = (sealed(), [Framework::Stig, Framework::Soc2]);
    Report::build(Input {
        manifest: &manifest,
        evaluations,
        findings,
        frameworks: &frameworks,
        consent: &consent,
    })
}

/// A report with two open findings of one rule, one hidden rule, one passed and one that does not apply.
pub(in crate::report) fn report() -> Report {
    build(&findings(), &evaluations()).unwrap()
}

#[test]
fn coverage_counts_and_order_follow_from_the_outcomes() {
    let report = report();
    assert_eq!((report.method.coverage.judged, report.method.coverage.applicable), (2, 3));
    assert_eq!(report.method.coverage_percent, Some(66));
    assert_eq!(
        report.method.unjudged.iter().map(|u| u.outcome).collect::<Vec<_>>(),
        ["unverifiable", "not_applicable"]
    );
    let sign_in = report.posture.iter().find(|p| p.area == Area::SignIn).unwrap();
    assert_eq!(sign_in.counts, Counts { unverifiable: 1, ..Counts::default() });
    assert_eq!((report.findings.len(), report.remediation.len()), (2, 1));
    assert_eq!((report.remediation[0].rule, report.remediation[0].findings), ("TOK-02", 2));
    assert_eq!(report.evidence.len(), 1);
}

#[test]
fn a_control_is_as_good_as_its_worst_rule() {
    let report = report();
    assert_eq!(
        report.frameworks.iter().map(|f| f.framework).collect::<Vec<_>>(),
        [Framework::Soc2, Framework::Stig]
    );
    let control = |id: &str| report.frameworks[0].controls.iter().find(|c| c.control == id).unwrap();
    assert_eq!((control("CC6.6").outcome, control("CC6.1").outcome), ("fail", "unverifiable"));
}

#[test]
fn only_what_the_customer_may_see_is_shown() {
    let mut findings = findings();
    findings[0].history.truncate(1);
    assert_eq!(build(&findings, &evaluations()).unwrap().findings.len(), 1);
}

#[test]
fn a_later_scan_is_not_in_it() {
    let later = Outcome::Fail { hits: vec![hit("token-2"), hit("token-9")] };
    let later = [Evaluation { rule: "TOK-02".into(), outcome: later }];
    let now = finding::reconcile("o-1", "scan-2", findings(), &later, now());
    let (new, known): (Vec<_>, Vec<_>) = now.into_iter().partition(|f| f.resource == "token-9");
    assert!(known.iter().any(|f| f.state == State::Resolved) && known.iter().any(|f| f.scan == "scan-2"));
    assert_eq!(build(&known, &evaluations()).unwrap(), report());
    assert!(matches!(build(&new, &evaluations()), Err(ReportError::NotSeen(_))));
}

#[test]
fn another_orgs_finding_or_an_unknown_rule_is_an_error() {
    let mut mixed = findings();
    mixed[0].org = "o-2".into();
    assert!(matches!(build(&mixed, &evaluations()), Err(ReportError::OtherOrg { .. })));
    let unknown = vec![Evaluation { rule: "ZZZ-99".into(), outcome: Outcome::Pass }];
    assert_eq!(build(&[], &unknown), Err(ReportError::UnknownRule("ZZZ-99".into())));
}

#[test]
fn the_json_edition_is_stable() {
    let json = json::render(&report()).unwrap();
    assert_eq!(json, json::render(&report()).unwrap());
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(value["schema"], SCHEMA);
    assert_eq!(value["findings"][0]["state"], "published");
    assert_eq!(value["findings"][0]["severity"], "high");
    assert_eq!(value["posture"][0]["area"], "admins");
}
