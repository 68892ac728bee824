//! The one error of the SCIM part, and the JSON a client gets (RFC 7644 section 3.12).
//!
//! Okta shows `detail` to the customer's admin and keeps it in its own log, so the one rule: a detail
//! names our own attributes and positions, and never repeats what the client sent.

use std::fmt;

use serde_json::{Value, json};

/// The schema URN of an error body.
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request was refused, for machines: RFC 7644 table 9, and RFC 9865 section 2.4 for cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    InvalidFilter,
    TooMany,
    Uniqueness,
    Mutability,
    InvalidSyntax,
    InvalidPath,
    NoTarget,
    InvalidValue,
    InvalidVers,
    InvalidCursor,
    ExpiredCursor,
    InvalidCount,
}

impl ScimType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

/// A refusal, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ScimError {
    /// The HTTP status.
    pub status: u16,
    /// The machine's reason, where RFC 7644 has a word for it.
    pub scim_type: Option<ScimType>,
    /// The admin's reason: one sentence without anything the client sent.
    pub detail: String,
    /// Whole seconds after which to try again. Okta honours integers only.
    pub retry_after: Option<u32>,
}

impl fmt::Display for ScimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scim_type {
            Some(scim_type) => write!(f, "{} {}: {}", self.status, scim_type.as_str(), self.detail),
            None => write!(f, "{}: {}", self.status, self.detail),
        }
    }
}

/// A 400 for each `scimType` that RFC 7644 table 9 ties to that status.
macro_rules! bad_requests {
    ($($(#[$doc:meta])* $name:ident => $scim_type:ident;)*) => {
        impl ScimError {
            $($(#[$doc])* pub fn $name(detail: impl Into<String>) -> Self {
                Self::new(400, Some(ScimType::$scim_type), detail)
            })*
        }
    };
}

bad_requests! {
    /// The filter is malformed, or asks for what the attribute does not allow.
    invalid_filter => InvalidFilter;
    /// The filter would need more than the bounded scan. For a rate limit see [`ScimError::throttled`].
    too_many => TooMany;
    /// The change is not allowed for this attribute.
    mutability => Mutability;
    /// The body is not the message that was expected.
    invalid_syntax => InvalidSyntax;
    /// The PATCH path is malformed or names nothing we keep.
    invalid_path => InvalidPath;
    /// The PATCH path selects nothing.
    no_target => NoTarget;
    /// A value is missing, of another type, or out of range.
    invalid_value => InvalidValue;
    /// The cursor was not made by us for this query.
    invalid_cursor => InvalidCursor;
    /// The cursor was ours and is too old.
    expired_cursor => ExpiredCursor;
    /// A page by cursor has at least one resource.
    invalid_count => InvalidCount;
}

impl ScimError {
    fn new(status: u16, scim_type: Option<ScimType>, detail: impl Into<String>) -> Self {
        Self { status, scim_type, detail: detail.into(), retry_after: None }
    }

    /// 401. The same answer for no, wrong, expired and revoked tokens.
    pub fn unauthorized() -> Self {
        Self::new(401, None, "A valid bearer token is required.")
    }

    /// 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, None, detail)
    }

    /// 404. The same answer for ids that never were, were deleted, and belong to others.
    pub fn not_found() -> Self {
        Self::new(404, None, "No such resource.")
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::new(405, None, "This method is not supported here.")
    }

    /// 409: another resource holds the value.
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::new(409, Some(ScimType::Uniqueness), detail)
    }

    /// 409: it cannot be done as things are.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, None, detail)
    }

    /// 412: the resource has changed since the version in `If-Match`.
    pub fn precondition_failed() -> Self {
        Self::new(412, None, "The resource has changed. Read it again and repeat the change.")
    }

    /// 413.
    pub fn payload_too_large(detail: impl Into<String>) -> Self {
        Self::new(413, None, detail)
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        Self::new(415, None, "Send application/scim+json or application/json, in UTF-8.")
    }

    /// 429: try again after so many seconds.
    pub fn throttled(retry_after: u32) -> Self {
        let error = Self::new(429, None, "Too many requests. Try again later.");
        Self { retry_after: Some(retry_after), ..error }
    }

    /// 500: our fault; the cause is in our log only.
    pub fn internal() -> Self {
        Self::new(500, None, "The request failed. It is safe to send it again.")
    }

    /// 501: a part of the protocol that we do not offer, such as `/Me`.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(501, None, detail)
    }

    /// 503: a service we stand on is away; try again after so many seconds.
    pub fn unavailable(retry_after: u32) -> Self {
        let error = Self::new(503, None, "The service is not available. Try again later.");
        Self { retry_after: Some(retry_after), ..error }
    }

    /// 503: the time that a request has went by; what is done stays done, and the same request does the rest.
    pub fn unfinished(done: usize, of: usize) -> Self {
        let detail =
            format!("{done} of {of} members were changed in time. Send the same request again for the rest.");
        Self { retry_after: Some(1), ..Self::new(503, None, detail) }
    }

    /// The same error, saying in which operation of the request it is. Operations are counted from 0 here and from
    /// 1 in the detail.
    #[must_use]
    pub fn at_operation(self, index: usize) -> Self {
        let detail = format!("Operation {}: {}", index + 1, self.detail);
        Self { detail, ..self }
    }

    /// The body. `status` is a string, as RFC 7644 section 3.12 has it.
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [ERROR_URN], "status": self.status.to_string() });
        if let Some(scim_type) = self.scim_type {
            body["scimType"] = scim_type.as_str().into();
        }
        body["detail"] = self.detail.as_str().into();
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_a_string_status_and_the_error_schema() {
        insta::assert_json_snapshot!(ScimError::uniqueness("This userName is taken.").to_json(), @r#"
        {
          "schemas": [
            "urn:ietf:params:scim:api:messages:2.0:Error"
          ],
          "status": "409",
          "scimType": "uniqueness",
          "detail": "This userName is taken."
        }
        "#);
    }

    #[test]
    fn without_a_scim_type_the_member_is_absent() {
        let body = ScimError::not_found().to_json();
        assert_eq!(body.get("scimType"), None);
        assert_eq!(body["status"], "404");
    }

    #[test]
    fn only_answers_that_ask_to_wait_carry_seconds() {
        assert_eq!(ScimError::throttled(7).retry_after, Some(7));
        assert_eq!(ScimError::unavailable(3).retry_after, Some(3));
        assert_eq!(ScimError::internal().retry_after, None);
    }
}
