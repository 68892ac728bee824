//! What holds for every rule of the library.

mod gaps;

use std::collections::BTreeSet;

use super::*;
use crate::{
    assessment::{
        engine,
        rule::{Outcome, Params, Profile},
        snapshot::Snapshot,
        status::{Cause, Status},
    },
    okta::{endpoints, testing::now},
};

fn judge(rule: &Rule, snapshot: &Snapshot) -> Outcome {
    engine::judge(rule, snapshot, &Params::default(), now())
}

#[test]
fn ids_match_their_files_and_are_unique() {
    for (file, rule, _) in TESTED {
        assert_eq!(rule.id.to_lowercase().replace('-', "_"), *file);
    }
    let ids: BTreeSet<_> = ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), ALL.len());
}

#[test]
fn metadata_is_complete() {
    for rule in ALL {
        assert!(
            !rule.needs.is_empty() && !rule.controls.is_empty() && !rule.references.is_empty(),
            "{}",
            rule.id
        );
        assert!(rule.needs.iter().all(|key| endpoints::find(key).is_some()), "{}", rule.id);
        for text in [rule.why, rule.fix] {
            assert!(text.ends_with('.') && text.len() > 20, "{}: {text}", rule.id);
        }
        assert!(!rule.title.ends_with('.') && rule.title.len() < 100, "{}", rule.id);
        let names: BTreeSet<_> = rule.params.iter().map(|p| p.name).collect();
        assert_eq!(names.len(), rule.params.len(), "{}", rule.id);
    }
}

#[test]
fn every_resource_that_is_read_serves_a_rule() {
    let needed: BTreeSet<&str> = ALL.iter().flat_map(|rule| rule.needs).copied().collect();
    let parents: BTreeSet<&str> =
        endpoints::ALL.iter().filter_map(|e| Some(e.fan_out.as_ref()?.of)).collect();
    for e in endpoints::ALL {
        assert!(needed.contains(e.key) || parents.contains(e.key), "{} is read for nothing", e.key);
    }
}

#[test]
fn each_rule_passes_its_good_fixture() {
    for (_, rule, fixtures) in TESTED {
        assert_eq!(judge(rule, &Snapshot::fixture(fixtures.pass)), Outcome::Pass, "{}", rule.id);
    }
}

#[test]
fn each_rule_fails_its_bad_fixture_with_evidence() {
    for (_, rule, fixtures) in TESTED {
        let Outcome::Fail { hits } = judge(rule, &Snapshot::fixture(fixtures.fail)) else {
            panic!("{} gave {:?}", rule.id, judge(rule, &Snapshot::fixture(fixtures.fail)));
        };
        assert!(!hits.is_empty(), "{}", rule.id);
        assert!(
            hits.iter().all(|h| !h.want.is_empty() && !h.got.is_empty() && !h.pointer.is_empty()),
            "{}",
            rule.id
        );
    }
}

#[test]
fn odd_values_are_unverifiable() {
    for (_, rule, fixtures) in TESTED {
        let got = judge(rule, &Snapshot::fixture(fixtures.odd));
        assert!(
            matches!(got, Outcome::Unverifiable { cause: Cause::Partial, .. }),
            "{} gave {got:?}",
            rule.id
        );
    }
}

#[test]
fn a_resource_that_was_not_read_is_unverifiable_for_the_same_reason() {
    let causes = [
        (Status::DeniedScope, Cause::Scope),
        (Status::DeniedRole, Cause::Role),
        (Status::FeatureAbsent, Cause::Feature),
        (Status::Partial("server".into()), Cause::Partial),
    ];
    for (_, rule, fixtures) in TESTED {
        for key in rule.needs {
            for (status, want) in &causes {
                for fixture in [fixtures.pass, fixtures.fail] {
                    let got = judge(rule, &Snapshot::fixture(fixture).without(key, status.clone()));
                    assert!(
                        matches!(got, Outcome::Unverifiable { cause, .. } if cause == *want),
                        "{} {key}",
                        rule.id
                    );
                }
            }
        }
    }
}

#[test]
fn a_check_reads_only_what_its_rule_needs() {
    for (_, rule, fixtures) in TESTED {
        let mut snapshot = Snapshot::fixture(fixtures.pass);
        for e in endpoints::ALL.iter().filter(|e| !rule.needs.contains(&e.key)) {
            snapshot = snapshot.without(e.key, Status::DeniedScope);
        }
        assert_eq!(judge(rule, &snapshot), Outcome::Pass, "{}", rule.id);
    }
}

#[test]
fn an_empty_org_passes_nothing() {
    for rule in ALL {
        assert_ne!(judge(rule, &Snapshot::fixture("{}")), Outcome::Pass, "{}", rule.id);
    }
}

#[test]
fn rows_without_their_values_never_pass() {
    for (_, rule, fixtures) in TESTED {
        let got = judge(rule, &Snapshot::fixture(fixtures.pass).stripped());
        assert_ne!(got, Outcome::Pass, "{}", rule.id);
    }
}

#[test]
fn a_stricter_profile_never_forgives() {
    for (_, rule, fixtures) in TESTED {
        for profile in [Profile::Pci, Profile::Stig] {
            let params = Params { profile, ..Params::default() };
            let got = engine::judge(rule, &Snapshot::fixture(fixtures.fail), &params, now());
            assert!(matches!(got, Outcome::Fail { .. }), "{} under {profile:?}", rule.id);
        }
    }
}
