//! One answer as rows.

use serde_json::Value;

use super::scrub;
use crate::okta::{Endpoint, Response, endpoints::Shape, link::Next};

/// What a page holds.
pub struct Page {
    pub rows: Vec<Value>,
    /// The next page, as the body tells it. A body that does not page by itself tells of none.
    pub next: Next,
}

/// Reads an answer with status 200, takes secrets out and keeps what the endpoint says. `None` if it is not the JSON
/// that the endpoint promises: an unreadable page must not look like an empty one.
pub fn read(endpoint: &Endpoint, answer: &Response) -> Option<Page> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let next = match endpoint.shape {
        Shape::Under(_) => next(&body),
        Shape::List | Shape::Single => Next::Last,
    };
    let mut rows = endpoint.shape.rows(body)?;
    for row in &mut rows {
        if let Some(names) = endpoint.keep {
            scrub::keep(row, names);
        }
        scrub::secrets(row);
    }
    Some(Page { rows, next })
}

/// What `_links.next.href` says. Only a link that is not there says that there is no other page.
fn next(body: &Value) -> Next {
    match body.get("_links") {
        None | Some(Value::Null) => Next::Last,
        Some(Value::Object(links)) => match links.get("next") {
            None | Some(Value::Null) => Next::Last,
            Some(link) => {
                let href = link.get("href").and_then(Value::as_str);
                href.map_or(Next::Unreadable, |href| Next::Page(href.to_owned()))
            }
        },
        Some(_) => Next::Unreadable,
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
        assert!(read(assignees, &answer(200, &[], r#"{"values":[]}"#)).is_none());
    }

    #[test]
    fn a_next_link_is_there_absent_or_unreadable() {
        let next = |links: &str| {
            let body = format!(r#"{{"value":[{{"id":"1"}}],"_links":{links}}}"#);
            read(find("iam-assignees").unwrap(), &answer(200, &[], &body)).unwrap().next
        };
        assert_eq!(next(r#"{"next":{"href":"x"}}"#), Next::Page("x".to_owned()));
        for last in ["null", "{}", r#"{"self":{"href":"x"}}"#, r#"{"next":null}"#] {
            assert_eq!(next(last), Next::Last, "{last}");
        }
        let unreadable = [
            r#"{"next":{"href":7}}"#,
            r#"{"next":{"href":null}}"#,
            r#"{"next":{}}"#,
            r#"{"next":"x"}"#,
            "[]",
        ];
        for links in unreadable {
            assert_eq!(next(links), Next::Unreadable, "{links}");
        }
    }
}
