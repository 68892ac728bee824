//! The sign-in log: every attempt, what was checked, what was wanted and found.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    http::{Answer, Person, Problem},
    store::log::{SIGNED_IN, SignInAttempt, TESTED},
    tenant::Permission,
};

use super::PATH;
use crate::{ask::Params, layout};

const PAGE: usize = 50;

/// Which attempts to show. An empty field of the form filters nothing.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The id of the last attempt of the page before.
    before: Option<String>,
    #[serde(default)]
    outcome: Kind,
    /// The id that a refused person was shown.
    #[serde(default)]
    correlation: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    #[serde(alias = "")]
    All,
    Refused,
    SignedIn,
    Tested,
}

impl Kind {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::All, "all", "All attempts"),
        (Self::Refused, "refused", "Refused"),
        (Self::SignedIn, "signed_in", "Signed in"),
        (Self::Tested, "tested", "Tests that passed"),
    ];

    fn takes(self, attempt: &SignInAttempt) -> bool {
        match self {
            Self::All => true,
            Self::Refused => !passed(attempt),
            Self::SignedIn => attempt.outcome == SIGNED_IN,
            Self::Tested => attempt.outcome == TESTED,
        }
    }
}

pub(super) async fn show(person: Person, Params(wanted): Params<Wanted>) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    let correlation = wanted.correlation.trim();
    let takes = |attempt: &SignInAttempt| {
        wanted.outcome.takes(attempt) && (correlation.is_empty() || attempt.correlation_id == correlation)
    };
    let log = person.store().sign_in_log(person.visit.at, wanted.before.as_deref(), PAGE, takes).await?;
    let (attempts, older) = log;
    let json = json!({ "attempts": attempts.iter().map(to_json).collect::<Vec<_>>(), "older": older });
    let body = html! {
        (filter(&wanted))
        @if attempts.is_empty() {
            p class="empty" {
                @if older.is_some() { "None of the attempts looked at so far." }
                @else { "No such attempt to sign in by SSO in the last 30 days." }
            }
        }
        @for attempt in &attempts { (one(attempt, attempts.len() == 1)) }
        @if let Some(older) = &older {
            form method="get" {
                input type="hidden" name="before" value=(older);
                input type="hidden" name="outcome" value=(word(wanted.outcome));
                input type="hidden" name="correlation" value=(correlation);
                button type="submit" { "Older" }
            }
        }
        p { a href=(PATH) { "Back to single sign-on" } }
    };
    Ok(Answer::page(layout::page(&person, PATH, "Sign-in log", &body), json))
}

fn word(kind: Kind) -> &'static str {
    Kind::ALL.into_iter().find(|(one, ..)| *one == kind).map_or("all", |(_, word, _)| word)
}

fn filter(wanted: &Wanted) -> Markup {
    html! {
        form class="filter" method="get" {
            label { "Show"
                select name="outcome" {
                    @for (kind, word, text) in Kind::ALL {
                        option value=(word) selected[kind == wanted.outcome] { (text) }
                    }
                }
            }
            label { "Correlation id" input name="correlation" value=(wanted.correlation) autocomplete="off" maxlength="64"; }
            button class="primary" type="submit" { "Filter" }
        }
    }
}

fn passed(attempt: &SignInAttempt) -> bool {
    matches!(attempt.outcome.as_str(), SIGNED_IN | TESTED)
}

fn to_json(attempt: &SignInAttempt) -> Value {
    json!({
        "id": attempt.id,
        "at": attempt.at,
        "correlationId": attempt.correlation_id,
        "outcome": attempt.outcome,
        "user": attempt.user,
        // The store keeps them as text; a tool gets them as they are.
        "checks": attempt.checks,
        "warnings": attempt.warnings,
    })
}

fn one(attempt: &SignInAttempt, open: bool) -> Markup {
    let class = if passed(attempt) { "good" } else { "bad" };
    html! {
        details class="panel" open[open] {
            summary {
                (layout::time(attempt.at)) " · " span class=(class) { (attempt.outcome) }
                " · " code { (attempt.correlation_id) }
            }
            @if let Some(user) = &attempt.user { p { "User " code { (user) } } }
            @for warning in &attempt.warnings { p class="warn" { (warning) } }
            @for check in attempt.checks.iter().filter(|check| !check.passed) {
                p class="bad" { code { (check.name) } ": wanted " (check.want) ", found " (check.got) }
            }
            div class="wide" {
                table class="checks" {
                    thead { tr { th scope="col" { "Check" } th scope="col" { "Wanted" } th scope="col" { "Found" } } }
                    tbody {
                        @for check in &attempt.checks {
                            tr class=[(!check.passed).then_some("bad")] {
                                td { @if check.passed { "✓ " } @else { "✗ " } code { (check.name) } }
                                td { (check.want) }
                                td { (check.got) }
                            }
                        }
                    }
                }
            }
        }
    }
}
