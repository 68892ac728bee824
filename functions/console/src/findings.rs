//! Findings: the list with its filters, one finding with its evidence, and the customer's decision about it.
//!
//! One rule: what was not published since it was last a draft is seen by those who may triage and by nobody else.

mod decide;
mod list;
pub(crate) mod show;

use axum::{
    Router,
    routing::{get, post},
};
use shared::{
    assessment::{Finding, Severity, lifecycle::State},
    http::Person,
    tenant::Permission,
};

pub(crate) use self::{decide::not_moved, list::title};
use crate::Console;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/findings", get(list::list))
        .route("/findings/{org}/{finding}", get(show::show))
        .route("/findings/{org}/{finding}/move", post(decide::decide))
}

/// Whether this person sees the finding. A dismissal after a dispute stays visible: it answers the customer. One that a
/// scan made a draft again is out of sight until it is published again: nobody has judged what it is about now.
fn is_visible(finding: &Finding, person: &Person) -> bool {
    person.principal.may(Permission::FindingsTriage) || was_published(finding)
}

pub(crate) fn was_published(finding: &Finding) -> bool {
    let mut since_draft = finding.history.iter().rev().take_while(|step| step.state != State::Draft);
    since_draft.any(|step| step.state == State::Published)
}

pub(crate) fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "bad",
        Severity::Medium => "warn",
        Severity::Low | Severity::Info => "meta",
    }
}

/// Worst first, then by rule, then by id: over several orgs.
fn worst_first(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (b.severity, &a.rule, &a.id).cmp(&(a.severity, &b.rule, &b.id)));
}

#[cfg(test)]
pub(crate) mod tests;
