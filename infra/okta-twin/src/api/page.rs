//! Pages: an opaque `after`, and `Link` headers that say where the next page is.
//!
//! The one rule: a cursor is good for the list it came from and for nothing else.
//! Source: RFC 8288; developer.okta.com "Core Okta API: pagination".

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};

use super::error::ApiError;
use super::query::Query;

/// Part of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
    /// The cursor behind the last row, for lists that are polled for more.
    pub(crate) tail: String,
    /// How many rows of the list lie before the end of this page.
    pub(crate) end: usize,
}

/// Cuts the page that `query` asks for out of `rows`.
pub(crate) fn cut<T>(
    rows: impl Iterator<Item = T>,
    path: &str,
    query: &Query,
    (default, max): (usize, usize),
) -> Result<Page<T>, ApiError> {
    let limit = match query.get("limit") {
        None => default,
        Some(text) => match text.parse::<i64>() {
            Ok(-1) => max,
            Ok(number) => usize::try_from(number).map_err(|_| ApiError::BadRequest("limit"))?.clamp(1, max),
            Err(_) => return Err(ApiError::BadRequest("limit")),
        },
    };
    let list = fingerprint(path, query);
    let start = match query.get("after") {
        None => 0,
        Some(cursor) => open(&cursor, &list)?,
    };
    let mut rest = rows.skip(start);
    let rows: Vec<T> = rest.by_ref().take(limit).collect();
    let end = start + rows.len();
    let tail = seal(end, &list);
    let next = rest.next().is_some().then(|| tail.clone());
    Ok(Page { rows, next, tail, end })
}

/// Adds the `Link` headers of a page: Okta sends one header per link.
pub(crate) fn link(headers: &mut HeaderMap, base_url: &str, path: &str, query: &Query, next: Option<&str>) {
    let mut add = |url: &str, rel: &str| {
        if let Ok(value) = HeaderValue::from_str(&format!("<{url}>; rel=\"{rel}\"")) {
            headers.append(header::LINK, value);
        }
    };
    add(&url(base_url, path, query, query.get("after").as_deref()), "self");
    if let Some(after) = next {
        add(&url(base_url, path, query, Some(after)), "next");
    }
}

/// The address of the page at a cursor.
pub(crate) fn url(base_url: &str, path: &str, query: &Query, after: Option<&str>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    if let Some(after) = after {
        text.append_pair("after", after);
    }
    for (name, value) in query.pairs().filter(|(name, _)| *name != "after") {
        text.append_pair(name, value);
    }
    match text.finish() {
        text if text.is_empty() => format!("{base_url}{path}"),
        text => format!("{base_url}{path}?{text}"),
    }
}

/// What makes two requests pages of the same list: all but the cursor and the page size.
fn fingerprint(path: &str, query: &Query) -> String {
    let mut text = path.to_owned();
    for (name, value) in query.pairs().filter(|(name, _)| !matches!(*name, "after" | "limit")) {
        text.extend(["\n", name, "=", value]);
    }
    let hash = digest(&SHA256, text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..6])
}

fn seal(position: usize, list: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{list}.{position}"))
}

fn open(cursor: &str, list: &str) -> Result<usize, ApiError> {
    match unseal(cursor) {
        Some((of, position)) if of == list => Ok(position),
        _ => Err(ApiError::InvalidCursor),
    }
}

fn unseal(cursor: &str) -> Option<(String, usize)> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (list, position) = text.split_once('.')?;
    Some((list.to_owned(), position.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_end() {
        let first = cut(0..5, "/list", &Query::parse("limit=3&x=y"), (10, 10)).unwrap();
        assert_eq!(first.rows, [0, 1, 2]);
        let after = first.next.unwrap();
        let last =
            cut(0..5, "/list", &Query::parse(&format!("limit=3&x=y&after={after}")), (10, 10)).unwrap();
        assert_eq!((last.rows, last.next), (vec![3, 4], None));
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let after = cut(0..5, "/list", &Query::parse("limit=3"), (10, 10)).unwrap().next.unwrap();
        let elsewhere = Query::parse(&format!("limit=3&filter=a&after={after}"));
        assert_eq!(cut(0..5, "/list", &elsewhere, (10, 10)).unwrap_err(), ApiError::InvalidCursor);
        assert_eq!(
            cut(0..5, "/list", &Query::parse("after=x"), (10, 10)).unwrap_err(),
            ApiError::InvalidCursor
        );
    }

    #[test]
    fn a_page_is_never_larger_than_allowed() {
        assert_eq!(cut(0..50, "/list", &Query::parse("limit=9999"), (5, 10)).unwrap().rows.len(), 10);
        assert_eq!(cut(0..50, "/list", &Query::parse(""), (5, 10)).unwrap().rows.len(), 5);
        assert!(cut(0..50, "/list", &Query::parse("limit=ten"), (5, 10)).is_err());
    }
}
