//! Answers in two forms, by `Accept`: a page for people, JSON for tools.
//!
//! A failure is a [`Problem`] (RFC 9457). It is rendered at the very edge ([`super::observe`]), where the
//! wanted form and the correlation id are known.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::Markup;
use serde_json::{Value, json};

use super::{page, session::ACCEPTANCE};
use crate::store::{ServiceError, StoreError};

/// Why a request got no result, in words for the person who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// Stable and dotted, such as `session.missing`.
    pub code: &'static str,
    /// One plain sentence: what happened.
    pub title: String,
    /// What to do next.
    pub next: String,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u32>,
}

impl Problem {
    /// A problem with a plain sentence and the next step.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self { status, code, title: title.into(), next: next.into(), retry_after: None }
    }

    /// 400: the input cannot be used; `next` says what is wanted.
    pub fn bad_request(code: &'static str, title: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, title, next)
    }

    /// 403: known, and not allowed.
    pub fn forbidden(code: &'static str, title: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, title, next)
    }

    /// 409: it does not fit the state that things are in.
    pub fn conflict(code: &'static str, title: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, title, next)
    }

    /// 404 for anything that is not there, or not the caller's.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.", "Check the address.")
    }

    /// 404 for a host that is no workspace: the same answer whatever the reason.
    pub fn no_workspace() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "workspace.unknown",
            "There is no workspace at this address.",
            "Check the address in your welcome e-mail.",
        )
    }

    /// 401: no live session.
    pub fn signed_out() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "session.missing",
            "You are not signed in.",
            "Sign in and try again.",
        )
    }

    /// 403: the workspace trusts no identity provider.
    pub fn sso_off() -> Self {
        Self::forbidden(
            "sso.off",
            "Single sign-on is not set up for this workspace.",
            "Sign in by e-mail at /sign-in, or ask an Admin of the workspace.",
        )
    }

    /// 403: the sponsor has not accepted the workspace yet.
    pub fn pending() -> Self {
        let next = format!("The invited sponsor accepts it at {ACCEPTANCE}.");
        Self::forbidden("workspace.pending", "This workspace waits to be accepted.", next)
    }

    /// 405, with the methods that the route takes.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "This address does not take that method.",
            "The Allow header names the methods it takes.",
        )
    }

    /// 413.
    pub fn too_large(limit: usize) -> Self {
        let next = format!("Send at most {} KiB.", limit / 1024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body.size", "The request is too large.", next)
    }

    /// 415.
    pub fn unsupported_media_type(want: &str) -> Self {
        let next = format!("Send it as {want}.");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "body.type",
            "That kind of content is not taken here.",
            next,
        )
    }

    /// 500: our fault, told to the log and not to the caller.
    pub fn internal() -> Self {
        let next = "Try again; if it stays, send support the correlation id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.", next)
    }

    /// 503 with `Retry-After`.
    pub fn unavailable(seconds: u32) -> Self {
        let next = format!("Try again in {seconds} seconds.");
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let problem = Self::new(status, "unavailable", "The service is busy right now.", next);
        Self { retry_after: Some(seconds), ..problem }
    }

    fn to_json(&self, correlation_id: &str) -> Value {
        json!({
            "type": format!("urn:atomation:problem:{}", self.code),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.next,
            "code": self.code,
            "correlationId": correlation_id,
        })
    }

    /// The answer in the form that the caller reads.
    pub fn render(&self, wants_html: bool, correlation_id: &str) -> Response {
        let mut response = if wants_html {
            let body = page::problem(self, correlation_id);
            (self.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body.into_string())
                .into_response()
        } else {
            let body = self.to_json(correlation_id).to_string();
            (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
        };
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        // A 401 of ours names no scheme: a session cookie is none (RFC 9110 section 11.1), and a browser must not
        // ask for a password.
        response
    }
}

impl IntoResponse for Problem {
    /// Carries the problem to the edge, where its form is chosen.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Condition(_) => Self::conflict(
                "changed",
                "Somebody changed this in the meantime.",
                "Reload it, look at what changed, and try again.",
            ),
            StoreError::Throttled | StoreError::Conflict => Self::unavailable(1),
            error @ (StoreError::Corrupt { .. } | StoreError::Unavailable(_)) => {
                tracing::error!(error.message = %error, "store");
                match error {
                    StoreError::Corrupt { .. } => Self::internal(),
                    _ => Self::unavailable(5),
                }
            }
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        tracing::error!(error.message = %error, "service");
        match error {
            ServiceError::Unavailable { .. } => Self::unavailable(5),
            ServiceError::Missing { .. } | ServiceError::Digest { .. } | ServiceError::Exists { .. } => {
                Self::internal()
            }
        }
    }
}

/// A result in both forms.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    json: Value,
    html: Html,
    cookies: Vec<String>,
}

#[derive(Debug)]
enum Html {
    Page(Markup),
    /// 303: the page to show after a change.
    SeeOther(String),
}

impl Answer {
    /// 200: `page` for people, `json` for tools.
    pub fn page(page: Markup, json: Value) -> Self {
        Self { status: StatusCode::OK, json, html: Html::Page(page), cookies: Vec::new() }
    }

    /// A change was made: people go on to `location`, tools get `json`.
    pub fn done(location: impl Into<String>, json: Value) -> Self {
        Self { status: StatusCode::OK, json, html: Html::SeeOther(location.into()), cookies: Vec::new() }
    }

    /// The JSON form's (and a page's) status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Adds a `Set-Cookie` header.
    #[must_use]
    pub fn with_cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }
}

/// What a response carries to the edge when its form is not chosen yet.
#[derive(Clone)]
pub(super) struct BothForms {
    pub(super) json: Value,
    pub(super) page: Option<String>,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for cookie in self.cookies {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        let page = match self.html {
            Html::Page(page) => Some(page.into_string()),
            Html::SeeOther(location) => {
                if let Ok(value) = HeaderValue::from_str(&location) {
                    response.headers_mut().insert(header::LOCATION, value);
                }
                None
            }
        };
        response.extensions_mut().insert(BothForms { json: self.json, page });
        response
    }
}
