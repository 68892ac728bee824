//! What a person's form or a tool's JSON says: one type for both.

use axum::{
    extract::{FromRequest, Request},
    http::header,
};
use serde::de::DeserializeOwned;

use super::{
    Problem,
    body::{self, BodyError},
};
use crate::scim::json;

/// More than any form of ours needs: a pasted metadata document.
const LIMIT: usize = 512 * 1024;

/// The body of a change, as `T`: `application/x-www-form-urlencoded` or `application/json`.
pub struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = body::media_type(&parts.headers);
        let empty = !parts.headers.contains_key(header::CONTENT_TYPE);
        let bytes = body::read(body, LIMIT).await.map_err(|error| match error {
            BodyError::TooLarge { limit } => Problem::too_large(limit),
            BodyError::Unreadable => {
                Problem::bad_request("body.unreadable", "The request ended early.", "Send it again.")
            }
        })?;
        match kind.as_deref() {
            Some("application/x-www-form-urlencoded") => Ok(Self(form(&bytes)?)),
            Some("application/json") => Ok(Self(from_json(&bytes)?)),
            None if empty && bytes.is_empty() => Ok(Self(form(&bytes)?)),
            _ => Err(Problem::unsupported_media_type("a form or application/json")),
        }
    }
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = json::parse(bytes)
        .map_err(|error| Problem::bad_request("body.json", "The JSON cannot be read.", error.detail))?;
    serde_json::from_value(value.into()).map_err(|error| wrong(&error.to_string()))
}

fn form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut fields = serde_json::Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if fields.insert(name.into_owned(), value.into_owned().into()).is_some() {
            return Err(Problem::bad_request(
                "form.duplicate",
                "A field is there twice.",
                "Send each field once.",
            ));
        }
    }
    serde_json::from_value(fields.into()).map_err(|error| wrong(&error.to_string()))
}

/// Says which field is wrong; values are not repeated.
fn wrong(error: &str) -> Problem {
    let known = ["missing field", "unknown field", "unknown variant", "duplicate field"];
    let next = if known.iter().any(|start| error.starts_with(start)) {
        format!("{error}.")
    } else {
        "Check that every field has the right kind of value.".to_owned()
    };
    Problem::bad_request("body.fields", "The request does not have the fields it needs.", next)
}
