//! What may happen to a finding, by whom: one table.
//!
//! Its one rule: a move that is not in the table does not happen. Operators review, customers decide, scans resolve, and
//! reopen what they see more of.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a finding stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Found; no person has looked at what it is about now.
    Draft,
    Confirmed,
    /// The operator says it is none.
    Dismissed,
    /// The customer sees it: a potential risk until they decide.
    Published,
    Remediating,
    /// The customer takes the risk until a day.
    Accepted {
        owner: String,
        expires: Timestamp,
    },
    Disputed,
    /// A later scan no longer finds it.
    Resolved,
    /// It came back.
    Regressed,
}

/// What somebody wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    Confirm,
    Dismiss,
    Publish,
    Remediate,
    Accept {
        owner: String,
        expires: Timestamp,
    },
    Dispute,
    /// The operator stands by a disputed finding.
    Uphold,
    /// A scan judged the resource and did not find it.
    Resolve,
    /// A scan found it again.
    Regress,
    /// A scan found more than what was dismissed: nobody has judged that.
    Reopen,
    /// An acceptance has run out.
    Expire,
}

/// Who does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// Staff of the service.
    Operator(String),
    /// A person of the customer's own workspace.
    Customer(String),
    /// A scan, by its id.
    Scan(String),
}

/// One step of a finding's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    #[serde(flatten)]
    pub state: State,
    pub by: Actor,
    pub at: Timestamp,
    pub why: String,
}

/// Why a move does not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    #[error("want a move that {by} may make from {from}, got {to}")]
    Illegal { from: &'static str, to: &'static str, by: &'static str },
    #[error("want a reason, got none")]
    Reason,
    #[error("want an owner of the accepted risk, got none")]
    Owner,
    #[error("want an end of the acceptance within {MOST_DAYS} days, got another")]
    Expiry,
}

/// A risk is accepted for a year at most.
pub const MOST_DAYS: i64 = 365;

impl State {
    /// The words of all states, in the order of a finding's life.
    pub const WORDS: [&'static str; 9] = [
        "draft",
        "confirmed",
        "dismissed",
        "published",
        "remediating",
        "accepted",
        "disputed",
        "resolved",
        "regressed",
    ];

    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
            Self::Published => "published",
            Self::Remediating => "remediating",
            Self::Accepted { .. } => "accepted",
            Self::Disputed => "disputed",
            Self::Resolved => "resolved",
            Self::Regressed => "regressed",
        }
    }

    /// Whether the customer sees it as something open.
    pub fn is_open(&self) -> bool {
        matches!(
            self,
            Self::Published | Self::Remediating | Self::Accepted { .. } | Self::Disputed | Self::Regressed
        )
    }

    /// The state after `wanted`, if `by` may do it now.
    pub fn after(&self, wanted: &Move, by: &Actor, why: &str, now: Timestamp) -> Result<Self, MoveError> {
        use Actor::{Customer, Operator, Scan};
        let next = match (self, wanted, by) {
            (Self::Draft, Move::Confirm, Operator(_)) => Self::Confirmed,
            (Self::Draft | Self::Confirmed | Self::Disputed, Move::Dismiss, Operator(_)) => Self::Dismissed,
            (Self::Confirmed, Move::Publish, Operator(_)) | (Self::Disputed, Move::Uphold, Operator(_)) => {
                Self::Published
            }
            (
                Self::Published | Self::Accepted { .. } | Self::Disputed | Self::Regressed,
                Move::Remediate,
                Customer(_),
            ) => Self::Remediating,
            (
                Self::Published
                | Self::Remediating
                | Self::Accepted { .. }
                | Self::Disputed
                | Self::Regressed,
                Move::Accept { owner, expires },
                Customer(_),
            ) => accepted(owner, *expires, now)?,
            (
                Self::Published | Self::Remediating | Self::Accepted { .. } | Self::Regressed,
                Move::Dispute,
                Customer(_),
            ) => Self::Disputed,
            (
                Self::Published
                | Self::Remediating
                | Self::Accepted { .. }
                | Self::Disputed
                | Self::Regressed,
                Move::Resolve,
                Scan(_),
            ) => Self::Resolved,
            (Self::Resolved, Move::Regress, Scan(_)) => Self::Regressed,
            (Self::Dismissed, Move::Reopen, Scan(_)) => Self::Draft,
            (Self::Accepted { expires, .. }, Move::Expire, Scan(_)) if *expires <= now => Self::Published,
            _ => return Err(MoveError::Illegal { from: self.word(), to: wanted.word(), by: by.word() }),
        };
        let explained = !matches!(wanted, Move::Dismiss | Move::Accept { .. } | Move::Dispute | Move::Uphold);
        if explained || !why.trim().is_empty() { Ok(next) } else { Err(MoveError::Reason) }
    }
}

