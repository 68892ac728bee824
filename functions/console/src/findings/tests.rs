use shared::assessment::{
    Confidence,
    lifecycle::{Actor, Move, Step},
    rule::Hit,
};

use super::*;

/// A draft of `rule` about `resource`.
pub(crate) fn finding(rule: &str, resource: &str) -> Finding {
    let at = "2026-03-01T08:00:00Z".parse().unwrap();
    let hit = Hit {
        resource_kind: "api-tokens".to_owned(),
        resource_id: resource.to_owned(),
        want: "wanted-value".to_owned(),
        got: "got-value".to_owned(),
        pointer: "api-tokens#1/x".to_owned(),
    };
    let by = Actor::Scan("s1".to_owned());
    Finding {
        id: shared::assessment::finding::id("o-1", rule, resource),
        org: "o-1".to_owned(),
        rule: rule.to_owned(),
        resource: resource.to_owned(),
        severity: Severity::High,
        confidence: Confidence::Confirmed,
        scan: "s1".to_owned(),
        hits: vec![hit],
        hit_count: 1,
        hits_sha256: None,
        state: State::Draft,
        history: vec![Step { state: State::Draft, by, at, why: "found".to_owned() }],
    }
}

fn moved(finding: &mut Finding, wanted: &Move, by: Actor) {
    finding.apply(wanted, by, "because", "2026-03-02T08:00:00Z".parse().unwrap()).unwrap();
}

#[test]
fn a_finding_is_shown_from_its_publication_on_whatever_comes_after() {
    let operator = || Actor::Operator("op".to_owned());
    let mut finding = finding("TOK-02", "t1");
    assert!(!was_published(&finding));
    moved(&mut finding, &Move::Confirm, operator());
    assert!(!was_published(&finding));
    moved(&mut finding, &Move::Publish, operator());
    assert!(was_published(&finding));
    moved(&mut finding, &Move::Dispute, Actor::Customer("u".to_owned()));
    moved(&mut finding, &Move::Dismiss, operator());
    assert!(was_published(&finding), "the answer to a dispute is seen");
    moved(&mut finding, &Move::Reopen, Actor::Scan("s2".to_owned()));
    assert!(!was_published(&finding), "what a later scan saw is not");
    moved(&mut finding, &Move::Confirm, operator());
    assert!(!was_published(&finding));
    moved(&mut finding, &Move::Publish, operator());
    assert!(was_published(&finding));
}

#[test]
fn worst_comes_first() {
    let mut findings = [finding("TOK-02", "t2"), finding("ADM-01", "t1"), finding("TOK-02", "t1")];
    findings[0].severity = Severity::Critical;
    findings[1].severity = Severity::Low;
    worst_first(&mut findings);
    let order: Vec<_> = findings.iter().map(|f| f.severity.word()).collect();
    assert_eq!(order, ["critical", "high", "low"]);
}
