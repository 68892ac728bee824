//! The org as data: documents by path, as the management API serves them.
//!
//! The one rule: whatever made the org ([`synthetic`] or [`recordings`]), the API sees only this
//! catalogue, so that both obey the same authorization, pages and limits.

pub(crate) mod answers;
mod apps;
mod factors;
mod groups;
mod integrations;
mod people;
mod policies;
pub(crate) mod recordings;
mod roles;
mod settings;
pub(crate) mod synthetic;
mod time;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::seed::Seed;

/// Rows are shared between lists (a user is in many groups).
pub(crate) type Row = Arc<Value>;

/// The documents of an org.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    singles: HashMap<String, Row>,
    lists: HashMap<String, Vec<Row>>,
    /// Counts that `expand=stats` adds to a group, by id.
    pub(crate) stats: HashMap<String, Value>,
    /// Factors are made when asked for: they would be most of a large org's memory.
    factors: Option<(Seed, String)>,
}

impl Catalog {
    pub(crate) fn put(&mut self, path: impl Into<String>, document: Value) {
        self.singles.insert(path.into(), Arc::new(document));
    }

    pub(crate) fn put_list(&mut self, path: impl Into<String>, rows: Vec<Row>) {
        self.lists.insert(path.into(), rows);
    }

    pub(crate) fn push(&mut self, path: impl Into<String>, row: Value) {
        self.lists.entry(path.into()).or_default().push(Arc::new(row));
    }

    pub(crate) fn rows(&self, path: &str) -> &[Row] {
        self.lists.get(path).map_or(&[], Vec::as_slice)
    }

    /// A list, if the org has it: an empty one if at least the thing it belongs to is there.
    pub(crate) fn list(&self, path: &str) -> Option<Vec<Row>> {
        if let Some(rows) = self.lists.get(path) {
            return Some(rows.clone());
        }
        let (owner, name) = path.rsplit_once('/')?;
        if let (Some((seed, base_url)), "factors") = (&self.factors, name) {
            return Some(factors::of(*seed, base_url, self.one(owner)?.as_ref()));
        }
        if let ("groups", Some(("/api/v1/users", _))) = (name, owner.rsplit_once('/')) {
            let user = self.one(owner)?;
            return Some(self.groups_of(id(&user)));
        }
        self.one(owner).map(|_| Vec::new())
    }

    /// A document by its path: stored so, or a row of the list it would be in.
    pub(crate) fn one(&self, path: &str) -> Option<Row> {
        if let Some(document) = self.singles.get(path) {
            return Some(document.clone());
        }
        let (list, key) = path.rsplit_once('/')?;
        self.rows(list)
            .iter()
            .find(|row| id(row) == key || login(row).is_some_and(|login| login.eq_ignore_ascii_case(key)))
            .cloned()
    }

    /// Merges `change` into the document at `path`, wherever it is listed (RFC 7396).
    pub(crate) fn merge(&mut self, path: &str, change: &Value) -> Option<Row> {
        let old = self.one(path)?;
        let mut document = (*old).clone();
        merge(&mut document, change);
        let new = Arc::new(document);
        for row in self.singles.values_mut().chain(self.lists.values_mut().flatten()) {
            if Arc::ptr_eq(row, &old) {
                *row = new.clone();
            }
        }
        Some(new)
    }

    fn groups_of(&self, user: &str) -> Vec<Row> {
        let member = |group: &&Row| {
            self.rows(&format!("/api/v1/groups/{}/users", id(group))).iter().any(|row| id(row) == user)
        };
        self.rows("/api/v1/groups").iter().filter(member).cloned().collect()
    }
}

pub(crate) fn id(row: &Value) -> &str {
    row.get("id").and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn login(row: &Value) -> Option<&str> {
    row.get("profile")?.get("login")?.as_str()
}

/// JSON merge patch.
fn merge(target: &mut Value, change: &Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                if value.is_null() {
                    target.shift_remove(name);
                } else {
                    merge(target.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (target, change) => *target = change.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merged_row_changes_in_every_list_it_is_in() {
        let mut catalog = Catalog::default();
        let row = Arc::new(json!({"id": "u1", "profile": {"login": "a@example.com", "city": "x"}}));
        catalog.put_list("/api/v1/users", vec![row.clone()]);
        catalog.put_list("/api/v1/groups/g1/users", vec![row]);
        catalog.merge("/api/v1/users/u1", &json!({"profile": {"city": null, "zip": "1"}})).unwrap();
        let want = json!({"id": "u1", "profile": {"login": "a@example.com", "zip": "1"}});
        assert_eq!(*catalog.rows("/api/v1/groups/g1/users")[0], want);
        assert_eq!(*catalog.one("/api/v1/users/A@example.com").unwrap(), want);
    }

    #[test]
    fn a_list_of_something_absent_is_absent() {
        let mut catalog = Catalog::default();
        catalog.push("/api/v1/apps", json!({"id": "0oa1"}));
        assert_eq!(catalog.list("/api/v1/apps/0oa1/grants").unwrap().len(), 0);
        assert!(catalog.list("/api/v1/apps/0oa2/grants").is_none());
    }
}
