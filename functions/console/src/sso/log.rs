//! The sign-in log: every attempt, what was checked, what was wanted and found.

use axum::extract::Query;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    http::{Answer, Person, Problem},
    store::log::{SIGNED_IN, SignInAttempt},
    tenant::Permission,
};

use super::PATH;
use crate::layout;

const PAGE: u32 = 50;

#[derive(Deserialize)]
pub(super) struct Page {
    /// The id of the last attempt of the page before.
    before: Option<String>,
}

pub(super) async fn show(person: Person, Query(page): Query<Page>) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    let attempts = person.store().sign_in_log(person.visit.at, page.before.as_deref(), PAGE).await?;
    let older = attempts.last().filter(|_| attempts.len() == PAGE as usize).map(|attempt| attempt.id.clone());
    let json = json!({ "attempts": attempts.iter().map(to_json).collect::<Vec<_>>(), "older": older });
    let body = html! {
        @if attempts.is_empty() { p class="empty" { "Nobody tried to sign in by SSO in the last 30 days." } }
        @for attempt in &attempts { (one(attempt)) }
        @if let Some(older) = &older {
            form method="get" { input type="hidden" name="before" value=(older); button type="submit" { "Older" } }
        }
    };
    Ok(Answer::page(layout::page(&person, PATH, "Sign-in log", &body), json))
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

fn one(attempt: &SignInAttempt) -> Markup {
    let class = if attempt.outcome == SIGNED_IN { "good" } else { "bad" };
    html! {
        details class="panel" {
            summary {
                (layout::time(attempt.at)) " · " span class=(class) { (attempt.outcome) }
                " · " code { (attempt.correlation_id) }
            }
            @if let Some(user) = &attempt.user { p { "User " code { (user) } } }
            @for warning in &attempt.warnings { p class="warn" { (warning) } }
            table {
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
