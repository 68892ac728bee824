//! A finding: a failed judgement that people can talk about, from its first scan to its last.
//!
//! Its one rule: its id is made of org, rule and resource, so the same problem is the same finding in every scan, and
//! only a scan that judged the resource may say that it is gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    engine::Evaluation,
    lifecycle::{Actor, Move, MoveError, State, Step},
    part,
    rule::{Confidence, Hit, Outcome, Rule, Severity, Subject},
    rules,
};
use crate::okta::endpoints::{self, Shape};

/// Hits kept in the finding itself; all of them are in the snapshot's evaluation.
const KEPT_HITS: usize = 100;

/// What a finding or a hit about the org as a whole has for an id.
const ORG: &str = "org";

/// A failed judgement about one resource, or about the org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `f-` and 32 hex digits.
    pub id: String,
    pub org: String,
    pub rule: String,
    /// The resource's id in Okta, or `org`.
    pub resource: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// The scan that saw it last.
    pub scan: String,
    /// The first hundred that `scan` saw; of a dismissed finding, those that were dismissed.
    pub hits: Vec<Hit>,
    pub hit_count: u64,
    /// SHA-256 over what all hits are about, if they are more than a hundred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits_sha256: Option<String>,
    #[serde(flatten)]
    pub state: State,
    /// Oldest first; it begins with the scan that found it.
    pub history: Vec<Step>,
}

/// The id of what `rule` finds about `resource` in `org`.
pub fn id(org: &str, rule: &str, resource: &str) -> String {
    let mut hex = part::sha256_hex([org, rule, resource].map(framed).concat().as_bytes());
    hex.truncate(32);
    format!("f-{hex}")
}

/// The length before each text keeps ("a", "bc") and ("ab", "c") apart.
fn framed(text: &str) -> String {
    format!("{}:{text}", text.len())
}

impl Finding {
    /// Makes a move and keeps it in the history.
    pub fn apply(&mut self, wanted: &Move, by: Actor, why: &str, now: Timestamp) -> Result<(), MoveError> {
        let state = self.state.after(wanted, &by, why, now)?;
        self.enter(state, by, why, now);
        Ok(())
    }

    fn enter(&mut self, state: State, by: Actor, why: &str, now: Timestamp) {
        self.history.push(Step { state: state.clone(), by, at: now, why: why.to_owned() });
        self.state = state;
    }

    /// The finding as `scan` and the people after it left it, about the `hits` of that scan: whatever a later scan did
    /// is not in it. Without a step before the later scan it is a draft.
    #[must_use]
    pub fn of_scan(&self, scan: &str, hits: &[&Hit]) -> Self {
        // The ids of an org's scans sort by their time.
        let is_later = |step: &Step| matches!(&step.by, Actor::Scan(by) if by.as_str() > scan);
        let history: Vec<Step> = self.history.iter().take_while(|step| !is_later(step)).cloned().collect();
        let state = history.last().map_or(State::Draft, |step| step.state.clone());
        let mut finding = Self { scan: scan.to_owned(), state, history, ..self.clone() };
        finding.keep(hits);
        finding
    }

    /// Keeps the first of `hits`, and how many they are.
    fn keep(&mut self, hits: &[&Hit]) {
        self.hit_count = hits.len() as u64;
        self.hits = hits.iter().take(KEPT_HITS).map(|hit| (*hit).clone()).collect();
        self.hits_sha256 = (hits.len() > KEPT_HITS).then(|| sha256(hits));
    }

    /// Whether `hits` are about nothing but what the finding is about already. Where not all of that was kept, only the
    /// very same is known to be so.
    fn covers(&self, hits: &[&Hit]) -> bool {
        if self.hit_count == self.hits.len() as u64 {
            about(hits.iter().copied()).is_subset(&about(&self.hits))
        } else {
            self.hits_sha256.as_ref().is_some_and(|known| *known == sha256(hits))
        }
    }
}

/// What hits are about: resources by their ids; the org and its settings, which are there in any case, by what was seen of
/// them, and where.
fn about<'h>(hits: impl IntoIterator<Item = &'h Hit>) -> BTreeSet<[&'h str; 3]> {
    let one = |hit: &'h Hit| {
        let id = hit.resource_id.as_str();
        if id == ORG || is_setting(&hit.resource_kind) { [id, field(hit), &hit.got] } else { [id, "", ""] }
    };
    hits.into_iter().map(one).collect()
}

