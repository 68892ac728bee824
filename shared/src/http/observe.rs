//! Around every request: the form of the answer, security headers, and one wide event.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Door, Problem,
    answer::BothForms,
    door::{correlation_id, domain_name, raw_path},
    headers::secure,
    session::ACCEPTANCE,
};
use crate::{ops::meter, scim::error::ScimError};

/// Which errors the callers of a function read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Pages and JSON, by `Accept`.
    Web,
    /// SCIM error messages, always.
    Scim,
}

/// Wraps a function's routes. Goes outside of everything else.
pub async fn observe(
    State((door, surface)): State<(Door, Surface)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let correlation_id = correlation_id(&parts, &*door.random);
    if let Ok(value) = HeaderValue::from_str(&correlation_id) {
        // What handlers read is what the answer will carry.
        parts.headers.insert("x-correlation-id", value);
    }
    let method = parts.method.clone();
    let wants_html = wants_html(&parts.headers);
    let host = domain_name(&parts).unwrap_or_default().to_owned();
    let started = door.clock.now();
    let odd = is_odd(&raw_path(&parts));
    let request = Request::from_parts(parts, body);
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let answer = async { if odd { Problem::not_found().into_response() } else { next.run(request).await } };
    let (response, cost) = meter::measured(answer).await;
    let mut response = match surface {
        Surface::Web => web_form(response, wants_html, &correlation_id, &method),
        Surface::Scim => scim_form(response),
    };
    secure(response.headers_mut(), door.base.is_https());
    if let Ok(value) = HeaderValue::from_str(&correlation_id) {
        response.headers_mut().insert(HeaderName::from_static("x-correlation-id"), value);
    }
    let duration = door.clock.now().duration_since(started);
    tracing::info!(
        http.method = %method,
        http.route = %route,
        http.status = response.status().as_u16(),
        host = %host,
        correlation_id = %correlation_id,
        duration_ms = u64::try_from(duration.as_millis()).unwrap_or_default(),
        dynamo.calls = cost.calls,
        dynamo.trips = cost.trips,
        dynamo.rcu = cost.rcu,
        dynamo.wcu = cost.wcu,
        "request"
    );
    response
}

/// Longer than any id or name in an address of ours.
const MAX_SEGMENT: usize = 256;

/// Whether no address of ours can be meant: a part that is no text, walks the tree, or is longer than any id. It is
/// refused here, as the gateway got it: on the way to the router dots are resolved, and a handler would ask the
/// database for a key that is too long.
fn is_odd(path: &str) -> bool {
    path.split('/').any(|part| {
        let Ok(text) = percent_encoding::percent_decode_str(part).decode_utf8() else { return true };
        text.len() > MAX_SEGMENT || matches!(&*text, "." | "..") || text.chars().any(char::is_control)
    })
}

/// Whether this is an extractor's own refusal: plain text, where ours are pages, JSON or SCIM messages.
fn is_extractors(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    response.status().is_client_error() && kind.is_some_and(|kind| kind.starts_with(b"text/plain"))
}

/// Whether the caller reads pages: it says so, and does not put JSON first.
fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
    match (accept.find("text/html"), accept.find("json")) {
        (Some(html), Some(json)) => html < json,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn web_form(mut response: Response, wants_html: bool, correlation_id: &str, method: &Method) -> Response {
    if let Some(forms) = response.extensions_mut().remove::<BothForms>() {
        return choose(response, &forms, wants_html);
    }
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if wants_html && method == Method::GET {
            let elsewhere = match problem.code {
                "session.missing" => Some("/sign-in"),
                "workspace.pending" => Some(ACCEPTANCE),
                _ => None,
            };
            if let Some(path) = elsewhere {
                return (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response();
            }
        }
        return carry_cookies(&response, problem.render(wants_html, correlation_id));
    }
    let problem = match (response.status(), response.headers().contains_key(header::CONTENT_TYPE)) {
        (status, _) if is_extractors(&response) => {
            let next = "Check the address and the parameters behind it.";
            Problem::new(status, "request.unreadable", "The request cannot be read.", next)
        }
        (StatusCode::NOT_FOUND, false) => Problem::not_found(),
        (StatusCode::METHOD_NOT_ALLOWED, false) => Problem::method_not_allowed(),
        _ => return response,
    };
    keep_allow(&response, problem.render(wants_html, correlation_id))
}

fn choose(mut response: Response, forms: &BothForms, wants_html: bool) -> Response {
    let (kind, body) = match (&forms.page, wants_html) {
        (Some(page), true) => ("text/html; charset=utf-8", page.clone()),
        (None, true) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            return response;
        }
        (_, false) => {
            // A tool follows the JSON, not the next page.
            response.headers_mut().remove(header::LOCATION);
            ("application/json", forms.json.to_string())
        }
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    *response.body_mut() = body.into();
    response
}

fn scim_form(response: Response) -> Response {
    let has_type = response.headers().contains_key(header::CONTENT_TYPE);
    let error = match (response.extensions().get::<Problem>(), response.status()) {
        (Some(problem), StatusCode::SERVICE_UNAVAILABLE) => {
            ScimError::unavailable(problem.retry_after.unwrap_or(5))
        }
        (Some(_), StatusCode::NOT_FOUND) => ScimError::not_found(),
        (Some(_), _) => ScimError::internal(),
        (None, StatusCode::NOT_FOUND) if !has_type => ScimError::not_found(),
        (None, StatusCode::METHOD_NOT_ALLOWED) if !has_type => ScimError::method_not_allowed(),
        (None, _) if is_extractors(&response) => ScimError::invalid_syntax("the request cannot be read"),
        (None, _) => return response,
    };
    keep_allow(&response, error.into_response())
}

fn keep_allow(before: &Response, mut after: Response) -> Response {
    if let Some(allow) = before.headers().get(header::ALLOW) {
        after.headers_mut().insert(header::ALLOW, allow.clone());
    }
    after
}

fn carry_cookies(before: &Response, mut after: Response) -> Response {
    for cookie in before.headers().get_all(header::SET_COOKIE) {
        after.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c22_paths_that_no_address_of_ours_has() {
        let long = format!("/approvals/{}", "x".repeat(257));
        for odd in ["/a/..", "/a/%2e%2E/b", "/a/%2e", "/a/%ff", "/a/%00", "/a/x%0d%0ay", &long] {
            assert!(is_odd(odd), "{odd}");
        }
        for fine in ["/", "/scim/v2/Users/.search", "/assets/app.css", "/a/%20", "/a/%F0%9F%A6%80", "/a//b"] {
            assert!(!is_odd(fine), "{fine}");
        }
    }
}
