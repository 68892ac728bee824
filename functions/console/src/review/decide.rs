//! What an operator decides: a finding is one, is none, or the scan can be published.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use shared::{
    assessment::lifecycle::{Actor, Move, State as At},
    http::{Answer, Input, Person, Problem},
    store::{
        findings::{FindingFilter, FindingRecord, PublishError},
        scans::ScanMessage,
    },
    tenant::Permission,
};

use super::{Review, require};
use crate::{
    Console,
    ask::{Ids, is_text},
    findings::not_moved,
    scans,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    /// A finding's id, or `all` for every draft of the scan.
    finding: String,
    #[serde(default)]
    reason: String,
}

/// What the operator says of a finding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is one. Said of a disputed finding, it upholds it.
    Confirm,
    Dismiss,
}

pub(super) async fn confirm(
    State(console): State<Console>,
    person: Person,
    Ids([customer, org, scan]): Ids<3>,
    Input(decision): Input<Decision>,
) -> Result<Answer, Problem> {
    let review = Review::open(&console, &person, &customer, &org, &scan).await?;
    decide(&review, &decision, Verdict::Confirm).await
}

pub(super) async fn dismiss(
    State(console): State<Console>,
    person: Person,
    Ids([customer, org, scan]): Ids<3>,
    Input(decision): Input<Decision>,
) -> Result<Answer, Problem> {
    let review = Review::open(&console, &person, &customer, &org, &scan).await?;
    decide(&review, &decision, Verdict::Dismiss).await
}

async fn decide(review: &Review<'_>, decision: &Decision, verdict: Verdict) -> Result<Answer, Problem> {
    require(&review.reach, Permission::FindingsTriage)?;
    if !is_text(&decision.reason, 2_000) {
        let next = "Give a reason of at most 2,000 characters, as plain text.";
        return Err(Problem::bad_request("finding.text", "The reason cannot be kept.", next));
    }
    let seen = review.store.findings_of_scan(&review.scan, &FindingFilter::default()).await?;
    let chosen = chosen(seen, &decision.finding)?;
    if chosen.iter().any(|record| record.finding.scan != review.scan.id) {
        return Err(Problem::conflict(
            "finding.newer_scan",
            "A newer scan has seen this finding, perhaps with more in it.",
            "Decide about it in the review of the newer scan, which shows it as it is now.",
        ));
    }
    let wanted = chosen.first().map_or(Move::Confirm, |record| wanted(verdict, &record.finding.state));
    let by = Actor::Operator(review.operator.clone());
    let why = decision.reason.trim();
    let moved = review.store.move_findings(&chosen, &wanted, &by, why, &review.acting).await;
    let moved = moved.map_err(not_moved)?;
    let json = json!({
        "moved": moved.iter().map(|record| json!({
            "id": record.finding.id, "state": record.finding.state.word(),
        })).collect::<Vec<_>>(),
    });
    Ok(Answer::done(review.path(), json))
}

/// The findings that are meant: one of this scan, or all its drafts.
fn chosen(seen: Vec<FindingRecord>, which: &str) -> Result<Vec<FindingRecord>, Problem> {
    let chosen: Vec<_> = match which {
        "all" => seen.into_iter().filter(|record| record.finding.state == At::Draft).collect(),
        id => seen.into_iter().filter(|record| record.finding.id == id).collect(),
    };
    if chosen.is_empty() && which != "all" {
        return Err(Problem::bad_request(
            "finding.unknown",
            "This scan saw no such finding.",
            "Give the id of a finding on the review page, or all for its drafts.",
        ));
    }
    Ok(chosen)
}

fn wanted(verdict: Verdict, state: &At) -> Move {
    match (verdict, state) {
        (Verdict::Confirm, At::Disputed) => Move::Uphold,
        (Verdict::Confirm, _) => Move::Confirm,
        (Verdict::Dismiss, _) => Move::Dismiss,
    }
}

/// Publishes what was confirmed and asks for the report. Done again, it goes on where it stopped.
pub(super) async fn publish(
    State(console): State<Console>,
    person: Person,
    Ids([customer, org, scan]): Ids<3>,
) -> Result<Answer, Problem> {
    let review = Review::open(&console, &person, &customer, &org, &scan).await?;
    require(&review.reach, Permission::ReportsPublish)?;
    let by = Actor::Operator(review.operator.clone());
    let published = match review.store.publish_scan(&review.scan, &by, &review.acting).await {
        // It was published while it was the newest: its report is of this scan alone, and can be made again.
        Err(PublishError::NotNewest) if review.scan.published.is_some() => review.scan.clone(),
        published => published.map_err(not_published)?,
    };
    review.store.publish_objects(&published.id, &review.acting).await?;
    let tenant = review.reach.customer.tenant.clone();
    let message = ScanMessage { tenant, org: published.org.clone(), scan: published.id.clone() };
    console.reports.send(&message, 0).await?;
    Ok(Answer::done(review.path(), scans::as_json(&published)))
}

fn not_published(error: PublishError) -> Problem {
    match error {
        PublishError::NotJudged => Problem::conflict(
            "scan.not_judged",
            "This scan has no result to publish.",
            "Wait until it is judged; a failed scan is run again.",
        ),
        PublishError::NotNewest => Problem::conflict(
            "scan.not_newest",
            "A newer scan of this org has been judged, or is being judged now.",
            "Review and publish the newest judged scan: it has what still stands. If the newer one failed, scan again.",
        ),
        PublishError::Undecided(count) => Problem::conflict(
            "review.drafts",
            format!("{count} findings of this scan are still drafts."),
            "Confirm or dismiss each of them first: a report must leave nothing out without a word.",
        ),
        PublishError::Finding(error) => not_moved(error),
        PublishError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_to_a_disputed_finding_upholds_it() {
        assert_eq!(wanted(Verdict::Confirm, &At::Draft), Move::Confirm);
        assert_eq!(wanted(Verdict::Confirm, &At::Disputed), Move::Uphold);
        assert_eq!(wanted(Verdict::Dismiss, &At::Disputed), Move::Dismiss);
    }

    #[test]
    fn a_finding_of_another_scan_is_not_decided_here() {
        assert_eq!(chosen(Vec::new(), "f-1").unwrap_err().code, "finding.unknown");
        assert!(chosen(Vec::new(), "all").unwrap().is_empty());
    }

    #[test]
    fn a_refusal_to_publish_says_what_is_missing() {
        assert_eq!(not_published(PublishError::NotJudged).code, "scan.not_judged");
        assert_eq!(not_published(PublishError::NotNewest).code, "scan.not_newest");
        let drafts = not_published(PublishError::Undecided(3));
        assert!(drafts.code == "review.drafts" && drafts.title.contains('3'));
    }
}
