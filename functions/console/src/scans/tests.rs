use shared::{
    assessment::{Cause, Coverage, checkpoint::Progress, rule::Hit},
    store::scans::{Outcomes, Severities},
    tenant::OrgId,
};

use super::*;

/// A scan that was just begun.
pub(crate) fn scan() -> ScanRecord {
    let at = "2026-03-01T08:00:00Z".parse().unwrap();
    ScanRecord {
        id: "o-1_20260301T080000000abcd".to_owned(),
        org: OrgId::new("o-1"),
        trigger: Trigger::Schedule { slot: "2026-03-01".to_owned() },
        approval: "ap-1".to_owned(),
        state: ScanState::Queued,
        progress: Progress::default(),
        coverage: None,
        outcomes: Outcomes::default(),
        findings: Severities::default(),
        manifest: None,
        evaluation: None,
        created: at,
        started: None,
        finished: None,
        published: None,
        touched: at,
        lease: None,
        version: 1,
    }
}

#[test]
fn coverage_is_a_headline_and_never_a_made_up_number() {
    let with = |judged, applicable| ScanRecord { coverage: Some(Coverage { judged, applicable }), ..scan() };
    assert_eq!(coverage(&scan()), "not yet");
    assert_eq!(coverage(&with(2, 3)), "66% (2 of 3 rules judged)");
    assert_eq!(coverage(&with(0, 0)), "0 of 0 rules judged");
}

#[test]
fn progress_needs_no_style_and_says_what_to_do_after_a_failure() {
    let page = progress(&scan()).into_string();
    assert!(page.contains(r#"<progress value="0" max="1">"#) && page.contains("role=\"status\""), "{page}");
    let state = ScanState::Failed {
        reason: "The token is not accepted.".to_owned(),
        next: "Check the app.".to_owned(),
    };
    let page = progress(&ScanRecord { state, ..scan() }).into_string();
    assert!(page.contains("Failed.") && page.contains("Check the app.") && !page.contains("Reload"));
}

#[test]
fn unverifiable_is_shown_with_its_reason_and_not_as_good() {
    let outcome = Outcome::Unverifiable { cause: Cause::Scope, detail: "realms: no scope".to_owned() };
    let page = rule_table(&[Evaluation { rule: "RLM-04".to_owned(), outcome }]).into_string();
    assert!(page.contains("realms: no scope") && page.contains("unverifiable"));
    assert!(!page.contains("class=\"good\""));
}

#[test]
fn how_much_a_rule_saw_is_not_told_without_its_hits() {
    let text = String::new;
    let hit = Hit {
        resource_kind: text(),
        resource_id: "t1".to_owned(),
        want: text(),
        got: text(),
        pointer: text(),
    };
    let rules = vec![Evaluation { rule: "TOK-02".to_owned(), outcome: Outcome::Fail { hits: vec![hit] } }];
    assert!(rule_table(&rules).into_string().contains("1 seen"));
    let page = rule_table(&without_hits(rules)).into_string();
    assert!(page.contains("fail") && !page.contains("seen"), "{page}");
}
