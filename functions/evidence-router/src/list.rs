//! What this reader may read now.

use axum::extract::Query;
use maud::{Markup, html};
use serde_json::{Value, json};
use shared::{
    http::{Answer, Person, Problem, page},
    store::objects::ObjectRecord,
    tenant::WorkspaceKind,
};

use crate::{
    asked::{Asked, Pairs},
    content::parts,
    side::{Side, refused},
};

/// `GET /deliveries`
pub(crate) async fn list(person: Person, Query(query): Query<Pairs>) -> Result<Answer, Problem> {
    let asked = Asked::read(&query)?;
    if asked.customer.is_none() && person.visit.workspace.kind != WorkspaceKind::Customer {
        let is_operator = person.visit.workspace.kind == WorkspaceKind::Operator;
        let next = "Name the customer: ?customer=SUBDOMAIN.";
        let json = json!({ "objects": [], "next": next });
        return Ok(Answer::page(page::plain("Deliveries", &whose(is_operator)), json));
    }
    let side = Side::of(&person, &asked).await?;
    let readable = side.store.readable(&side.reader(&person), person.visit.at).await?;
    let count = readable.as_ref().map_or_else(|| "refused".to_owned(), |objects| objects.len().to_string());
    side.store.note(&side.acting(&person).record("evidence.list", "objects", count)).await?;
    // As for a customer that does not exist: who has no approval learns nothing.
    let objects = readable.ok_or_else(refused)?;
    let link = |object: &ObjectRecord| {
        let query = query.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
        let query = query.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/deliveries/{}{mark}{query}", object.id)
    };
    let json =
        json!({ "objects": objects.iter().map(|object| as_json(object, &link(object))).collect::<Vec<_>>() });
    Ok(Answer::page(page::plain("Deliveries", &as_page(&objects, link)), json))
}

fn as_json(object: &ObjectRecord, link: &str) -> Value {
    json!({
        "id": object.id,
        "org": object.org,
        "scan": object.scan,
        "class": object.class,
        "name": object.file_name(),
        "sha256": object.sha256,
        "size": object.size,
        "contentType": object.content_type,
        "published": object.published,
        "created": object.created,
        "parts": parts(object.size),
        "href": link,
    })
}

fn as_page(objects: &[ObjectRecord], link: impl Fn(&ObjectRecord) -> String) -> Markup {
    html! {
        h1 { "Deliveries" }
        @if objects.is_empty() {
            p class="empty" { "Nothing is open to you now." }
        } @else {
            table {
                caption { "Open to you now. Each download is decided anew and written down." }
                thead { tr { th scope="col" { "File" } th scope="col" { "What it is" } th scope="col" { "Bytes" }
                    th scope="col" { "Made" } } }
                tbody {
                    @for object in objects {
                        tr {
                            td { a href=(link(object)) { (object.file_name()) } }
                            td { (object.class.meaning()) }
                            td { (object.size) }
                            td { time datetime=(object.created) { (object.created.strftime("%Y-%m-%d %H:%M UTC")) } }
                        }
                    }
                }
            }
        }
        p { a href="/" { "Back to the workspace" } }
    }
}

/// Asks whose files are wanted. Which customers there are is not told to who has no approval of theirs.
fn whose(asks_for_org: bool) -> Markup {
    html! {
        h1 { "Deliveries" }
        p { "Whose files do you want to read? They are open to you only while the customer's approval is live." }
        form class="stack" method="get" action="/deliveries" {
            label { "Customer" input name="customer" required autocomplete="off" autocapitalize="none";
                small { "The first part of its workspace's address, such as acme." } }
            @if asks_for_org {
                label { "Okta org" input name="org" required autocomplete="off";
                    small { "Its id, as the review shows it: approvals let operators in org by org." } }
            }
            button class="primary" type="submit" { "Show what is open" }
        }
        p { a href="/" { "Back to the workspace" } }
    }
}

fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
