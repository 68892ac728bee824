//! SES v2: mail that goes nowhere but the outbox, where people and tests read it.
//!
//! The one rule: nothing leaves the machine, and what was accepted is in the outbox, in order.

use std::path::Path;

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Surroundings;
use super::api::{ApiError, ApiResult};
use super::document::Document;

/// One accepted mail. It may hold a one-time link: show it only on the outbox page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The `MessageId` of the answer.
    pub id: String,
    pub from: String,
    /// Every recipient: to, cc and bcc.
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub time: Timestamp,
}

/// The service and its outbox.
pub struct Ses {
    outbox: Document<Vec<Mail>>,
    surroundings: Surroundings,
}

impl Ses {
    pub(super) fn open(data: Option<&Path>, surroundings: Surroundings) -> anyhow::Result<Self> {
        Ok(Self { outbox: Document::open(data, "ses.json")?, surroundings })
    }

    /// Every mail accepted so far, oldest first.
    pub fn outbox(&self) -> Vec<Mail> {
        self.outbox.read(Clone::clone)
    }

    pub(super) fn call(&self, method: &Method, path: &str, body: &[u8]) -> ApiResult {
        if (method, path) != (&Method::POST, "/v2/email/outbound-emails") {
            return Err(ApiError::new(
                "NotFoundException",
                format!("the local stack does not know {method} {path}"),
            )
            .status(StatusCode::NOT_FOUND));
        }
        let bad = |message: &str| ApiError::new("BadRequestException", message);
        let request: SendEmail = serde_json::from_slice(body)
            .map_err(|error| bad(&format!("only simple content is known here: {error}")))?;
        let Destination { to, cc, bcc } = request.destination;
        let to: Vec<String> = [to, cc, bcc].concat();
        if to.is_empty() {
            return Err(bad("no recipient"));
        }
        if to.iter().chain([&request.from]).any(|address| !address.contains('@')) {
            return Err(bad("Missing final '@domain'"));
        }
        let Simple { subject, body } = request.content.simple;
        let id = shared::ops::random::uuid(&*self.surroundings.random).to_string();
        self.outbox.change(|outbox| {
            outbox.push(Mail {
                id: id.clone(),
                from: request.from,
                to,
                subject: subject.data,
                text: body.text.map(|part| part.data).unwrap_or_default(),
                html: body.html.map(|part| part.data),
                time: (self.surroundings.now)(),
            });
            Ok::<_, ApiError>(json!({ "MessageId": id }))
        })
    }
}

#[derive(Deserialize)]
struct SendEmail {
    #[serde(rename = "FromEmailAddress")]
    from: String,
    #[serde(rename = "Destination")]
    destination: Destination,
    #[serde(rename = "Content")]
    content: Content,
}

#[derive(Deserialize)]
struct Destination {
    #[serde(rename = "ToAddresses", default)]
    to: Vec<String>,
    #[serde(rename = "CcAddresses", default)]
    cc: Vec<String>,
    #[serde(rename = "BccAddresses", default)]
    bcc: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Part,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Option<Part>,
    html: Option<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    data: String,
}
