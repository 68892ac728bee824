//! Scans: an org's list with "Scan now", and one scan with its progress, its coverage and what each rule came to.
//!
//! One rule: until the operator published a scan, what its rules came to is for those who may triage; and how much each
//! rule saw always is, since some of it was dismissed.

use axum::{Router, extract::State, routing::get};
use maud::{Markup, html};
use serde_json::{Value, json};
use shared::{
    assessment::{Evaluation, Manifest, Outcome, Status, manifest::Resource, rules},
    http::{Answer, Person, Problem},
    store::{
        connections::Connection,
        scans::{ScanRecord, ScanState, Stored, Trigger},
    },
    tenant::Permission,
};

use crate::{Console, ask::Ids, layout, orgs};

/// Scans in the list: two years of weekly ones.
const SHOWN: u32 = 104;

pub(crate) fn routes() -> Router<Console> {
    // The POST that begins a scan is routed to scan-trigger (infra/template.yaml).
    Router::new()
        .route("/orgs/{org}/scans", get(list))
        .route("/scans/{org}/{scan}", get(show))
        .route("/scans/{scan}", get(show_by_id))
}

async fn list(person: Person, Ids([org]): Ids<1>) -> Result<Answer, Problem> {
    person.require(Permission::ScansView)?;
    let org = orgs::find(&person, org).await?;
    let scans = person.store().scans(&org.org, SHOWN).await?;
    let json = json!({ "org": org.org, "scans": scans.iter().map(as_json).collect::<Vec<_>>() });
    let may_run = person.principal.may(Permission::ScansRun);
    let approved = person.store().first_scan(&org.org, person.visit.at).await?.is_some();
    let body = html! {
        p { a href=(format!("/orgs/{}", org.org)) { (org.label) } " · " code { (org.okta_url) } }
        @if may_run { (scan_now(&org, approved)) }
        (table(&scans))
    };
    Ok(Answer::page(layout::page(&person, "/orgs", "Scans", &body), json))
}

async fn show(
    State(console): State<Console>,
    person: Person,
    Ids([org, scan]): Ids<2>,
) -> Result<Answer, Problem> {
    person.require(Permission::ScansView)?;
    let org = orgs::find(&person, org).await?;
    let scan = person.store().scan(&scan).await?.filter(|scan| scan.org == org.org);
    one(&console, &person, &org, &scan.ok_or_else(Problem::not_found)?).await
}

/// The same by the id alone, which names its org: where scan-trigger leads.
async fn show_by_id(
    State(console): State<Console>,
    person: Person,
    Ids([scan]): Ids<1>,
) -> Result<Answer, Problem> {
    person.require(Permission::ScansView)?;
    orgs::customers_only(&person)?;
    let scan = person.store().scan(&scan).await?.ok_or_else(Problem::not_found)?;
    let org = orgs::find(&person, scan.org.to_string()).await?;
    one(&console, &person, &org, &scan).await
}

async fn one(
    console: &Console,
    person: &Person,
    org: &Connection,
    scan: &ScanRecord,
) -> Result<Answer, Problem> {
    let results = Results::of(console, person, scan).await?;
    let mut json = as_json(scan);
    json["resources"] = json!(results.resources);
    json["rules"] = results.rules.as_ref().map_or(Value::Null, |rules| rules.iter().map(rule_json).collect());
    let body = html! {
        p { a href=(format!("/orgs/{}/scans", org.org)) { "Scans of " (org.label) } }
        (progress(scan))
        @if scan.state == ScanState::Judged { (numbers(scan)) }
        (results.view())
        @if scan.published.is_some() {
            p { a href=(format!("/findings?org={}", org.org)) { "Findings" } " · "
                a href="/reports" { "Reports" } }
        }
    };
    Ok(Answer::page(layout::page(person, "/orgs", "Scan", &body), json))
}

/// What lies in the bucket about a judged scan.
struct Results {
    resources: Option<Vec<Resource>>,
    rules: Option<Vec<Evaluation>>,
}

