//! The ledger: every step of an approval and every read, and whether the chain holds.

use maud::html;
use serde::Deserialize;
use serde_json::json;
use shared::{
    delivery::ledger::{Entry, Event, LedgerError, Record},
    http::{Answer, Person, Problem},
    tenant::Permission,
};

use super::may_see;
use crate::{ask::Params, layout};

const PAGE: u32 = 200;

#[derive(Deserialize)]
pub(super) struct Page {
    /// The first entry's number.
    #[serde(default = "first")]
    from: u64,
}

fn first() -> u64 {
    1
}

/// `GET /ledger`: records with the very text that was hashed, so that anybody can check the chain again.
pub(super) async fn show(person: Person, Params(page): Params<Page>) -> Result<Answer, Problem> {
    may_see(&person)?;
    person.require(Permission::LogsView)?;
    let store = person.store();
    let verified = store.verify_ledger().await?;
    let records = store.ledger(page.from, PAGE).await?;
    let next = records.last().filter(|_| records.len() >= PAGE as usize).map(|last| last.seq + 1);
    let fault = verified.verdict.as_ref().err().map(ToString::to_string);
    let json = json!({
        "head": verified.head,
        "verified": fault.is_none(),
        "fault": fault,
        "records": records,
        "next": next,
    });
    let rows: Vec<(&Record, Result<Entry, LedgerError>)> =
        records.iter().map(|record| (record, record.entry())).collect();
    let body = html! {
        @match &fault {
            None => p role="status" class="good" { "The chain holds: " (verified.head.seq) " entries." },
            Some(fault) => p role="alert" class="bad" { "The chain does not hold: " (fault) "." },
        }
        p class="meta" { "It ends with " code { (verified.head.hash) } "." }
        table {
            caption { "Entries, in order" }
            thead { tr { th scope="col" { "Number" } th scope="col" { "When" } th scope="col" { "What" }
                th scope="col" { "About" } th scope="col" { "Hash" } } }
            tbody {
                @for (record, entry) in &rows {
                    tr {
                        td { (record.seq) }
                        @match entry {
                            Ok(entry) => {
                                td { (layout::time(entry.at)) }
                                td { (entry.name()) }
                                td { (about(entry)) }
                            }
                            Err(error) => td colspan="3" class="bad" { (error) },
                        }
                        td { code { (short(&record.hash.to_hex())) } }
                    }
                }
            }
        }
        @if let Some(next) = next { p { a href=(format!("/ledger?from={next}")) { "Later entries" } } }
        p { a href="/approvals" { "All approvals" } }
    };
    Ok(Answer::page(layout::page(&person, "/approvals", "Ledger", &body), json))
}

fn about(entry: &Entry) -> String {
    match &entry.event {
        Event::Approval { approval, .. } => format!("{} {}", approval.terms.kind().key(), approval.id),
        Event::Read { access } | Event::Refused { access } => {
            format!(
                "{}, object {}, by {}",
                access.class.key(),
                short(&access.object_sha256.to_hex()),
                access.rule
            )
        }
    }
}

fn short(hash: &str) -> String {
    hash.chars().take(16).chain(['…']).collect()
}
