//! What a person's form or a tool's JSON says: one type for both.
//!
//! One rule: what comes with a change is checked before its handler, also where none reads it ([`checked`]).

use axum::{
    Router,
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::Response,
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    Problem,
    body::{self, BodyError},
};
use crate::scim::json;

/// More than any form of ours needs: a pasted metadata document.
const LIMIT: usize = 512 * 1024;

/// The body of a change, as `T`: `application/x-www-form-urlencoded` or `application/json`.
pub struct Input<T>(pub T);

/// What a body says, in whichever of the two forms it came.
#[derive(Clone)]
struct Fields(Map<String, Value>);

/// The routes of a function whose changes take what [`Input`] takes: a body of another type, too large or unreadable
/// is refused whatever the handler reads. No body is fine wherever the handler needs none.
///
/// The request alone decides, before anybody is looked up: the refusal says nothing about a workspace or a session. A
/// method that an address does not take is 405 whatever comes with it.
pub fn checked<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    // The layer is around axum's own 405 as well, so this one comes after it.
    routes
        .route_layer(middleware::from_fn(check))
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
}

/// Reads the body of a change once; [`Input`] finds its fields with the request.
async fn check(request: Request, next: Next) -> Result<Response, Problem> {
    if request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let bytes = whole(body).await?;
    if !bytes.is_empty() {
        parts.extensions.insert(read(&parts.headers, &bytes)?);
    }
    Ok(next.run(Request::from_parts(parts, bytes.into())).await)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Fields(fields) = match parts.extensions.remove::<Fields>() {
            Some(fields) => fields,
            None => read(&parts.headers, &whole(body).await?)?,
        };
        serde_json::from_value(fields.into()).map(Self).map_err(|error| wrong(&error.to_string()))
    }
}

async fn whole(body: Body) -> Result<Bytes, Problem> {
    body::read(body, LIMIT).await.map_err(|error| match error {
        BodyError::TooLarge { limit } => Problem::too_large(limit),
        BodyError::Unreadable => {
            Problem::bad_request("body.unreadable", "The request ended early.", "Send it again.")
        }
    })
}

fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Fields, Problem> {
    let untyped = !headers.contains_key(header::CONTENT_TYPE);
    match body::media_type(headers).as_deref() {
        Some("application/x-www-form-urlencoded") => form(bytes),
        Some("application/json") => from_json(bytes),
        None if untyped && bytes.is_empty() => form(bytes),
        _ => Err(Problem::unsupported_media_type("a form or application/json")),
    }
}

fn from_json(bytes: &[u8]) -> Result<Fields, Problem> {
    let value = json::parse(bytes)
        .map_err(|error| Problem::bad_request("body.json", "The JSON cannot be read.", error.detail))?;
    // Of a list, serde would take the fields in the order that our source has them in.
    let Value::Object(fields) = Value::from(value) else { return Err(wrong("not an object")) };
    Ok(Fields(fields))
}

fn form(bytes: &[u8]) -> Result<Fields, Problem> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if fields.insert(name.into_owned(), value.into_owned().into()).is_some() {
            return Err(Problem::bad_request(
                "form.duplicate",
                "A field is there twice.",
                "Send each field once.",
            ));
        }
    }
    Ok(Fields(fields))
}

/// Says which field is wrong; values are not repeated.
fn wrong(error: &str) -> Problem {
    let known = ["missing field", "unknown field", "unknown variant", "duplicate field"];
    let next = if known.iter().any(|start| error.starts_with(start)) {
        format!("{error}.")
    } else {
        "Check that every field has the right kind of value.".to_owned()
    };
    Problem::bad_request("body.fields", "The request does not have the fields it needs.", next)
}

#[cfg(test)]
mod tests {
    use axum::{http::Request, routing::post};
    use serde::Deserialize;
    use tower::ServiceExt;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";

    #[derive(Deserialize)]
    struct Name {
        name: String,
    }

    /// The status, and the problem's code: at `/deaf` nothing is read, at `/hears` a name.
    async fn answer(method: &str, path: &str, kind: &str, body: &str) -> (u16, &'static str) {
        let hears = |Input(input): Input<Name>| async move { input.name };
        let routes: Router =
            checked(Router::new().route("/deaf", post(|| async {})).route("/hears", post(hears)));
        let mut request = Request::builder().method(method).uri(path);
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let response = routes.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let code = response.extensions().get::<Problem>().map_or("", |problem| problem.code);
        (response.status().as_u16(), code)
    }

    #[tokio::test]
    async fn c20_c21_a_body_is_checked_whether_it_is_read_or_not() {
        let large = " ".repeat(LIMIT + 1);
        for path in ["/deaf", "/hears"] {
            for (kind, body, want) in [
                ("", "x", (415, "body.type")),
                ("text/plain", "x", (415, "body.type")),
                ("application/json; charset=utf-16", "{}", (415, "body.type")),
                ("application/xml", &large, (413, "body.size")),
                (JSON, "{broken", (400, "body.json")),
                (JSON, "{}{}", (400, "body.json")),
                (JSON, "[\"x\"]", (400, "body.fields")),
                (JSON, "null", (400, "body.fields")),
                (FORM, "name=x&name=x", (400, "form.duplicate")),
            ] {
                assert_eq!(answer("POST", path, kind, body).await, want, "{path} {kind}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_fine_where_nothing_is_read() {
        for (kind, body) in
            [("", ""), ("text/plain", ""), (JSON, ""), (FORM, ""), (JSON, "{}"), (FORM, "a=1")]
        {
            assert_eq!(answer("POST", "/deaf", kind, body).await, (200, ""), "{kind}");
        }
        for (kind, body, want) in [
            ("", "", (400, "body.fields")),
            ("text/plain", "", (415, "body.type")),
            (JSON, "", (400, "body.json")),
            (JSON, "{}", (400, "body.fields")),
            (JSON, "{\"name\":\"x\"}", (200, "")),
            (FORM, "name=x", (200, "")),
        ] {
            assert_eq!(answer("POST", "/hears", kind, body).await, want, "{kind}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_said_before_the_body_is_looked_at() {
        for (method, path, want) in
            [("PUT", "/deaf", 405), ("GET", "/deaf", 405), ("POST", "/elsewhere", 404)]
        {
            assert_eq!(answer(method, path, "text/plain", "x").await, (want, ""), "{method} {path}");
        }
    }
}