fn accepted(owner: &str, expires: Timestamp, now: Timestamp) -> Result<State, MoveError> {
    if owner.trim().is_empty() {
        return Err(MoveError::Owner);
    }
    let latest = now.saturating_add(SignedDuration::from_hours(24 * MOST_DAYS)).unwrap_or(now);
    if expires <= now || expires > latest {
        return Err(MoveError::Expiry);
    }
    Ok(State::Accepted { owner: owner.to_owned(), expires })
}

impl Move {
    fn word(&self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Dismiss => "dismiss",
            Self::Publish => "publish",
            Self::Remediate => "remediate",
            Self::Accept { .. } => "accept",
            Self::Dispute => "dispute",
            Self::Uphold => "uphold",
            Self::Resolve => "resolve",
            Self::Regress => "regress",
            Self::Reopen => "reopen",
            Self::Expire => "expire",
        }
    }
}

impl Actor {
    fn word(&self) -> &'static str {
        match self {
            Self::Operator(_) => "an operator",
            Self::Customer(_) => "a customer",
            Self::Scan(_) => "a scan",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::testing::now;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn accept(days: i64) -> Move {
        Move::Accept {
            owner: "owner@example.com".into(),
            expires: now() + DAY * i32::try_from(days).unwrap(),
        }
    }

    /// One of each.
    fn states() -> [State; 9] {
        [
            State::Draft,
            State::Confirmed,
            State::Dismissed,
            State::Published,
            State::Remediating,
            State::Accepted { owner: "o".into(), expires: now() },
            State::Disputed,
            State::Resolved,
            State::Regressed,
        ]
    }

    #[test]
    fn the_words_of_states_are_those_that_are_stored() {
        for (state, word) in states().iter().zip(State::WORDS) {
            assert_eq!(state.word(), word);
            assert_eq!(serde_json::to_value(state).unwrap()["state"], word);
        }
    }

    /// The whole table, as one can read it: for each state, what each actor may do.
    #[test]
    fn what_is_not_in_the_table_does_not_happen() {
        let states = states();
        let moves = [
            Move::Confirm,
            Move::Dismiss,
            Move::Publish,
            Move::Remediate,
            accept(30),
            Move::Dispute,
            Move::Uphold,
            Move::Resolve,
            Move::Regress,
            Move::Reopen,
            Move::Expire,
        ];
        let actors = [Actor::Operator("o".into()), Actor::Customer("c".into()), Actor::Scan("s".into())];
        let mut table = Vec::new();
        for (state, actor) in states.iter().flat_map(|s| actors.iter().map(move |a| (s, a))) {
            let can = |wanted: &&Move| state.after(wanted, actor, "why", now()).is_ok();
            let words: Vec<_> = moves.iter().filter(can).map(Move::word).collect();
            if !words.is_empty() {
                table.push(format!("{} {}: {}", state.word(), actor.word(), words.join(" ")));
            }
        }
        insta::assert_snapshot!(table.join("\n"), @r"
        draft an operator: confirm dismiss
        confirmed an operator: dismiss publish
        dismissed a scan: reopen
        published a customer: remediate accept dispute
        published a scan: resolve
        remediating a customer: accept dispute
        remediating a scan: resolve
        accepted a customer: remediate accept dispute
        accepted a scan: resolve expire
        disputed an operator: dismiss uphold
        disputed a customer: remediate accept
        disputed a scan: resolve
        resolved a scan: regress
        regressed a customer: remediate accept dispute
        regressed a scan: resolve
        ");
    }

    #[test]
    fn a_risk_is_accepted_by_somebody_for_a_reason_and_a_year_at_most() {
        let customer = Actor::Customer("c".into());
        let try_it = |wanted: Move, why: &str| State::Published.after(&wanted, &customer, why, now());
        assert!(try_it(accept(365), "why").is_ok());
        assert_eq!(try_it(accept(366), "why"), Err(MoveError::Expiry));
        assert_eq!(try_it(accept(0), "why"), Err(MoveError::Expiry));
        assert_eq!(try_it(accept(30), " "), Err(MoveError::Reason));
        let nobody = Move::Accept { owner: " ".into(), expires: now() + DAY };
        assert_eq!(try_it(nobody, "why"), Err(MoveError::Owner));
    }

    #[test]
    fn an_acceptance_ends_on_its_day_and_not_before() {
        let scan = Actor::Scan("s".into());
        let accepted = State::Accepted { owner: "o".into(), expires: now() + DAY };
        assert!(accepted.after(&Move::Expire, &scan, "", now()).is_err());
        assert_eq!(accepted.after(&Move::Expire, &scan, "", now() + DAY), Ok(State::Published));
    }
}