impl Results {
    async fn of(console: &Console, person: &Person, scan: &ScanRecord) -> Result<Self, Problem> {
        let tenant = person.principal.tenant();
        let read = async |stored: &Stored| console.evidence.read(tenant, &stored.name, &stored.sha256).await;
        let resources = match &scan.manifest {
            Some(sealed) => {
                let manifest = Manifest::from_bytes(&read(&sealed.stored).await?);
                Some(manifest.map_err(|_| Problem::internal())?.resources)
            }
            None => None,
        };
        let triages = person.principal.may(Permission::FindingsTriage);
        let rules = match scan.evaluation.as_ref().filter(|_| triages || scan.published.is_some()) {
            Some(stored) => {
                let rules: Result<Vec<Evaluation>, _> = serde_json::from_slice(&read(stored).await?);
                let rules = rules.map_err(|_| Problem::internal())?;
                Some(if triages { rules } else { without_hits(rules) })
            }
            None => None,
        };
        Ok(Self { resources, rules })
    }

    fn view(&self) -> Markup {
        html! {
            @if let Some(rules) = &self.rules { (rule_table(rules)) }
            @else if self.resources.is_some() {
                p class="empty" { "What each rule came to is shown once the operator has reviewed the scan." }
            }
            @if let Some(resources) = &self.resources { (resource_table(resources)) }
        }
    }
}

fn without_hits(mut rules: Vec<Evaluation>) -> Vec<Evaluation> {
    for rule in &mut rules {
        if let Outcome::Fail { hits } = &mut rule.outcome {
            hits.clear();
        }
    }
    rules
}

pub(crate) fn as_json(scan: &ScanRecord) -> Value {
    json!({
        "id": scan.id,
        "org": scan.org,
        "trigger": scan.trigger,
        "approval": scan.approval,
        "state": scan.state,
        "progress": scan.progress,
        "coverage": scan.coverage,
        "coveragePercent": scan.coverage.and_then(shared::assessment::Coverage::percent),
        "outcomes": scan.outcomes,
        "manifestSha256": scan.manifest.as_ref().map(|sealed| sealed.stored.sha256),
        "created": scan.created,
        "started": scan.started,
        "finished": scan.finished,
        "published": scan.published,
    })
}

fn rule_json(evaluation: &Evaluation) -> Value {
    json!({
        "rule": evaluation.rule,
        "title": rules::find(&evaluation.rule).map(|rule| rule.title),
        "outcome": evaluation.outcome.word(),
        "reason": reason(&evaluation.outcome),
    })
}

fn scan_now(org: &Connection, approved: bool) -> Markup {
    html! {
        @if approved && org.preflight.as_ref().is_some_and(|check| check.passed) {
            form method="post" action=(format!("/orgs/{}/scans", org.org)) {
                button class="primary" type="submit" { "Scan now" }
            }
        } @else {
            p { "A scan can be run once " a href=(format!("/orgs/{}", org.org)) { "the steps of this org" }
                " are done: the permission check has passed and the first scan is approved." }
        }
    }
}

fn table(scans: &[ScanRecord]) -> Markup {
    html! {
        @if scans.is_empty() {
            p class="empty" { "No scan yet." }
        } @else {
            table {
                caption { "Scans, newest first" }
                thead { tr { th scope="col" { "Begun" } th scope="col" { "By" } th scope="col" { "State" }
                    th scope="col" { "Coverage" } th scope="col" { "Published" } } }
                tbody {
                    @for scan in scans {
                        tr {
                            th scope="row" { a href=(format!("/scans/{}/{}", scan.org, scan.id)) {
                                (layout::time(scan.created)) } }
                            td { (begun_by(&scan.trigger)) }
                            td { (scan.state.word()) }
                            td { (coverage(scan)) }
                            td { @match scan.published { Some(at) => (layout::time(at)), None => "not yet" } }
                        }
                    }
                }
            }
        }
    }
}

fn begun_by(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Schedule { .. } => "schedule",
        Trigger::Request { .. } => "request",
    }
}

