//! The customer's decision about a finding: they remediate it, accept the risk for a while, or dispute it.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use maud::{Markup, html};
use serde::Deserialize;
use shared::{
    assessment::{
        Finding,
        lifecycle::{Actor, MOST_DAYS, Move, MoveError},
    },
    http::{Answer, Input, Person, Problem},
    store::{StoreError, findings::FindingError},
    tenant::Permission,
};

use super::show;
use crate::ask::{Ids, is_text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    to: To,
    #[serde(default)]
    reason: String,
    /// Of an accepted risk.
    #[serde(default)]
    owner: String,
    /// The day on which an acceptance ends, such as `2027-03-01`, or an RFC 3339 time.
    #[serde(default)]
    until: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum To {
    Remediating,
    Accepted,
    Disputed,
}

pub(super) async fn decide(
    person: Person,
    Ids([org, id]): Ids<2>,
    Input(decision): Input<Decision>,
) -> Result<Answer, Problem> {
    person.require(Permission::FindingsTriage)?;
    let read = show::find(&person, org, &id).await?;
    let wanted = decision.wanted()?;
    // The reason and the owner are in the finding's own history; the audit log holds no names.
    let by = Actor::Customer(person.user.id.as_str().to_owned());
    let why = decision.reason.trim();
    let moved = person.store().move_findings(&[read], &wanted, &by, why, &person.acting()).await;
    let moved = moved.map_err(not_moved)?;
    let finding = &moved.first().ok_or_else(Problem::internal)?.finding;
    Ok(Answer::done(format!("/findings/{}/{}", finding.org, finding.id), show::as_json(finding)))
}

pub(crate) fn not_moved(error: FindingError) -> Problem {
    match error {
        FindingError::Move(error) => refused(&error),
        FindingError::Changed => StoreError::Condition(Vec::new()).into(),
        FindingError::Store(error) => error.into(),
    }
}

impl Decision {
    fn wanted(&self) -> Result<Move, Problem> {
        if !is_text(&self.reason, 2_000) || !is_text(&self.owner, 200) {
            return Err(Problem::bad_request(
                "finding.text",
                "The reason or the owner cannot be kept.",
                "Give a reason of at most 2,000 characters and an owner of at most 200, as plain text.",
            ));
        }
        Ok(match self.to {
            To::Remediating => Move::Remediate,
            To::Disputed => Move::Dispute,
            To::Accepted => {
                let expires = end(&self.until).ok_or_else(|| refused(&MoveError::Expiry))?;
                Move::Accept { owner: self.owner.trim().to_owned(), expires }
            }
        })
    }
}

/// The instant at which an acceptance ends: the beginning of the day, UTC.
fn end(until: &str) -> Option<Timestamp> {
    let until = until.trim();
    until.parse::<Timestamp>().ok().or_else(|| {
        let day: Date = until.parse().ok()?;
        Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

fn refused(error: &MoveError) -> Problem {
    match error {
        MoveError::Illegal { from, to, by } => Problem::conflict(
            "finding.move",
            format!("A finding that is {from} cannot be moved that way."),
            format!("{by} cannot {to} it now; reload the finding and look at its history."),
        ),
        MoveError::Reason => Problem::bad_request(
            "finding.reason",
            "This needs a reason.",
            "Say why in a sentence: it stays in the finding's history.",
        ),
        MoveError::Owner => Problem::bad_request(
            "finding.owner",
            "An accepted risk needs an owner.",
            "Name the person who answers for it.",
        ),
        MoveError::Expiry => Problem::bad_request(
            "finding.until",
            "An acceptance needs an end.",
            format!("Give a day in the future, at most {MOST_DAYS} days from now, such as 2027-03-01."),
        ),
    }
}

pub(super) fn form(finding: &Finding) -> Markup {
    html! {
        @if finding.state.is_open() {
            h2 { "Decide" }
            form class="stack" method="post" action=(format!("/findings/{}/{}/move", finding.org, finding.id)) {
                label { "Decision"
                    select name="to" {
                        option value="remediating" { "We remediate it" }
                        option value="accepted" { "We accept the risk" }
                        option value="disputed" { "We dispute it" }
                    }
                }
                label { "Reason"
                    textarea name="reason" rows="3" maxlength="2000" aria-describedby="reason" {}
                    small id="reason" { "Needed to accept or dispute." } }
                label { "Owner of an accepted risk" input name="owner" maxlength="200" autocomplete="off"; }
                label { "Accepted until"
                    input name="until" type="date" aria-describedby="until";
                    small id="until" { "At most " (MOST_DAYS) " days from now." } }
                button class="primary" type="submit" { "Save decision" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(json: serde_json::Value) -> Result<Decision, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn a_form_with_empty_fields_reads() {
        let got = decision(serde_json::json!({"to": "remediating", "reason": "", "owner": "", "until": ""}));
        assert_eq!(got.unwrap().wanted().unwrap(), Move::Remediate);
        assert!(decision(serde_json::json!({"to": "resolved"})).is_err(), "scans resolve, people do not");
    }

    #[test]
    fn an_acceptance_needs_a_day_that_is_one() {
        let accept = |until: &str| {
            decision(serde_json::json!({"to": "accepted", "owner": " o ", "until": until})).unwrap().wanted()
        };
        let expires = "2027-03-01T00:00:00Z".parse().unwrap();
        let want = Move::Accept { owner: "o".to_owned(), expires };
        assert_eq!(accept("2027-03-01").unwrap(), want);
        assert_eq!(accept("2027-03-01T00:00:00Z").unwrap(), want);
        for bad in ["", "soon", "2027-02-30"] {
            assert_eq!(accept(bad).unwrap_err().code, "finding.until", "{bad}");
        }
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        let illegal = MoveError::Illegal { from: "draft", to: "accept", by: "a customer" };
        for error in [illegal, MoveError::Reason, MoveError::Owner, MoveError::Expiry] {
            let problem = refused(&error);
            assert!(problem.code.starts_with("finding.") && problem.next.ends_with('.'));
        }
    }
}
