//! A made-up org with planted faults: same seed, same clock, same org.
//!
//! The one rule: whatever is not planted is healthy, so that an assessment which names it is wrong.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answers::{Expected, KnownAnswer};
use super::time::days_ago;
use super::{Catalog, apps, groups, integrations, people, policies, roles, settings};
use crate::seed::Seed;

/// Fewer users than this leave no room for the planted ones.
const FEWEST: usize = 60;

/// The org while it is being made.
pub(crate) struct Build {
    pub(crate) catalog: Catalog,
    pub(crate) answers: Vec<KnownAnswer>,
    pub(crate) seed: Seed,
    pub(crate) base: String,
    pub(crate) org_id: String,
    pub(crate) now: Timestamp,
}

/// Makes the org. `base` is the address that links point to.
pub(crate) fn build(
    seed: Seed,
    users: usize,
    base: &str,
    org_id: &str,
    now: Timestamp,
) -> (Catalog, Vec<KnownAnswer>) {
    let mut build = Build {
        catalog: Catalog { factors: Some((seed, base.to_owned())), ..Catalog::default() },
        answers: Vec::new(),
        seed,
        base: base.to_owned(),
        org_id: org_id.to_owned(),
        now,
    };
    let people = people::plant(&mut build, users.max(FEWEST));
    let groups = groups::plant(&mut build, &people);
    roles::plant(&mut build, &people, &groups);
    let policies = policies::plant(&mut build, &groups);
    apps::plant(&mut build, &groups, &policies, users);
    integrations::plant(&mut build, &people);
    settings::plant(&mut build);
    build.answers.sort_by_key(|answer| answer.rule);
    (build.catalog, build.answers)
}

impl Build {
    pub(crate) fn ago(&self, days: i64) -> String {
        days_ago(self.now, days)
    }

    pub(crate) fn id(&self, prefix: &str, key: &str) -> String {
        self.seed.id(prefix, key)
    }

    pub(crate) fn href(&self, path: &str) -> Value {
        json!({ "href": format!("{}{path}", self.base) })
    }

    /// `_links` with only a `self`.
    pub(crate) fn itself(&self, path: &str) -> Value {
        json!({ "self": self.href(path) })
    }

    pub(crate) fn pass(&mut self, rule: &'static str, why: &'static str) {
        self.answer(rule, Expected::Pass, Vec::new(), why);
    }

    /// Exactly these are at fault.
    pub(crate) fn fail(&mut self, rule: &'static str, resources: Vec<String>, why: &'static str) {
        self.answer(rule, Expected::Fail, resources, why);
    }

    /// The answer that was noted last cannot be known below Super Admin.
    pub(crate) fn super_only(&mut self) {
        if let Some(answer) = self.answers.last_mut() {
            answer.super_only = true;
        }
    }

    /// The answer that was noted last names the least that must be found.
    pub(crate) fn at_least(&mut self) {
        if let Some(answer) = self.answers.last_mut() {
            answer.exact = false;
        }
    }

    fn answer(&mut self, rule: &'static str, expected: Expected, resources: Vec<String>, why: &'static str) {
        self.answers.push(KnownAnswer { rule, expected, resources, exact: true, super_only: false, why });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::org::login;

    fn made(users: usize) -> (Catalog, Vec<KnownAnswer>) {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        build(Seed(1), users, "http://twin", "00oTwin", now)
    }

    #[test]
    fn an_org_of_any_size_has_the_same_faults() {
        let rules = |(_, answers): &(Catalog, Vec<KnownAnswer>)| {
            answers.iter().map(|answer| answer.rule).collect::<Vec<_>>()
        };
        let (tiny, usual) = (made(1), made(2_000));
        assert_eq!(rules(&tiny), rules(&usual));
        assert_eq!(tiny.0.rows("/api/v1/users").len(), FEWEST);
        let users = usual.0.rows("/api/v1/users");
        assert_eq!(users.iter().filter_map(|user| login(user)).collect::<BTreeSet<_>>().len(), 2_000);
        let supers = usual.1.iter().find(|answer| answer.rule == "ADM-01").unwrap();
        assert_eq!(supers.resources.len(), 30, "above max(5, 1 % of staff)");
    }

    #[test]
    fn another_seed_makes_other_ids_and_the_same_faults() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let (_, one) = made(100);
        let (_, two) = build(Seed(2), 100, "http://twin", "00oTwin", now);
        let counts =
            |answers: &[KnownAnswer]| answers.iter().map(|answer| answer.resources.len()).collect::<Vec<_>>();
        assert_eq!(counts(&one), counts(&two));
        assert_ne!(one, two);
    }
}