pub(crate) fn coverage(scan: &ScanRecord) -> String {
    let Some(coverage) = scan.coverage else { return "not yet".to_owned() };
    let numbers = format!("{} of {} rules judged", coverage.judged, coverage.applicable);
    coverage.percent().map_or_else(|| numbers.clone(), |percent| format!("{percent}% ({numbers})"))
}

pub(crate) fn progress(scan: &ScanRecord) -> Markup {
    let at = scan.progress;
    html! {
        div role="status" {
            p { @match &scan.state {
                ScanState::Queued => "Queued: it begins in a moment.",
                ScanState::Collecting => "Reading the org.",
                ScanState::Waiting { until } => { "Waiting for the org's rate limits until " (layout::time(*until)) "." },
                ScanState::Sealing { .. } => "All is read: sealing and judging.",
                ScanState::Judged => "Read, sealed and judged.",
                ScanState::Failed { reason, next } => { span class="bad" { "Failed. " } (reason) " " (next) },
            } }
            label { "Resources read: " (at.resources_done) " of " (at.resources_total)
                progress value=(at.resources_done) max=(at.resources_total.max(1)) {} }
            p class="meta" { (at.rows) " rows in " (at.calls) " calls. " code { (scan.id) } }
        }
        @if !scan.is_over() { p class="meta" { "Reload this page to see how far it is." } }
    }
}

pub(crate) fn numbers(scan: &ScanRecord) -> Markup {
    let counts = scan.outcomes;
    let all = [
        ("pass", counts.pass),
        ("fail", counts.fail),
        ("manual", counts.manual),
        ("unverifiable", counts.unverifiable),
        ("not applicable", counts.not_applicable),
    ];
    html! {
        p { strong { "Coverage: " (coverage(scan)) "." } " What could not be verified is never a pass." }
        table {
            caption { "Rules by outcome" }
            thead { tr { @for (name, _) in all { th scope="col" { (name) } } } }
            tbody { tr { @for (_, count) in all { td { (count) } } } }
        }
    }
}

fn rule_table(evaluations: &[Evaluation]) -> Markup {
    html! {
        h2 { "Rules" }
        table {
            caption { "What each rule came to" }
            thead { tr { th scope="col" { "Rule" } th scope="col" { "Outcome" } th scope="col" { "Reason" } } }
            tbody {
                @for one in evaluations {
                    tr {
                        th scope="row" { (one.rule) " "
                            (rules::find(&one.rule).map_or("no longer in the library", |rule| rule.title)) }
                        td class=(outcome_class(&one.outcome)) { (one.outcome.word().replace('_', " ")) }
                        td { (reason(&one.outcome)) }
                    }
                }
            }
        }
    }
}

fn outcome_class(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "good",
        Outcome::Fail { .. } => "bad",
        Outcome::Manual { .. } | Outcome::Unverifiable { .. } => "warn",
        Outcome::NotApplicable { .. } => "meta",
    }
}

fn reason(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pass => String::new(),
        Outcome::Fail { hits } => match hits.len() {
            0 => String::new(),
            seen => format!("{seen} seen"),
        },
        Outcome::NotApplicable { reason } | Outcome::Manual { reason } => reason.clone(),
        Outcome::Unverifiable { detail, .. } => detail.clone(),
    }
}

fn resource_table(resources: &[Resource]) -> Markup {
    html! {
        h2 { "Resources" }
        table {
            caption { "What was read, and how completely" }
            thead { tr { th scope="col" { "Resource" } th scope="col" { "State" } th scope="col" { "Rows" } } }
            tbody {
                @for resource in resources {
                    @let (class, word) = read_state(&resource.status);
                    tr { th scope="row" { (resource.key) } td class=(class) { (word) } td { (resource.rows) } }
                }
            }
        }
    }
}

fn read_state(status: &Status) -> (&'static str, String) {
    match status {
        Status::Complete => ("good", "complete".to_owned()),
        Status::Partial(why) => ("warn", format!("partial: {why}")),
        Status::DeniedScope => ("warn", "denied: the scope is not granted".to_owned()),
        Status::DeniedRole => ("warn", "denied: the app's admin role is too low".to_owned()),
        Status::FeatureAbsent => ("meta", "the org does not have this feature".to_owned()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
