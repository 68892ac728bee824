//! The audit log, newest first.

use axum::{Router, routing::get};
use maud::html;
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Person, Problem},
    tenant::Permission,
};

use crate::{Console, ask::Params, layout};

const PAGE: u32 = 100;

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/audit", get(audit))
}

#[derive(Deserialize)]
struct Page {
    /// The id of the last record of the page before.
    before: Option<String>,
}

async fn audit(person: Person, Params(page): Params<Page>) -> Result<Answer, Problem> {
    person.require(Permission::LogsView)?;
    let records = person.store().audit_log(person.visit.at, page.before.as_deref(), PAGE).await?;
    let older = records.last().filter(|_| records.len() == PAGE as usize).map(|record| record.id.clone());
    let json = json!({ "records": records, "older": older });
    let body = html! {
        table {
            caption { "Changes and decisions, newest first" }
            thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" }
                th scope="col" { "On" } th scope="col" { "Detail" } th scope="col" { "Correlation id" } } }
            tbody {
                @for record in &records {
                    tr {
                        td { (layout::time(record.at)) }
                        td { code { (record.actor) } }
                        td { (record.action) }
                        td { code { (record.target) } }
                        td { (record.detail) }
                        td { code { (record.correlation_id) } }
                    }
                }
            }
        }
        @if let Some(older) = &older {
            form method="get" { input type="hidden" name="before" value=(older); button type="submit" { "Older" } }
        }
    };
    Ok(Answer::page(layout::page(&person, "/audit", "Audit log", &body), json))
}
