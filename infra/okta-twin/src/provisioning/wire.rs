//! One SCIM request, as Okta sends it.

use std::io::Read as _;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use serde::Serialize;
use serde_json::Value;

use super::{Outcome, Provisioning, Run, Stop};

/// What was sent and what came back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exchange {
    pub method: String,
    /// Path and query, below the base URL.
    pub path: String,
    /// Without the password.
    pub request_body: Option<Value>,
    /// 0 if there was no answer.
    pub status: u16,
    /// JSON if it was, else a string.
    pub response_body: Value,
    /// What the other side says the request cost it: a local stack does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
}

/// The header in which it says so.
const COST: &str = "x-local-cost";

/// An answer that was an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// One run of an operation: sends, waits, writes down.
pub(super) struct Session<'a> {
    provisioning: &'a Provisioning,
    exchanges: Vec<Exchange>,
    waited: Duration,
}

/// Tries of one request that is answered 429, before an admin has to step in.
const TRIES: u32 = 10;

/// Wait after a 429 without a usable `Retry-After`; doubled each time.
const BACKOFF: u64 = 300;

impl<'a> Session<'a> {
    pub(super) fn new(provisioning: &'a Provisioning) -> Self {
        Self { provisioning, exchanges: Vec::new(), waited: Duration::ZERO }
    }

    pub(super) fn finish(self, result: Result<(), Stop>) -> Run {
        let outcome = match result {
            Ok(()) => Outcome::Done,
            Err(Stop::Failed(message)) => Outcome::Failed { message },
            Err(Stop::Paused(seconds, message)) => Outcome::Paused { seconds, message },
        };
        Run { outcome, exchanges: self.exchanges }
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Answer, Stop> {
        self.send(Method::GET, path, None).await
    }

    /// Sends, and waits out 429s as long as patience lasts.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, Stop> {
        for attempt in 0..TRIES {
            let (answer, retry_after) = self.once(method.clone(), path, body.as_ref()).await?;
            if answer.status != 429 {
                return Ok(answer);
            }
            let seconds = retry_after.unwrap_or(BACKOFF << attempt);
            let wait = Duration::from_secs(seconds);
            if self.waited + wait > self.provisioning.patience {
                return Err(Stop::Paused(
                    seconds,
                    "The other side answered 429; the job goes on later.".to_owned(),
                ));
            }
            self.waited += wait;
            tokio::time::sleep(wait).await;
        }
        Err(Stop::Failed("The other side answered 429 ten times.".to_owned()))
    }

    async fn once(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Answer, Option<u64>), Stop> {
        let settings = &self.provisioning.settings;
        let url = format!("{}{path}", settings.base_url.trim_end_matches('/'));
        let mut request = self.provisioning.app.http.request(method.clone(), url).headers(headers());
        request = request.bearer_auth(settings.token.expose());
        if let Some(body) = body {
            request = request
                .header(header::CONTENT_TYPE, "application/scim+json; charset=utf-8")
                .body(body.to_string());
        }
        let response = request.send().await;
        let mut exchange = Exchange {
            method: method.to_string(),
            path: path.to_owned(),
            request_body: body.map(without_password),
            status: 0,
            response_body: Value::Null,
            cost: None,
        };
        let Ok(response) = response else {
            self.exchanges.push(exchange);
            return Err(Stop::Failed("The other side could not be reached.".to_owned()));
        };
        exchange.status = response.status().as_u16();
        let headers = response.headers().clone();
        exchange.cost = headers.get(COST).and_then(|cost| cost.to_str().ok()).map(str::to_owned);
        let bytes = response.bytes().await;
        let text = bytes.ok().and_then(|bytes| decompress(&headers, &bytes)).unwrap_or_default();
        let parsed = serde_json::from_str::<Value>(&text);
        exchange.response_body = match &parsed {
            Ok(value) => without_password(value),
            Err(_) => Value::String(text.clone()),
        };
        let status = exchange.status;
        self.exchanges.push(exchange);
        let retry_after =
            headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        if status == 429 {
            return Ok((Answer { status, body: Value::Null }, retry_after));
        }
        match parsed {
            Ok(body) => Ok((Answer { status, body }, None)),
            Err(_) if text.trim().is_empty() => Ok((Answer { status, body: Value::Null }, None)),
            Err(_) => Err(Stop::Failed(unrecognised(&text))),
        }
    }
}

impl Answer {
    /// Turns an error of the other side into what Okta shows the admin: its `detail`.
    pub(super) fn ok(self, doing: &str) -> Result<Value, Stop> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        let reason =
            http::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let detail = self.body.get("detail").and_then(Value::as_str).unwrap_or("no detail was given");
        Err(Stop::Failed(format!(
            "Error while {doing}: {}. Errors reported by remote server: {detail}",
            reason.unwrap_or("unknown status")
        )))
    }
}

/// Okta's JSON parser speaks when the answer is a web page, and hides what was wrong.
fn unrecognised(text: &str) -> String {
    let token: String = text.trim_start().chars().take_while(|c| !c.is_whitespace()).take(20).collect();
    format!("Unrecognized token '{token}': was expecting JSON. The answer of the remote server was not JSON.")
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::USER_AGENT, "Okta SCIM Client 1.0.0"),
        (header::ACCEPT, "application/scim+json"),
        (header::ACCEPT_CHARSET, "utf-8"),
        (header::ACCEPT_ENCODING, "gzip,deflate"),
        (header::CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

fn decompress(headers: &HeaderMap, bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    match headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()) {
        Some("gzip") => flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).ok()?,
        Some("deflate") => flate2::read::ZlibDecoder::new(bytes).read_to_string(&mut text).ok()?,
        _ => return String::from_utf8(bytes.to_vec()).ok(),
    };
    Some(text)
}

fn without_password(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(password) = body.get_mut("password") {
        *password = Value::String("(not recorded)".to_owned());
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_password_is_not_written_down() {
        assert!(!without_password(&json!({"password": "hush"})).to_string().contains("hush"));
    }

    #[test]
    fn an_error_shows_the_detail() {
        let answer = Answer { status: 409, body: json!({"detail": "userName is taken"}) };
        let Err(Stop::Failed(message)) = answer.ok("creating user") else { panic!("no error") };
        assert_eq!(
            message,
            "Error while creating user: Conflict. Errors reported by remote server: userName is taken"
        );
    }
}
