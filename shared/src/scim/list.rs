//! List queries, as query parameters and as `.search` bodies, and their answers (RFC 7644 section 3.4).

use serde_json::{Map, Value};

use super::ScimError;
use super::filter::Filter;
use super::normalise::{Object, member, object};
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
            start_index: start_index.map(|text| integer("startIndex", &text)).transpose()?,
            count: count.map(|text| integer("count", &text)).transpose()?,
            sort_by: sort_by.as_deref(),
            sort_order: sort_order.as_deref(),
            projection: Projection::parse(attributes.as_deref(), excluded.as_deref(), kind),
            cursor,
        }
        .query(kind)
    }

    /// From the body of `POST .../.search` (RFC 7644 section 3.4.3).
    pub fn from_search(body: &Value, kind: ResourceKind) -> Result<Self, ScimError> {
        let body = object(body)?;
        let attributes = names(body, "attributes")?;
        let excluded = names(body, "excludedAttributes")?;
        Parts {
            filter: text(body, "filter")?,
            start_index: number(body, "startIndex")?,
            count: number(body, "count")?,
            sort_by: text(body, "sortBy")?,
            sort_order: text(body, "sortOrder")?,
            projection: Projection::from_lists(attributes, excluded, kind),
            cursor: text(body, "cursor")?.map(str::to_owned),
        }
        .query(kind)
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
fn integer(name: &str, text: &str) -> Result<i64, ScimError> {
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

fn number(body: &Object, name: &str) -> Result<Option<i64>, ScimError> {
    match member(body, name)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) if number.is_i64() => Ok(number.as_i64()),
        Some(Value::Number(number)) if number.is_u64() => Ok(Some(i64::MAX)),
        Some(_) => Err(ScimError::invalid_value(format!("`{name}` must be an integer."))),
    }
}

fn text<'a>(body: &'a Object, name: &str) -> Result<Option<&'a str>, ScimError> {
    match member(body, name)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ScimError::invalid_value(format!("`{name}` must be a string."))),
    }
}

fn names<'a>(body: &'a Object, name: &str) -> Result<Option<Vec<&'a str>>, ScimError> {
    let wrong = || ScimError::invalid_value(format!("`{name}` must be an array of strings."));
    match member(body, name)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(wrong()),
    }
}

/// A page by index. The numbers are integers: Okta fails silently on strings.
pub fn list_response(total: u64, start_index: u64, resources: Vec<Value>) -> Value {
    let mut out = page(total, &resources);
    out.insert("startIndex".into(), start_index.into());
    out.insert("Resources".into(), resources.into());
    out.into()
}

/// A page by cursor (RFC 9865 section 2): without `startIndex`, with the cursor of the next page if there is one.
pub fn cursor_response(total: u64, next: Option<&str>, resources: Vec<Value>) -> Value {
    let mut out = page(total, &resources);
    if let Some(next) = next {
        out.insert("nextCursor".into(), next.into());
    }
    out.insert("Resources".into(), resources.into());
    out.into()
}

fn page(total: u64, resources: &[Value]) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("schemas".into(), vec![LIST_URN].into());
    out.insert("totalResults".into(), total.into());
    out.insert("itemsPerPage".into(), resources.len().into());
    out
}

#[cfg(test)]
mod tests;
