//! Runs rules over a snapshot.
//!
//! Its one rule: what a rule needs and the snapshot does not have makes it unverifiable before its check is called.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    rule::{Outcome, Params, Rule},
    rules,
    snapshot::{Snapshot, Unreadable},
};

/// One rule's outcome for one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    pub rule: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How much of what applies could be judged: a headline number of every report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    pub judged: u32,
    pub applicable: u32,
}

impl Coverage {
    pub fn of<'a>(evaluations: impl IntoIterator<Item = &'a Evaluation>) -> Self {
        let mut coverage = Self::default();
        for evaluation in evaluations {
            match evaluation.outcome {
                Outcome::Pass | Outcome::Fail { .. } => {
                    coverage.judged += 1;
                    coverage.applicable += 1;
                }
                Outcome::Manual { .. } | Outcome::Unverifiable { .. } => coverage.applicable += 1,
                Outcome::NotApplicable { .. } => {}
            }
        }
        coverage
    }

    /// Whole percent, rounded down; `None` when nothing applies.
    pub fn percent(self) -> Option<u32> {
        (self.applicable > 0).then(|| self.judged * 100 / self.applicable)
    }
}

/// Every rule of the library, in its order.
pub fn evaluate(snapshot: &Snapshot, params: &Params, now: Timestamp) -> Vec<Evaluation> {
    let one =
        |rule: &&Rule| Evaluation { rule: rule.id.to_owned(), outcome: judge(rule, snapshot, params, now) };
    rules::ALL.iter().map(one).collect()
}

/// One rule.
pub fn judge(rule: &Rule, snapshot: &Snapshot, params: &Params, now: Timestamp) -> Outcome {
    let unreadable = rule.needs.iter().find_map(|key| snapshot.resource(key).err());
    let outcome = match unreadable {
        Some(error) => Err(error),
        None => (rule.check)(snapshot, params, now),
    };
    outcome.unwrap_or_else(|Unreadable { resource, cause, detail }| Outcome::Unverifiable {
        cause,
        detail: format!("{resource}: {detail}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::Cause;

    #[test]
    fn coverage_counts_what_applies() {
        let unverifiable = Outcome::Unverifiable { cause: Cause::Role, detail: String::new() };
        let outcomes =
            [Outcome::Pass, Outcome::Fail { hits: vec![] }, unverifiable, Outcome::not_applicable("no")];
        let evaluations = outcomes.map(|outcome| Evaluation { rule: "X-01".into(), outcome });
        let coverage = Coverage::of(&evaluations);
        assert_eq!((coverage, coverage.percent()), (Coverage { judged: 2, applicable: 3 }, Some(66)));
        assert_eq!(Coverage::default().percent(), None);
    }
}
