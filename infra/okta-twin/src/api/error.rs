//! What Okta answers when it does not answer.
//!
//! Source: developer.okta.com "Okta API error codes", and OAuth 2.0 (RFC 6749 section 5.2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::seed::fresh;

/// An error of the management API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("The request was not valid: {0}")]
    BadRequest(&'static str),
    #[error("Invalid cursor.")]
    InvalidCursor,
    #[error("Invalid search criteria.")]
    InvalidSearch,
    #[error("Invalid token provided")]
    InvalidToken,
    #[error("You do not have permission to perform the requested action")]
    Forbidden,
    #[error("The access token provided does not contain the required scopes.")]
    InsufficientScope(&'static str),
    #[error("You do not have permission to access the feature you are requesting")]
    NoFeature,
    #[error("Not found: Resource not found: {0}")]
    NotFound(&'static str),
    #[error("The endpoint does not support the provided HTTP method")]
    Method,
    #[error("API call exceeded rate limit due to too many requests.")]
    TooMany,
    #[error("Internal Server Error")]
    Internal,
}

impl ApiError {
    /// HTTP status and Okta's code.
    pub(crate) fn code(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "E0000001"),
            Self::InvalidCursor | Self::InvalidSearch => (StatusCode::BAD_REQUEST, "E0000031"),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "E0000011"),
            Self::Forbidden | Self::InsufficientScope(_) => (StatusCode::FORBIDDEN, "E0000006"),
            Self::NoFeature => (StatusCode::UNAUTHORIZED, "E0000015"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "E0000007"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "E0000022"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "E0000047"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "E0000009"),
        }
    }

    /// The error that a code stands for, for planted faults.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "E0000001" => Self::BadRequest("planted"),
            "E0000006" => Self::Forbidden,
            "E0000007" => Self::NotFound("planted"),
            "E0000009" => Self::Internal,
            "E0000011" => Self::InvalidToken,
            "E0000015" => Self::NoFeature,
            "E0000031" => Self::InvalidCursor,
            "E0000047" => Self::TooMany,
            _ => return None,
        })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.code();
        let causes = match self {
            Self::BadRequest(cause) => vec![json!({ "errorSummary": cause })],
            _ => vec![],
        };
        let body = json!({
            "errorCode": code,
            "errorSummary": self.to_string(),
            "errorLink": code,
            "errorId": format!("oae{}", fresh(17)),
            "errorCauses": causes,
        });
        let mut response = (status, Json(body)).into_response();
        let challenge = match self {
            Self::InvalidToken => Some(r#"Bearer realm="okta", error="invalid_token""#.to_owned()),
            Self::InsufficientScope(scope) => {
                Some(format!(r#"Bearer realm="okta", scope="{scope}", error="insufficient_scope""#))
            }
            _ => None,
        };
        if let Some(value) = challenge.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

/// An error of the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OAuthError {
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("The authorization grant type is not supported by the authorization server.")]
    UnsupportedGrantType,
    #[error("{0}")]
    InvalidClient(String),
    #[error("One or more scopes are not configured for the authorization server resource.")]
    InvalidScope,
    #[error("Authorization server requires nonce in DPoP proof.")]
    UseDpopNonce(String),
    #[error("{0}")]
    InvalidDpopProof(&'static str),
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (status, error) = match &self {
            Self::InvalidRequest(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::InvalidClient(_) => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::InvalidScope => (StatusCode::BAD_REQUEST, "invalid_scope"),
            Self::UseDpopNonce(_) => (StatusCode::BAD_REQUEST, "use_dpop_nonce"),
            Self::InvalidDpopProof(_) => (StatusCode::BAD_REQUEST, "invalid_dpop_proof"),
        };
        let body = json!({ "error": error, "error_description": self.to_string() });
        let mut response = (status, Json(body)).into_response();
        if let Self::UseDpopNonce(nonce) = &self
            && let Ok(value) = HeaderValue::from_str(nonce)
        {
            response.headers_mut().insert(HeaderName::from_static("dpop-nonce"), value);
        }
        response
    }
}
