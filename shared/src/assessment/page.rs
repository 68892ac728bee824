//! One answer as rows.

use serde_json::Value;

use super::scrub;
use crate::okta::{Endpoint, Response, endpoints::Shape};

/// What a page holds.
pub struct Page {
    pub rows: Vec<Value>,
    /// The next link of bodies that carry it.
    pub next: Option<String>,
}

/// Reads an answer with status 200, takes secrets out and keeps what the endpoint says. `None` if it is not the JSON
/// that the endpoint promises: an unreadable page must not look like an empty one.
pub fn read(endpoint: &Endpoint, answer: &Response) -> Option<Page> {
    let mut body: Value = serde_json::from_slice(&answer.body).ok()?;
    let next = body.pointer("/_links/next/href").and_then(Value::as_str).map(str::to_owned);
    let (rows, next) = match endpoint.shape {
        Shape::Single => (vec![body], None),
        Shape::List => (list(body)?, None),
        Shape::Under(name) => (list(body.get_mut(name)?.take())?, next),
    };
    let mut rows = rows;
    for row in &mut rows {
        if !row.is_object() {
            return None;
        }
        if let Some(names) = endpoint.keep {
            scrub::keep(row, names);
        }
        scrub::secrets(row);
    }
    Some(Page { rows, next })
}

fn list(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(rows) => Some(rows),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::{endpoints::find, testing::answer};

    #[test]
    fn what_is_not_the_promised_shape_is_no_page() {
        let users = find("users").unwrap();
        let rows = |body| read(users, &answer(200, &[], body)).map(|p| p.rows.len());
        assert_eq!(rows(r#"[{"id":"1"}]"#), Some(1));
        assert_eq!(rows("[]"), Some(0));
        for bad in ["", "<html>", "{}", "null", r#"["a"]"#, r#"[{"id":"1"}"#] {
            assert_eq!(rows(bad), None, "{bad}");
        }
        let assignees = find("iam-assignees").unwrap();
        let page =
            read(assignees, &answer(200, &[], r#"{"value":[{"id":"1"}],"_links":{"next":{"href":"x"}}}"#));
        assert_eq!(page.unwrap().next.as_deref(), Some("x"));
        assert!(read(assignees, &answer(200, &[], r#"{"values":[]}"#)).is_none());
    }
}
