//! Snapshots written by hand, for the rules' fixtures.

use serde_json::Value;

use super::*;

impl Snapshot {
    /// Everything read completely and empty, but for what `json` holds: `{"resource": [row, ...]}`. A row of a fan-out
    /// names its parent in `@parent`.
    pub(crate) fn fixture(json: &str) -> Self {
        let mut given: serde_json::Map<String, Value> =
            serde_json::from_str(json).expect("the fixture is JSON");
        let mut resources = BTreeMap::new();
        for e in endpoints::ALL {
            let rows = given.remove(e.key).unwrap_or_else(|| Value::Array(Vec::new()));
            let row = |(i, mut value): (usize, Value)| Row {
                resource: e.key.to_owned(),
                parent: value
                    .as_object_mut()
                    .unwrap()
                    .remove("@parent")
                    .map(|p| p.as_str().unwrap().to_owned()),
                value,
                place: format!("{}#{}", e.key, i + 1),
            };
            let Value::Array(rows) = rows else { panic!("{} is not a list", e.key) };
            let rows = rows.into_iter().enumerate().map(row).collect();
            resources.insert(e.key.to_owned(), Resource { status: Status::Complete, rows });
        }
        assert!(given.is_empty(), "not in the endpoint table: {given:?}");
        Self { resources }
    }

    /// The same snapshot with one resource that could not be read.
    pub(crate) fn without(mut self, key: &str, status: Status) -> Self {
        self.resources.insert(key.to_owned(), Resource { status, rows: Vec::new() });
        self
    }

    /// The same snapshot with nothing left of each row but its id.
    pub(crate) fn stripped(mut self) -> Self {
        for row in self.resources.values_mut().flat_map(|r| &mut r.rows) {
            crate::assessment::scrub::keep(&mut row.value, &["id"]);
        }
        self
    }
}
