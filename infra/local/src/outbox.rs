//! The mail that would have been sent, as a page and as JSON: the local stack only.

use std::sync::Arc;

use axum::{
    Json, Router,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use crate::cloud::ses::{Mail, Ses};

/// Serves the outbox on a free loopback port and says where.
pub(crate) async fn serve(ses: Arc<Ses>) -> anyhow::Result<(String, tokio::task::JoinHandle<()>)> {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let show = move |headers: HeaderMap| {
        let mails = ses.outbox();
        async move { page(&headers, &mails) }
    };
    let app = Router::new().route("/", get(show));
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the outbox stopped");
        }
    });
    Ok((url, server))
}

fn page(headers: &HeaderMap, mails: &[Mail]) -> Response {
    let wants_json = headers
        .get(header::ACCEPT)
        .and_then(|a| a.to_str().ok())
        .is_some_and(|a| a.contains("application/json"));
    let newest_first = mails.iter().rev();
    if wants_json {
        let mails: Vec<_> = newest_first
            .map(|m| json!({ "to": m.to, "subject": m.subject, "text": m.text, "time": m.time }))
            .collect();
        return Json(mails).into_response();
    }
    let body = maud::html! {
        (maud::DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Outbox · local stack" } }
            body {
                h1 { "Outbox" }
                @if mails.is_empty() { p { "No mail yet." } }
                @for mail in newest_first {
                    article {
                        h2 { (mail.subject) }
                        p { "To " (mail.to.join(", ")) " at " (mail.time) }
                        pre { @for line in mail.text.lines() { (linked(line)) "\n" } }
                    }
                }
            }
        }
    };
    Html(body.into_string()).into_response()
}

/// A line that is a link, as one.
fn linked(line: &str) -> maud::Markup {
    if line.starts_with("http://") || line.starts_with("https://") {
        maud::html! { a href=(line) { (line) } }
    } else {
        maud::html! { (line) }
    }
}
