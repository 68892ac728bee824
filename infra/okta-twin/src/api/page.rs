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
    /// How many rows of the list there are up to the end of this page.
    pub(crate) end: usize,
}

/// How far a list has been read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Position {
    /// Rows that were looked at, so that a long list is walked once and not once a page.
    seen: usize,
    /// Those of them that are in the list.
    kept: usize,
}

/// Cuts the page that `query` asks for out of the `rows` that are kept.
pub(crate) fn cut<'r, T>(
    rows: &'r [T],
    keeps: impl Fn(&T) -> bool,
    path: &str,
    query: &Query,
    (default, max): (usize, usize),
) -> Result<Page<&'r T>, ApiError> {
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
        None => Position::default(),
        Some(cursor) => open(&cursor, &list)?,
    };
    let (mut page, mut seen, mut more) = (Vec::new(), start.seen, false);
    for (index, row) in rows.iter().enumerate().skip(start.seen).filter(|(_, row)| keeps(row)) {
        more = page.len() == limit;
        if more {
            break;
        }
        page.push(row);
        seen = index + 1;
    }
    let seen = if more { seen } else { seen.max(rows.len()) };
    let end = start.kept + page.len();
    let tail = seal(Position { seen, kept: end }, &list);
    let next = more.then(|| tail.clone());
    Ok(Page { rows: page, next, tail, end })
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

fn seal(Position { seen, kept }: Position, list: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{list}.{seen}.{kept}"))
}

fn open(cursor: &str, list: &str) -> Result<Position, ApiError> {
    match unseal(cursor) {
        Some((of, position)) if of == list => Ok(position),
        _ => Err(ApiError::InvalidCursor),
    }
}

fn unseal(cursor: &str) -> Option<(String, Position)> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (list, position) = text.split_once('.')?;
    let (seen, kept) = position.split_once('.')?;
    Some((list.to_owned(), Position { seen: seen.parse().ok()?, kept: kept.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the numbers below `end` those that are not 1, as the query asks.
    fn all_but_1(end: u32, query: &str, limits: (usize, usize)) -> Result<Page<u32>, ApiError> {
        let rows: Vec<u32> = (0..end).collect();
        let page = cut(&rows, |row| *row != 1, "/list", &Query::parse(query), limits)?;
        let Page { rows, next, tail, end } = page;
        Ok(Page { rows: rows.into_iter().copied().collect(), next, tail, end })
    }

    #[test]
    fn pages_follow_each_other_and_end() {
        let first = all_but_1(6, "limit=3&x=y", (10, 10)).unwrap();
        assert_eq!((first.rows, first.end), (vec![0, 2, 3], 3));
        let after = first.next.unwrap();
        let last = all_but_1(6, &format!("limit=3&x=y&after={after}"), (10, 10)).unwrap();
        assert_eq!((last.rows, last.end, last.next), (vec![4, 5], 5, None));
        let polled = all_but_1(8, &format!("limit=3&x=y&after={}", last.tail), (10, 10)).unwrap();
        assert_eq!(polled.rows, [6, 7], "what came since");
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let after = all_but_1(6, "limit=3", (10, 10)).unwrap().next.unwrap();
        for bad in [format!("limit=3&filter=a&after={after}"), "after=x".to_owned()] {
            assert_eq!(all_but_1(6, &bad, (10, 10)).unwrap_err(), ApiError::InvalidCursor);
        }
    }

    #[test]
    fn a_page_is_never_larger_than_allowed() {
        assert_eq!(all_but_1(50, "limit=9999", (5, 10)).unwrap().rows.len(), 10);
        assert_eq!(all_but_1(50, "", (5, 10)).unwrap().rows.len(), 5);
        assert!(all_but_1(50, "limit=ten", (5, 10)).is_err());
    }
}
