//! List queries, as query parameters and as `.search` bodies, and their answers (RFC 7644 section 3.4).

use std::fmt;

use serde::Serialize;

use super::ScimError;
use super::filter::Filter;
use super::json::{self, Json};
use super::normalise::{member, object};
use super::path::AttrPath;
use super::projection::Projection;
use super::schema::ResourceKind;
use super::sort::Sort;

/// Resources in an answer if the client names no count.
pub const DEFAULT_COUNT: usize = 100;

/// The most resources in one answer.
pub const MAX_COUNT: usize = 200;

const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// What a client asks a list for.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    pub filter: Option<Filter>,
    /// The place of the first resource, from 1.
    pub start_index: u64,
    /// At most [`MAX_COUNT`]; 0 asks for the total only.
    pub count: usize,
    pub sort: Option<Sort>,
    pub projection: Projection,
    /// RFC 9865: empty for the first page by cursor, else the cursor we gave. Opaque here.
    pub cursor: Option<String>,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the so-manieth resource, from 1.
    Index(u64),
    /// At the first resource that is at this place or after it.
    Place(u64),
}

impl ListQuery {
    /// From decoded query parameters. Unknown ones are ignored; the same one twice is 400 `invalidValue`.
    pub fn parse<K, V>(pairs: impl IntoIterator<Item = (K, V)>, kind: ResourceKind) -> Result<Self, ScimError>
    where
        K: AsRef<str>,
        V: Into<String>,
    {
        let mut parameters = [const { None }; PARAMETERS.len()];
        for (name, value) in pairs {
            let Some(index) = PARAMETERS.iter().position(|parameter| *parameter == name.as_ref()) else {
                continue;
            };
            if parameters[index].replace(value.into()).is_some() {
                return Err(ScimError::invalid_value(format!("`{}` is there twice.", PARAMETERS[index])));
            }
        }
        let [filter, start_index, count, sort_by, sort_order, attributes, excluded, cursor] = parameters;
        Parts {
            filter: filter.as_deref(),
            start_index: start_index.map(|text| decimal("startIndex", &text)).transpose()?,
            count: count.map(|text| decimal("count", &text)).transpose()?,
            sort_by: sort_by.as_deref(),
            sort_order: sort_order.as_deref(),
            projection: Projection::parse(attributes.as_deref(), excluded.as_deref(), kind),
            cursor,
        }
        .query(kind)
    }

    /// From the body of `POST .../.search` (RFC 7644 section 3.4.3).
    pub fn from_search(body: &Json<'_>, kind: ResourceKind) -> Result<Self, ScimError> {
        let body = object(body)?;
        let attributes = names(body, "attributes")?;
        let excluded = names(body, "excludedAttributes")?;
        Parts {
            filter: text(body, "filter")?,
            start_index: integer(body, "startIndex")?,
            count: integer(body, "count")?,
            sort_by: text(body, "sortBy")?,
            sort_order: text(body, "sortOrder")?,
            projection: Projection::from_lists(attributes, excluded, kind),
            cursor: text(body, "cursor")?.map(str::to_owned),
        }
        .query(kind)
    }
}

/// What is asked for, without where the page begins and what of it is shown: for a cursor to be good for.
impl fmt::Display for ListQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(filter) = &self.filter {
            write!(f, "filter={filter}")?;
        }
        match &self.sort {
            Some(sort) => write!(f, "&sort={sort}"),
            None => Ok(()),
        }
    }
}

const PARAMETERS: [&str; 8] =
    ["filter", "startIndex", "count", "sortBy", "sortOrder", "attributes", "excludedAttributes", "cursor"];

/// A query in its raw parts, the same from both doors.
struct Parts<'a> {
    filter: Option<&'a str>,
    start_index: Option<i64>,
    count: Option<i64>,
    sort_by: Option<&'a str>,
    sort_order: Option<&'a str>,
    projection: Projection,
    cursor: Option<String>,
}

impl Parts<'_> {
    fn query(self, kind: ResourceKind) -> Result<ListQuery, ScimError> {
        let descending = match self.sort_order {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => return Err(ScimError::invalid_value("`sortOrder` must be ascending or descending.")),
        };
        let sort = self.sort_by.map(|name| {
            let by = AttrPath::resolve(name, kind).and_then(AttrPath::comparable);
            by.map(|by| Sort { by, descending })
                .ok_or_else(|| ScimError::invalid_value("`sortBy` names no attribute to sort by."))
        });
        // Below 1 means 1, below 0 means 0, above our page means our page (RFC 7644 section 3.4.2.4).
        let start_index = self.start_index.map_or(1, |index| u64::try_from(index).unwrap_or(0).max(1));
        let count =
            self.count.map_or(DEFAULT_COUNT, |count| usize::try_from(count.max(0)).unwrap_or(MAX_COUNT));
        Ok(ListQuery {
            filter: self.filter.map(|text| Filter::parse(text, kind)).transpose()?,
            start_index,
            count: count.min(MAX_COUNT),
            sort: sort.transpose()?,
            projection: self.projection,
            cursor: self.cursor,
        })
    }
}

/// A decimal integer; one that is too large for us counts as the largest.
fn decimal(name: &str, text: &str) -> Result<i64, ScimError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ScimError::invalid_value(format!("`{name}` must be an integer.")));
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX);
    Ok(if negative { -magnitude } else { magnitude })
}

pub(super) fn integer(body: &json::Object<'_>, name: &str) -> Result<Option<i64>, ScimError> {
    match member(body, name)? {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Number(number)) if number.is_i64() => Ok(number.as_i64()),
        Some(Json::Number(number)) if number.is_u64() => Ok(Some(i64::MAX)),
        Some(_) => Err(ScimError::invalid_value(format!("`{name}` must be an integer."))),
    }
}

pub(super) fn text<'a>(body: &'a json::Object<'_>, name: &str) -> Result<Option<&'a str>, ScimError> {
    match member(body, name)? {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text)),
        Some(_) => Err(ScimError::invalid_value(format!("`{name}` must be a string."))),
    }
}

fn names<'a>(body: &'a json::Object<'_>, name: &str) -> Result<Option<Vec<&'a str>>, ScimError> {
    let wrong = || ScimError::invalid_value(format!("`{name}` must be an array of strings."));
    match member(body, name)? {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Array(items)) => {
            items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(wrong()),
    }
}

/// The answer to a list query. Its numbers are integers: Okta fails silently on strings.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse<'a, R> {
    schemas: [&'static str; 1],
    total_results: u64,
    items_per_page: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(rename = "Resources")]
    resources: &'a [R],
}

impl<'a, R> ListResponse<'a, R> {
    /// A page by index.
    pub fn by_index(total: u64, start_index: u64, resources: &'a [R]) -> Self {
        Self { start_index: Some(start_index), ..Self::page(total, resources) }
    }

    /// A page by cursor (RFC 9865 section 2): without `startIndex`, with the cursor of the next page if there is
    /// one.
    pub fn by_cursor(total: u64, next: Option<String>, resources: &'a [R]) -> Self {
        Self { next_cursor: next, ..Self::page(total, resources) }
    }

    fn page(total_results: u64, resources: &'a [R]) -> Self {
        let items_per_page = resources.len();
        Self {
            schemas: [LIST_URN],
            total_results,
            items_per_page,
            start_index: None,
            next_cursor: None,
            resources,
        }
    }
}

#[cfg(test)]
mod tests;
