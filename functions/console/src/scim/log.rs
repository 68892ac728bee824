//! Security → SCIM provisioning → Log: what Okta asked, what it changed and why it failed, for 30 days.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Person, Problem},
    ops::csv,
    store::{StoreError, log::provisioning::ProvisioningEntry},
    tenant::Permission,
};

use crate::{Console, ask::Params, layout};

const PATH: &str = "/security/scim/log";
/// Rows on a page.
const PAGE: usize = 50;
/// Rows in one file: well below what a function may answer.
const FILE: usize = 5_000;
/// Rows that are looked at for one answer; what a filter leaves out counts too.
const LOOKED_AT: usize = 10_000;
/// Rows read at a time.
const BATCH: u32 = 500;

pub(super) fn routes() -> Router<Console> {
    Router::new().route("/security/scim/log", get(show)).route("/security/scim/log.csv", get(download))
}

/// What is asked for. An empty field of the form asks for nothing.
#[derive(Deserialize)]
struct Asked {
    /// The id of the last row of the page before.
    before: Option<String>,
    /// `failed` or `done`.
    outcome: Option<String>,
    method: Option<String>,
    correlation: Option<String>,
}

impl Asked {
    fn wants(&self, entry: &ProvisioningEntry) -> bool {
        let outcome = match filled(self.outcome.as_ref()) {
            Some("failed") => entry.failed(),
            Some("done") => !entry.failed(),
            _ => true,
        };
        let method = filled(self.method.as_ref()).is_none_or(|m| m.eq_ignore_ascii_case(&entry.method));
        let correlation = filled(self.correlation.as_ref()).is_none_or(|id| id == entry.correlation_id);
        outcome && method && correlation
    }

    /// The same question from another row on, as a query.
    fn query(&self, before: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let fields = [
            ("before", before),
            ("outcome", filled(self.outcome.as_ref())),
            ("method", filled(self.method.as_ref())),
            ("correlation", filled(self.correlation.as_ref())),
        ];
        query.extend_pairs(fields.iter().filter_map(|(name, value)| Some((name, (*value)?))));
        query.finish()
    }
}

fn filled(field: Option<&String>) -> Option<&str> {
    field.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// At most `limit` rows that are asked for, and where older ones begin, if there may be any.
async fn rows(
    person: &Person,
    asked: &Asked,
    limit: usize,
) -> Result<(Vec<ProvisioningEntry>, Option<String>), StoreError> {
    let store = person.store();
    let (mut found, mut looked_at) = (Vec::new(), 0);
    let mut before = filled(asked.before.as_ref()).map(ToOwned::to_owned);
    loop {
        let batch = store.provisioning_log(person.visit.at, before.as_deref(), BATCH).await?;
        let is_last = batch.len() < BATCH as usize;
        looked_at += batch.len();
        for entry in batch {
            before = Some(entry.id.clone());
            if asked.wants(&entry) {
                found.push(entry);
            }
            if found.len() == limit {
                return Ok((found, before));
            }
        }
        if is_last {
            return Ok((found, None));
        }
        if looked_at >= LOOKED_AT {
            return Ok((found, before));
        }
    }
}

async fn show(person: Person, Params(asked): Params<Asked>) -> Result<Answer, Problem> {
    person.require(Permission::LogsView)?;
    let (entries, older) = rows(&person, &asked, PAGE).await?;
    let json = json!({ "requests": entries, "older": older });
    let body = page(&person, &asked, &entries, older.as_deref());
    Ok(Answer::page(layout::page(&person, "/security/scim", "SCIM provisioning log", &body), json))
}

async fn download(person: Person, Params(asked): Params<Asked>) -> Result<Response, Problem> {
    person.require(Permission::LogsExport)?;
    let (entries, older) = rows(&person, &asked, FILE).await?;
    person.store().note(&person.acting().record("log.export", "log:scim", "")).await?;
    let mut file = csv::line(COLUMNS);
    for entry in &entries {
        file.push_str(&csv::line(cells(entry).each_ref().map(String::as_str)));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"scim-provisioning-log.csv\""),
    ];
    let mut response = (headers, file).into_response();
    if let Some(older) = older {
        // What does not fit into one file comes in the next (RFC 8288).
        let next = format!("<{PATH}.csv?{}>; rel=\"next\"", asked.query(Some(&older)));
        let next = next.parse().map_err(|_| Problem::internal())?;
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

const COLUMNS: [&str; 9] =
    ["at", "method", "path", "status", "duration_ms", "changed", "reason", "correlation_id", "token"];

fn cells(entry: &ProvisioningEntry) -> [String; 9] {
    [
        entry.at.to_string(),
        entry.method.clone(),
        entry.path.clone(),
        entry.status.to_string(),
        entry.duration_ms.to_string(),
        entry.changed.join("; "),
        entry.reason.clone().unwrap_or_default(),
        entry.correlation_id.clone(),
        entry.token.clone(),
    ]
}

fn page(person: &Person, asked: &Asked, entries: &[ProvisioningEntry], older: Option<&str>) -> Markup {
    html! {
        (filter(asked))
        @if entries.is_empty() { p class="empty" { "No such request in the last 30 days." } }
        @else { (table(entries)) }
        @if let Some(older) = older {
            p { a href=(format!("{PATH}?{}", asked.query(Some(older)))) { "Older" } }
        }
        @if person.principal.may(Permission::LogsExport) {
            p { a href=(format!("{PATH}.csv?{}", asked.query(None))) { "Download as CSV" } }
        }
        p { "Refused strangers are not in here; a token of yours that has expired or was revoked shows once an hour." }
    }
}

fn filter(asked: &Asked) -> Markup {
    let outcome = filled(asked.outcome.as_ref());
    let method = filled(asked.method.as_ref());
    html! {
        form method="get" action=(PATH) {
            label { "Outcome " select name="outcome" {
                option value="" { "all" }
                @for value in ["failed", "done"] { option value=(value) selected[outcome == Some(value)] { (value) } }
            } }
            label { "Method " select name="method" {
                option value="" { "all" }
                @for value in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                    option value=(value) selected[method == Some(value)] { (value) }
                }
            } }
            label { "Correlation id "
                input name="correlation" value=(filled(asked.correlation.as_ref()).unwrap_or_default());
            }
            button type="submit" { "Filter" }
        }
    }
}

fn table(entries: &[ProvisioningEntry]) -> Markup {
    html! {
        table {
            caption { "Requests of your identity provider, newest first" }
            thead { tr { th scope="col" { "When" } th scope="col" { "Request" } th scope="col" { "Status" }
                th scope="col" { "ms" } th scope="col" { "Changed, or why not" } th scope="col" { "Correlation id" }
                th scope="col" { "Token" } } }
            tbody {
                @for entry in entries {
                    tr class=[entry.failed().then_some("bad")] {
                        td { (layout::time(entry.at)) }
                        td { code { (entry.method) " " (entry.path) } }
                        td { (entry.status) }
                        td { (entry.duration_ms) }
                        td {
                            @for change in &entry.changed { p { (change) } }
                            @if let Some(reason) = &entry.reason { p { (reason) } }
                        }
                        td { code { (entry.correlation_id) } }
                        td { code { (entry.token) } }
                    }
                }
            }
        }
    }
}
