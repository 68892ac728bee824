//! `sortBy` and `sortOrder` (RFC 7644 section 3.4.2.3).

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

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

/// What resources are ordered by. Absent comes last when ascending, as the RFC has it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Time(Timestamp),
    Text(String),
    Absent,
}

impl Sort {
    /// Orders resources, as rendered without projection. Equal ones keep their places.
    pub fn apply(&self, resources: &mut [Value]) {
        resources.sort_by_cached_key(|resource| Reversible {
            key: self.key(resource),
            descending: self.descending,
        });
    }

    fn key(&self, resource: &Value) -> Key {
        let holder = if self.by.extension { resource.get(ENTERPRISE_URN) } else { Some(resource) };
        let value = holder.and_then(|holder| holder.get(self.by.attribute.name));
        // Of several values, the primary one counts, else the first.
        let value = match value {
            Some(Value::Array(items)) => items.iter().find(|item| is_primary(item)).or_else(|| items.first()),
            single => single,
        };
        let value = match self.by.sub {
            Some(sub) => value.and_then(|value| value.get(sub.name)),
            None => value,
        };
        key_of(self.by.leaf(), value)
    }
}

fn key_of(leaf: &Attribute, value: Option<&Value>) -> Key {
    match value {
        Some(Value::Bool(bool)) => Key::Text(bool.to_string()),
        Some(Value::String(text)) => match leaf.kind {
            Type::DateTime => text.parse().map_or(Key::Absent, Key::Time),
            _ if leaf.case_exact => Key::Text(text.clone()),
            _ => Key::Text(fold_user_name(text)),
        },
        _ => Key::Absent,
    }
}

#[derive(PartialEq, Eq)]
struct Reversible {
    key: Key,
    descending: bool,
}

impl Ord for Reversible {
    fn cmp(&self, other: &Self) -> Ordering {
        let ordering = self.key.cmp(&other.key);
        if self.descending { ordering.reverse() } else { ordering }
    }
}

impl PartialOrd for Reversible {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::ResourceKind;

    fn sorted(by: &str, descending: bool, mut resources: Vec<Value>) -> Vec<Value> {
        let by = AttrPath::resolve(by, ResourceKind::User).unwrap();
        Sort { by, descending }.apply(&mut resources);
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
        assert_eq!(sorted("title", false, users.clone()), [3, 1, 4, 2]);
        assert_eq!(sorted("title", true, users), [2, 4, 1, 3]);
    }

    #[test]
    fn several_values_sort_by_the_primary_one() {
        let users = vec![
            json!({"id": 1, "emails": [{"value": "a"}, {"value": "z", "primary": true}]}),
            json!({"id": 2, "emails": [{"value": "m"}, {"value": "b"}]}),
        ];
        assert_eq!(sorted("emails.value", false, users), [2, 1]);
    }

    #[test]
    fn times_sort_as_times() {
        let users = vec![
            json!({"id": 1, "meta": {"created": "2026-01-01T00:00:00.5Z"}}),
            json!({"id": 2, "meta": {"created": "2026-01-01T00:00:00Z"}}),
        ];
        assert_eq!(sorted("meta.created", false, users), [2, 1]);
    }
}
