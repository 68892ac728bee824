//! `sortBy` and `sortOrder` (RFC 7644 section 3.4.2.3).

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::fold::fold_user_name;
use super::normalise::is_primary;
use super::path::AttrPath;
use super::schema::{Attribute, ENTERPRISE_URN, Type};

/// An order of resources.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sort {
    pub by: AttrPath,
    pub descending: bool,
}

/// What one resource is ordered by. Equal ones keep their places.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    value: Value,
    descending: bool,
}

/// Absent comes last when ascending, as the RFC has it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Time(Timestamp),
    Text(String),
    Absent,
}

impl Sort {
    /// The key of a resource, as rendered without projection.
    pub fn key(&self, resource: &Json) -> Key {
        let holder = if self.by.extension { resource.get(ENTERPRISE_URN) } else { Some(resource) };
        let value = holder.and_then(|holder| holder.get(self.by.attribute.name));
        // Of several values, the primary one counts, else the first.
        let value = match value {
            Some(Json::Array(items)) => items.iter().find(|item| is_primary(item)).or_else(|| items.first()),
            single => single,
        };
        let value = match self.by.sub {
            Some(sub) => value.and_then(|value| value.get(sub.name)),
            None => value,
        };
        Key { value: value_of(self.by.leaf(), value), descending: self.descending }
    }
}

fn value_of(leaf: &Attribute, value: Option<&Json>) -> Value {
    match value {
        Some(Json::Bool(bool)) => Value::Text(bool.to_string()),
        Some(Json::String(text)) => match leaf.kind {
            Type::DateTime => text.parse().map_or(Value::Absent, Value::Time),
            _ if leaf.case_exact => Value::Text(text.clone()),
            _ => Value::Text(fold_user_name(text)),
        },
        _ => Value::Absent,
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let ordering = self.value.cmp(&other.value);
        if self.descending { ordering.reverse() } else { ordering }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, self.by)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::ResourceKind;

    fn sorted(by: &str, descending: bool, resources: &[Json]) -> Vec<Json> {
        let sort = Sort { by: AttrPath::resolve(by, ResourceKind::User).unwrap(), descending };
        let mut resources = resources.to_vec();
        resources.sort_by_cached_key(|resource| sort.key(resource));
        resources.iter().map(|resource| resource["id"].clone()).collect()
    }

    #[test]
    fn names_sort_without_case_and_absent_ones_come_last_then_first() {
        let users = vec![
            json!({"id": 1, "title": "b"}),
            json!({"id": 2}),
            json!({"id": 3, "title": "A"}),
            json!({"id": 4, "title": "C"}),
        ];
        assert_eq!(sorted("title", false, &users), [3, 1, 4, 2]);
        assert_eq!(sorted("title", true, &users), [2, 4, 1, 3]);
    }

    #[test]
    fn several_values_sort_by_the_primary_one() {
        let users = vec![
            json!({"id": 1, "emails": [{"value": "a"}, {"value": "z", "primary": true}]}),
            json!({"id": 2, "emails": [{"value": "m"}, {"value": "b"}]}),
        ];
        assert_eq!(sorted("emails.value", false, &users), [2, 1]);
    }

    #[test]
    fn times_sort_as_times() {
        let users = vec![
            json!({"id": 1, "meta": {"created": "2026-01-01T00:00:00.5Z"}}),
            json!({"id": 2, "meta": {"created": "2026-01-01T00:00:00Z"}}),
        ];
        assert_eq!(sorted("meta.created", false, &users), [2, 1]);
    }
}