/// Whether an org has exactly one of these.
fn is_setting(resource: &str) -> bool {
    endpoints::ALL.iter().any(|endpoint| endpoint.key == resource && endpoint.shape == Shape::Single)
}

/// The RFC 6901 pointer of a hit, without the part and the line.
fn field(hit: &Hit) -> &str {
    hit.pointer.split_once('#').and_then(|(_, place)| Some(&place[place.find('/')?..])).unwrap_or_default()
}

/// SHA-256 over what hits are about, whatever their order.
fn sha256(hits: &[&Hit]) -> String {
    let all: String = about(hits.iter().copied()).into_iter().flatten().map(framed).collect();
    part::sha256_hex(all.as_bytes())
}

/// What a scan's evaluations found: all hits of each finding, by its rule and resource.
pub fn seen(evaluations: &[Evaluation]) -> BTreeMap<(&str, &str), Vec<&Hit>> {
    let mut seen = BTreeMap::new();
    for evaluation in evaluations {
        let Some(rule) = rules::find(&evaluation.rule) else { continue };
        let hits = match &evaluation.outcome {
            Outcome::Fail { hits } => by_resource(rule, hits),
            Outcome::Pass
            | Outcome::NotApplicable { .. }
            | Outcome::Manual { .. }
            | Outcome::Unverifiable { .. } => continue,
        };
        seen.extend(hits.into_iter().map(|(resource, hits)| ((rule.id, resource), hits)));
    }
    seen
}

/// The findings of an org after one more scan: new ones as drafts, those seen again with new evidence, those no longer
/// there resolved. A dismissal holds for what was dismissed: one about the org is a draft again when the scan saw more.
/// Where the scan could not judge, nothing changes.
pub fn reconcile(
    org: &str,
    scan: &str,
    earlier: Vec<Finding>,
    evaluations: &[Evaluation],
    now: Timestamp,
) -> Vec<Finding> {
    let by = || Actor::Scan(scan.to_owned());
    let mut findings: BTreeMap<String, Finding> = earlier.into_iter().map(|f| (f.id.clone(), f)).collect();
    for finding in findings.values_mut().filter(|f| f.org == org) {
        // Illegal for all but an acceptance that has run out.
        let _ = finding.apply(&Move::Expire, by(), "the acceptance has run out", now);
    }
    for evaluation in evaluations {
        let Some(rule) = rules::find(&evaluation.rule) else { continue };
        let seen = match &evaluation.outcome {
            Outcome::Fail { hits } => by_resource(rule, hits),
            Outcome::Pass | Outcome::NotApplicable { .. } => BTreeMap::new(),
            Outcome::Manual { .. } | Outcome::Unverifiable { .. } => continue,
        };
        for (resource, hits) in &seen {
            let fresh = || new(org, scan, rule, resource, now);
            let finding = findings.entry(id(org, rule.id, resource)).or_insert_with(fresh);
            scan.clone_into(&mut finding.scan);
            finding.severity = rule.severity;
            finding.confidence = rule.confidence;
            if rule.subject == Subject::Org && !finding.covers(hits) {
                // Illegal for all but a dismissed one: the others are judged, or will be.
                let _ = finding.apply(&Move::Reopen, by(), "more was found than what was dismissed", now);
            }
            // What was dismissed stays, for the next scan to be held against.
            if finding.state != State::Dismissed {
                finding.keep(hits);
            }
            // Illegal for all but a resolved one: then it was never gone.
            let _ = finding.apply(&Move::Regress, by(), "found again", now);
        }
        let gone =
            |f: &&mut Finding| f.org == org && f.rule == rule.id && !seen.contains_key(f.resource.as_str());
        for finding in findings.values_mut().filter(gone) {
            // Illegal for what is already resolved, dismissed, or was never shown to the customer.
            let _ = finding.apply(&Move::Resolve, by(), "no longer found", now);
        }
        // A draft that nobody published and that is gone was never anything, unless somebody has dismissed it before.
        findings.retain(|_, f| {
            let unseen = f.org == org && f.rule == rule.id && !seen.contains_key(f.resource.as_str());
            let was_dismissed = f.history.iter().any(|step| step.state == State::Dismissed);
            !(unseen && matches!(f.state, State::Draft | State::Confirmed)) || was_dismissed
        });
    }
    findings.into_values().collect()
}

