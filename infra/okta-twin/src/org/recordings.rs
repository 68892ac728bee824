//! An org put together from recorded answers of real ones.
//!
//! The one rule: real answers are messier than any specification, so nothing in them is trusted to
//! be there; what cannot be read is left out, and said.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{Catalog, Row, id};
use crate::api::endpoints::{self, Shape};

#[derive(Deserialize)]
struct Recording {
    request: Request,
    status: u16,
    body: Value,
}

#[derive(Deserialize)]
struct Request {
    path: String,
}

/// Pools the recordings: rows of each list once per id, objects by their path.
pub(crate) fn load(folder: &Path, base: &str) -> anyhow::Result<Catalog> {
    let mut pool = Pool::default();
    for route in sorted(folder)? {
        for file in sorted(&route)? {
            let recording =
                std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Recording>(&text).ok());
            match recording {
                Some(recording) if recording.status == 200 => pool.add(recording, base),
                Some(_) => {}
                None => tracing::warn!(file = %file.display(), "not a recording, left out"),
            }
        }
    }
    Ok(pool.finish())
}

fn sorted(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

#[derive(Default)]
struct Pool {
    catalog: Catalog,
    lists: HashMap<String, Vec<Row>>,
    seen: HashSet<(String, String)>,
}

impl Pool {
    fn add(&mut self, recording: Recording, base: &str) {
        let path = recording.request.path;
        let Some(endpoint) = endpoints::find(&path) else { return };
        let mut body = recording.body;
        rebase(&mut body, base);
        match (endpoint.shape, body) {
            (Shape::Array { .. }, Value::Array(rows)) => {
                self.lists.entry(path.clone()).or_default();
                self.rows(&path, rows);
            }
            (Shape::Wrapped { key, .. }, mut body) => {
                self.lists.entry(path.clone()).or_default();
                if let Some(Value::Array(rows)) = body.get_mut(key).map(Value::take) {
                    self.rows(&path, rows);
                }
            }
            (Shape::One, body @ Value::Object(_)) => self.single(&path, body),
            _ => {}
        }
    }

    /// An object is also a row of the list it would be in: most lists were recorded less than their rows.
    fn single(&mut self, path: &str, body: Value) {
        let listed = path.rsplit_once('/').is_some_and(|(list, key)| {
            key == id(&body) && endpoints::find(list).is_some_and(|endpoint| endpoint.shape != Shape::One)
        });
        match path.rsplit_once('/') {
            Some((list, _)) if listed => self.row(list, body),
            _ => self.catalog.put(path, body),
        }
    }

    fn rows(&mut self, list: &str, rows: Vec<Value>) {
        for row in rows {
            self.row(list, row);
        }
    }

    fn row(&mut self, list: &str, row: Value) {
        let key = match id(&row) {
            "" => row.to_string(),
            id => id.to_owned(),
        };
        if self.seen.insert((list.to_owned(), key)) {
            self.lists.entry(list.to_owned()).or_default().push(Arc::new(row));
        }
    }

    fn finish(mut self) -> Catalog {
        for (path, rows) in self.lists {
            self.catalog.put_list(path, rows);
        }
        self.catalog
    }
}

/// Points the links of a recorded answer at the twin: a real org links to itself.
fn rebase(value: &mut Value, base: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, base)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) if name == "href" => {
                        if let Some(path) = text.find("/api/v1/").or_else(|| text.find("/oauth2/")) {
                            *text = format!("{base}{}", &text[path..]);
                        }
                    }
                    member => rebase(member, base),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pool(recordings: &[(&str, Value)]) -> Catalog {
        let mut pool = Pool::default();
        for (path, body) in recordings {
            let request = Request { path: (*path).to_owned() };
            pool.add(Recording { request, status: 200, body: body.clone() }, "http://twin");
        }
        pool.finish()
    }

    #[test]
    fn lists_are_pooled_by_id_and_objects_join_them() {
        let catalog = pool(&[
            ("/api/v1/zones", json!([{"id": "z1"}, {"id": "z1"}, {"odd": true}])),
            (
                "/api/v1/zones/z2",
                json!({"id": "z2", "_links": {"self": {"href": "https://a.example.com/api/v1/zones/z2"}}}),
            ),
            ("/api/v1/threats/configuration", json!({"action": "none"})),
            ("/api/v1/iam/roles/r1/permissions", json!({"permissions": [{"label": "x"}]})),
            ("/api/v1/apps", json!({"not": "a list"})),
            ("/api/v1/unknown", json!([1])),
        ]);
        assert_eq!(catalog.rows("/api/v1/zones").len(), 3);
        let zone = catalog.one("/api/v1/zones/z2").unwrap();
        assert_eq!(zone["_links"]["self"]["href"], "http://twin/api/v1/zones/z2");
        assert_eq!(catalog.one("/api/v1/threats/configuration").unwrap()["action"], "none");
        assert_eq!(catalog.rows("/api/v1/iam/roles/r1/permissions").len(), 1);
    }

    #[test]
    fn the_real_recordings_load() {
        let folder = Path::new(crate::RECORDINGS);
        if !folder.is_dir() {
            eprintln!("skipped: no recordings at {}", folder.display());
            return;
        }
        let catalog = load(folder, "http://twin").unwrap();
        for list in ["/api/v1/users", "/api/v1/groups", "/api/v1/apps", "/api/v1/policies", "/api/v1/zones"] {
            assert!(catalog.rows(list).len() > 1, "{list}");
        }
    }
}
