//! What people of a local stack look up: the mail that would have been sent, and where each workspace is. As pages and
//! as JSON.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use maud::{Markup, html};
use serde::Serialize;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    cloud::ses::{Mail, Ses},
    stack::{Place, Ports},
};

/// Serves the outbox on a free loopback port and says where; `workspaces` below that lists them.
pub(crate) async fn serve(
    tasks: &mut JoinSet<()>,
    ses: Arc<Ses>,
    ports: Arc<Ports>,
) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let mails = move |headers: HeaderMap| {
        let mails = ses.outbox();
        async move { show_mails(&headers, &mails) }
    };
    let places = move |headers: HeaderMap| {
        let places = ports.places();
        async move { show_places(&headers, &places) }
    };
    let app = Router::new().route("/", get(mails)).route("/workspaces", get(places));
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the outbox stopped");
        }
    });
    Ok(url)
}

fn show_mails(headers: &HeaderMap, mails: &[Mail]) -> Response {
    let newest_first = || mails.iter().rev();
    let data: Vec<_> = newest_first()
        .map(|m| json!({ "to": m.to, "subject": m.subject, "text": m.text, "time": m.time }))
        .collect();
    let body = html! {
        p { a href="/workspaces" { "Workspaces and their addresses" } }
        @if mails.is_empty() { p { "No mail yet." } }
        @for mail in newest_first() {
            article {
                h2 { (mail.subject) }
                p { "To " (mail.to.join(", ")) " at " (mail.time) }
                pre { @for line in mail.text.lines() { (linked(line)) "\n" } }
            }
        }
    };
    answer(headers, &data, "Outbox", &body)
}

fn show_places(headers: &HeaderMap, places: &[Place]) -> Response {
    let body = html! {
        p { a href="/" { "Outbox" } }
        table {
            thead { tr { th scope="col" { "Workspace" } th scope="col" { "For browsers" }
                th scope="col" { "For clients that do not resolve *.localhost" } } }
            tbody {
                @for place in places {
                    tr {
                        td { (place.workspace) }
                        td { a href=(place.origin) { (place.origin) } }
                        td { code { (place.address) } }
                    }
                }
            }
        }
    };
    answer(headers, &places, "Workspaces", &body)
}

/// A page, or what is on it as JSON for whoever asks for that.
fn answer(headers: &HeaderMap, data: &impl Serialize, title: &str, body: &Markup) -> Response {
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|a| a.to_str().ok())
        .is_some_and(|a| a.contains("application/json"));
    if wants_json {
        return Json(data).into_response();
    }
    let page = html! {
        (maud::DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) " · local stack" } }
            body {
                h1 { (title) }
                (body)
            }
        }
    };
    Html(page.into_string()).into_response()
}

/// A line that is a link, as one.
fn linked(line: &str) -> Markup {
    if line.starts_with("http://") || line.starts_with("https://") {
        html! { a href=(line) { (line) } }
    } else {
        html! { (line) }
    }
}
