//! What an address and its query string say, refused in our own words when it cannot be read.

use axum::{
    extract::{FromRequestParts, Query, RawPathParams},
    http::request::Parts,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::Value;
use shared::http::Problem;

/// Longer than any id of ours.
const LONGEST_ID: usize = 80;

/// The ids in the path, in its order. What cannot be an id of ours is not there.
pub(crate) struct Ids<const N: usize>(pub(crate) [String; N]);

impl<const N: usize, S: Send + Sync> FromRequestParts<S> for Ids<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::not_found())?;
        let ids: Vec<String> = params.iter().map(|(_, id)| id.to_owned()).filter(|id| is_id(id)).collect();
        ids.try_into().map(Self).map_err(|_| Problem::not_found())
    }
}

fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(plain)
}

/// What the query string asks for: the filters of a list, the place of a page, the token of a link.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = Query::try_from_uri(&parts.uri).map_err(|_| {
            Problem::bad_request(
                "query",
                "What the address asks for cannot be read.",
                "Give each parameter once, as the page or the message that leads here does.",
            )
        })?;
        Ok(Self(query.0))
    }
}

/// A number of JSON, or a form's text of one.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok());
    number.and_then(|number| number.try_into().ok()).ok_or_else(|| D::Error::custom("want a number"))
}

/// Whether `text` can be kept and shown: at most `most` characters, no control characters but line ends.
pub(crate) fn is_text(text: &str, most: usize) -> bool {
    let shown = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().count() <= most && text.chars().all(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        for good in ["o-1", "2026-03-01T080000Z-ab", "scan.0a"] {
            assert!(is_id(good), "{good}");
        }
        for bad in ["", "a/b", "a#b", "a b", "ä", "a\0", &"a".repeat(LONGEST_ID + 1)] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