fn by_resource<'h>(rule: &Rule, hits: &'h [Hit]) -> BTreeMap<&'h str, Vec<&'h Hit>> {
    let mut grouped: BTreeMap<&str, Vec<&Hit>> = BTreeMap::new();
    for hit in hits {
        let resource = match rule.subject {
            Subject::Org => ORG,
            Subject::Resource => &hit.resource_id,
        };
        grouped.entry(resource).or_default().push(hit);
    }
    grouped
}

fn new(org: &str, scan: &str, rule: &Rule, resource: &str, now: Timestamp) -> Finding {
    let (state, by) = (State::Draft, Actor::Scan(scan.to_owned()));
    Finding {
        id: id(org, rule.id, resource),
        org: org.to_owned(),
        rule: rule.id.to_owned(),
        resource: resource.to_owned(),
        severity: rule.severity,
        confidence: rule.confidence,
        scan: scan.to_owned(),
        hits: Vec::new(),
        hit_count: 0,
        hits_sha256: None,
        history: vec![Step { state: state.clone(), by, at: now, why: "found".to_owned() }],
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{assessment::Cause, okta::testing::now};

    fn fail(rule: &str, resources: &[&str]) -> Evaluation {
        let hit = |id: &&str| Hit {
            resource_kind: "api-tokens".into(),
            resource_id: (*id).into(),
            want: "w".into(),
            got: "g".into(),
            pointer: "p".into(),
        };
        Evaluation { rule: rule.into(), outcome: Outcome::Fail { hits: resources.iter().map(hit).collect() } }
    }

    fn with(rule: &str, outcome: Outcome) -> Vec<Evaluation> {
        vec![Evaluation { rule: rule.into(), outcome }]
    }

    fn publish(finding: &mut Finding) {
        let operator = || Actor::Operator("op".into());
        finding.apply(&Move::Confirm, operator(), "", now()).unwrap();
        finding.apply(&Move::Publish, operator(), "", now()).unwrap();
    }

    #[test]
    fn ids_are_stable_and_apart() {
        assert_eq!(id("org", "TOK-02", "t1"), id("org", "TOK-02", "t1"));
        assert_ne!(id("org", "TOK-02", "t1"), id("orgT", "OK-02", "t1"));
        assert_eq!(id("o", "TOK-02", "t").len(), 34);
    }

    #[test]
    fn one_finding_per_resource_or_one_for_the_org() {
        let got = reconcile(
            "o",
            "s1",
            vec![],
            &[fail("TOK-02", &["t1", "t2"]), fail("USR-02", &["u1", "u2"])],
            now(),
        );
        let mut names: Vec<_> =
            got.iter().map(|f| (f.rule.as_str(), f.resource.as_str(), f.hit_count)).collect();
        names.sort_unstable();
        assert_eq!(names, [("TOK-02", "t1", 1), ("TOK-02", "t2", 1), ("USR-02", "org", 2)]);
        assert!(got.iter().all(|f| f.state == State::Draft && f.history.len() == 1));
    }

    #[test]
    fn a_published_finding_is_resolved_and_comes_back() {
        let mut findings = reconcile("o", "s1", vec![], &[fail("TOK-02", &["t1"])], now());
        publish(&mut findings[0]);
        let unverifiable = Outcome::Unverifiable { cause: Cause::Partial, detail: String::new() };
        let findings = reconcile("o", "s2", findings, &with("TOK-02", unverifiable), now());
        assert_eq!(findings[0].state, State::Published, "not judged is not gone");
        let findings = reconcile("o", "s3", findings, &[fail("TOK-02", &["t9"])], now());
        assert_eq!(findings.iter().find(|f| f.resource == "t1").unwrap().state, State::Resolved);
        let findings = reconcile("o", "s4", findings, &[fail("TOK-02", &["t1"])], now());
        let back = findings.iter().find(|f| f.resource == "t1").unwrap();
        assert_eq!((&back.state, back.scan.as_str()), (&State::Regressed, "s4"));
        let words: Vec<_> = back.history.iter().map(|s| s.state.word()).collect();
        assert_eq!(words, ["draft", "confirmed", "published", "resolved", "regressed"]);
    }

    #[test]
    fn what_nobody_published_goes_quietly_and_a_dismissal_stays() {
        let mut findings = reconcile("o", "s1", vec![], &[fail("TOK-02", &["t1", "t2"])], now());
        let dismissed = findings.iter_mut().find(|f| f.resource == "t2").unwrap();
        dismissed.apply(&Move::Dismiss, Actor::Operator("op".into()), "a test org", now()).unwrap();
        let findings = reconcile("o", "s2", findings, &with("TOK-02", Outcome::Pass), now());
        assert_eq!(findings.iter().map(|f| f.resource.as_str()).collect::<Vec<_>>(), ["t2"]);
        let findings = reconcile("o", "s3", findings, &[fail("TOK-02", &["t2"])], now());
        assert_eq!(findings[0].state, State::Dismissed);
    }

    fn dismissed(hits: &[&str]) -> Vec<Finding> {
        let mut findings = reconcile("o", "s1", vec![], &[fail("USR-02", hits)], now());
        findings[0].apply(&Move::Dismiss, Actor::Operator("op".into()), "service users", now()).unwrap();
        findings
    }

    fn again(scan: &str, findings: Vec<Finding>, hits: &[&str]) -> Vec<Finding> {
        reconcile("o", scan, findings, &[fail("USR-02", hits)], now())
    }

    #[test]
    fn a_dismissal_about_the_org_holds_for_what_was_dismissed_and_no_more() {
        let findings = again("s2", dismissed(&["u1", "u2"]), &["u2"]);
        assert_eq!((&findings[0].state, findings[0].scan.as_str()), (&State::Dismissed, "s2"));
        let findings = again("s3", findings, &["u2", "u1"]);
        assert_eq!(
            (&findings[0].state, findings[0].hit_count),
            (&State::Dismissed, 2),
            "none of them is new"
        );

        let findings = again("s4", findings, &["u1", "u3"]);
        assert_eq!((&findings[0].state, findings[0].hit_count), (&State::Draft, 2));
        let last = findings[0].history.last().unwrap();
        assert_eq!(last.by, Actor::Scan("s4".into()));
        assert_eq!((last.why.as_str(), last.at), ("more was found than what was dismissed", now()));
        let twice = again("s4", findings.clone(), &["u1", "u3"]);
        assert_eq!(twice, findings, "the same scan again changes nothing");

        // Gone before anybody looked: the dismissal and why are not forgotten, and it is there again as a draft.
        let findings = reconcile("o", "s5", findings, &with("USR-02", Outcome::Pass), now());
        let findings = again("s6", findings, &["u3"]);
        let words: Vec<_> = findings[0].history.iter().map(|step| step.state.word()).collect();
        assert_eq!(words, ["draft", "dismissed", "draft"]);
    }

    #[test]
    fn a_dismissal_of_more_hits_than_are_kept_holds_for_just_the_same() {
        let users: Vec<String> = (0..250).map(|n| format!("u{n:03}")).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let after = |hits: &[&str]| again("s2", dismissed(&users), hits).remove(0).state;
        let reversed: Vec<&str> = users.iter().rev().copied().collect();
        assert_eq!(after(&reversed), State::Dismissed);
        let mut swapped = users.clone();
        swapped[249] = "u999";
        assert_eq!(after(&swapped), State::Draft, "as many, but another one");
        assert_eq!(after(&users[1..]), State::Draft, "what is left cannot be told from something new");
        let mut old = dismissed(&users);
        old[0].hits_sha256 = None;
        assert_eq!(again("s2", old, &users)[0].state, State::Draft, "kept before there was a digest");
    }

    #[test]
    fn of_the_org_as_a_whole_another_value_is_something_new() {
        let seen = |got: &str| {
            let mut evaluation = fail("LOG-01", &[ORG]);
            if let Outcome::Fail { hits } = &mut evaluation.outcome {
                got.clone_into(&mut hits[0].got);
            }
            [evaluation]
        };
        let mut findings = reconcile("o", "s1", vec![], &seen("0 inactive"), now());
        findings[0].apply(&Move::Dismiss, Actor::Operator("op".into()), "a SIEM pulls", now()).unwrap();
        let findings = reconcile("o", "s2", findings, &seen("0 inactive"), now());
        assert_eq!(findings[0].state, State::Dismissed);
        let findings = reconcile("o", "s3", findings, &seen("1 inactive"), now());
        assert_eq!(findings[0].state, State::Draft);
    }

    #[test]
    fn an_acceptance_that_ran_out_is_open_again_even_if_nothing_could_be_judged() {
        let mut findings = reconcile("o", "s1", vec![], &[fail("TOK-02", &["t1"])], now());
        publish(&mut findings[0]);
        let day = jiff::SignedDuration::from_hours(24);
        let accept = Move::Accept { owner: "owner@example.com".into(), expires: now() + day };
        findings[0].apply(&accept, Actor::Customer("c".into()), "a test token", now()).unwrap();
        let findings = reconcile("o", "s2", findings, &[], now());
        assert!(matches!(findings[0].state, State::Accepted { .. }));
        let findings = reconcile("o", "s3", findings, &[], now() + day);
        assert_eq!(findings[0].state, State::Published);
    }

    #[test]
    fn of_an_earlier_scan_it_is_what_that_scan_and_people_made_it() {
        let first = [fail("USR-02", &["u1", "u2"])];
        let mut findings = reconcile("o", "s1", vec![], &first, now());
        publish(&mut findings[0]);
        findings[0].apply(&Move::Dispute, Actor::Customer("c".into()), "why", now()).unwrap();
        let judged = findings[0].clone();
        let findings = reconcile("o", "s2", findings, &[fail("USR-02", &["u9"])], now());
        let findings = reconcile("o", "s3", findings, &with("USR-02", Outcome::Pass), now());
        assert_eq!((&findings[0].state, findings[0].hits[0].resource_id.as_str()), (&State::Resolved, "u9"));
        let seen = seen(&first);
        let hits = &seen[&("USR-02", "org")];
        assert_eq!(findings[0].of_scan("s1", hits), judged);
        assert_eq!(findings[0].of_scan("s0", hits).state, State::Draft, "nobody had judged it then");
    }

    #[test]
    fn a_dismissed_setting_is_a_draft_again_when_it_is_worse() {
        let seen = |fields: &[(&str, &str)]| {
            let hit = |(field, got): &(&str, &str)| Hit {
                resource_kind: "threat-insight".into(),
                resource_id: "threat-insight".into(),
                want: "block".into(),
                got: (*got).into(),
                pointer: format!("threat-insight#1{field}"),
            };
            [Evaluation {
                rule: "NET-01".into(),
                outcome: Outcome::Fail { hits: fields.iter().map(hit).collect() },
            }]
        };
        let mut findings = reconcile("o", "s1", vec![], &seen(&[("/action", "audit")]), now());
        findings[0].apply(&Move::Dismiss, Actor::Operator("op-1".into()), "agreed", now()).unwrap();
        let same = reconcile("o", "s2", findings.clone(), &seen(&[("/action", "audit")]), now());
        assert_eq!(same[0].state, State::Dismissed);
        for worse in [&[("/action", "none")][..], &[("/action", "audit"), ("/excludeZones", "2")]] {
            let later = reconcile("o", "s2", findings.clone(), &seen(worse), now());
            assert_eq!(later[0].state, State::Draft, "{worse:?}");
        }
    }

    #[test]
    fn what_was_seen_has_all_hits_and_failures_only() {
        let users: Vec<String> = (0..250).map(|n| format!("u{n}")).collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let mut evaluations = vec![fail("USR-02", &users), fail("TOK-02", &["t1", "t2"])];
        evaluations.extend(with("ADM-01", Outcome::Pass));
        let seen = seen(&evaluations);
        let counts: Vec<_> = seen.iter().map(|(about, hits)| (*about, hits.len())).collect();
        assert_eq!(counts, [(("TOK-02", "t1"), 1), (("TOK-02", "t2"), 1), (("USR-02", "org"), 250)]);
    }

    #[test]
    fn another_orgs_findings_are_left_alone() {
        let mut findings = reconcile("other", "s1", vec![], &[fail("TOK-02", &["t1"])], now());
        publish(&mut findings[0]);
        let findings = reconcile("o", "s2", findings, &with("TOK-02", Outcome::Pass), now());
        assert_eq!(findings[0].state, State::Published);
    }
}
