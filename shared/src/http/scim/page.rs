//! A page of a list, by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865): the same for users and groups.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use super::{answer, cursor::Sealer};
use crate::{
    http::ScimClient,
    scim::{ListQuery, ListResponse, ScimError, Start, sort::Key},
};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// How many there are in all.
    pub total: u64,
    pub items: Vec<T>,
    /// The place where the next page begins, unless this is the last.
    pub next: Option<u64>,
}

impl<T> Page<T> {
    /// The page of all that there is: each with its place, in the order of the list.
    pub fn cut(all: Vec<(u64, T)>, start: Start, count: usize) -> Self {
        let total = all.len() as u64;
        let before = match start {
            Start::Index(index) => usize::try_from(index - 1).unwrap_or(usize::MAX),
            Start::Place(place) => all.partition_point(|(other, _)| *other < place),
        };
        let mut rest = all.into_iter().skip(before);
        let items = rest.by_ref().take(count).map(|(_, item)| item).collect();
        Self { total, items, next: rest.next().map(|(place, _)| place) }
    }
}

/// Items with the places that a list of them has: their own, or, by `keys` (one for each) in that order, counted.
pub fn in_order<T>(items: Vec<T>, keys: Vec<Key>, place: impl Fn(&T) -> u64) -> Vec<(u64, T)> {
    if keys.is_empty() {
        return items.into_iter().map(|item| (place(&item), item)).collect();
    }
    let mut keyed: Vec<_> = keys.into_iter().zip(items).collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    (0..).zip(keyed.into_iter().map(|(_, item)| item)).collect()
}

/// Reads where a page begins and answers with it.
pub struct Pager<'a> {
    client: &'a ScimClient,
    start: Start,
    /// There when the client pages by cursor.
    sealer: Option<Sealer>,
}

impl<'a> Pager<'a> {
    /// For a query of `what`.
    pub fn new(
        client: &'a ScimClient,
        headers: &HeaderMap,
        what: &str,
        query: &ListQuery,
    ) -> Result<Self, ScimError> {
        let Some(cursor) = &query.cursor else {
            return Ok(Self { client, start: Start::Index(query.start_index), sealer: None });
        };
        if query.count == 0 {
            return Err(ScimError::invalid_count("A page by cursor has at least one resource."));
        }
        let token = headers.get(header::AUTHORIZATION).map_or(&[][..], |token| token.as_bytes());
        let sealer = Sealer::new(token, format!("{}/{what}?{query}", client.principal.tenant()))?;
        let start = match cursor.as_str() {
            "" => Start::Index(1),
            cursor => Start::Place(sealer.open(cursor, client.visit.at)?),
        };
        Ok(Self { client, start, sealer: Some(sealer) })
    }

    /// Where the page begins.
    pub fn start(&self) -> Start {
        self.start
    }

    /// The answer with the resources of a page.
    pub fn answer<T, R: Serialize>(&self, page: &Page<T>, resources: &[R]) -> Result<Response, ScimError> {
        let Self { client, start, sealer } = self;
        let body = match (sealer, start) {
            (None, Start::Index(index)) => ListResponse::by_index(page.total, *index, resources),
            (Some(sealer), _) => {
                let seal = |place| sealer.seal(place, client.visit.at, &*client.visit.door.random);
                ListResponse::by_cursor(page.total, page.next.map(seal).transpose()?, resources)
            }
            (None, Start::Place(_)) => return Err(ScimError::internal()),
        };
        Ok(answer(StatusCode::OK, &body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(places: &[u64]) -> Vec<(u64, u64)> {
        places.iter().map(|&place| (place, place)).collect()
    }

    #[test]
    fn a_page_by_index_counts_and_one_by_place_looks_for_it() {
        let all = || list(&[1, 2, 5, 9]);
        let page = |start, count| Page::cut(all(), start, count);
        assert_eq!(page(Start::Index(1), 2), Page { total: 4, items: vec![1, 2], next: Some(5) });
        assert_eq!(page(Start::Index(3), 2), Page { total: 4, items: vec![5, 9], next: None });
        assert_eq!(page(Start::Index(9), 2), Page { total: 4, items: vec![], next: None });
        assert_eq!(page(Start::Index(1), 0), Page { total: 4, items: vec![], next: Some(1) });
        assert_eq!(page(Start::Place(5), 1), Page { total: 4, items: vec![5], next: Some(9) });
        // What was at place 3 is gone since.
        assert_eq!(page(Start::Place(3), 9), Page { total: 4, items: vec![5, 9], next: None });
        assert_eq!(page(Start::Place(10), 9), Page { total: 4, items: vec![], next: None });
    }
}
