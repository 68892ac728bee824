//! Bodies: bounded, of a known type, read whole.

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

/// A body cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    TooLarge { limit: usize },
    Unreadable,
}

/// The whole body, at most `limit` bytes.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Err(_) => Err(BodyError::Unreadable),
    }
}

/// The media type of a body, lower case, without parameters, if its charset is UTF-8 or not given.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let (value, more) = (all.next()?.to_str().ok()?, all.next());
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next()?;
    let other_charset =
        parts.any(|p| p.strip_prefix("charset=").is_some_and(|c| c.trim_matches('"') != "utf-8"));
    (more.is_none() && !other_charset).then_some(kind)
}
