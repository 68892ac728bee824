//! What an answer that is not a page means. One table, so that "denied" and "broken" are never confused.
//!
//! Its one rule: a failure says why the data is not there; nothing turns it into "there is no data".

use serde_json::Value;

use super::Response;

/// The meaning of an answer other than 2xx (Okta error codes; RFC 6750 for scopes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the token is not accepted")]
    Unauthorized,
    #[error("the admin role of the app is too low")]
    Role,
    #[error("the scope is not granted")]
    Scope,
    #[error("the org does not have this feature")]
    Feature,
    #[error("the object is gone")]
    Gone,
    #[error("the page cursor has expired")]
    Cursor,
    #[error("the request is not accepted ({0})")]
    Request(u16),
    #[error("the rate limit is reached")]
    RateLimited,
    #[error("the org is busy or failing ({0})")]
    Server(u16),
}

impl Failure {
    /// Reads a failed answer.
    pub fn of(answer: &Response) -> Self {
        let code = error_code(answer);
        match (answer.status, code.as_deref()) {
            (429, _) => Self::RateLimited,
            (401 | 403, Some("E0000015")) | (405 | 501, _) => Self::Feature,
            (401, _) => Self::Unauthorized,
            (403, _) if insufficient_scope(answer) => Self::Scope,
            (403, _) => Self::Role,
            (404 | 410, _) => Self::Gone,
            (400, Some("E0000029" | "E0000031")) => Self::Cursor,
            (423 | 500.., _) => Self::Server(answer.status),
            (status, _) => Self::Request(status),
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::RateLimited | Self::Server(_))
    }
}

/// `errorCode` of the body, if it is there.
pub fn error_code(answer: &Response) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(body.get("errorCode")?.as_str()?.to_owned())
}

fn insufficient_scope(answer: &Response) -> bool {
    answer.header_values("www-authenticate").any(|v| v.contains("insufficient_scope"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::answer;
    use super::*;

    #[test]
    fn every_answer_has_one_meaning() {
        let coded =
            |status, code: &str| Failure::of(&answer(status, &[], &format!(r#"{{"errorCode":"{code}"}}"#)));
        assert_eq!(coded(401, "E0000011"), Failure::Unauthorized);
        assert_eq!(coded(401, "E0000015"), Failure::Feature);
        assert_eq!(coded(403, "E0000015"), Failure::Feature);
        assert_eq!(coded(403, "E0000006"), Failure::Role);
        assert_eq!(coded(404, "E0000007"), Failure::Gone);
        assert_eq!(coded(400, "E0000031"), Failure::Cursor);
        assert_eq!(coded(400, "E0000001"), Failure::Request(400));
        assert_eq!(coded(405, "E0000022"), Failure::Feature);
        assert_eq!(coded(501, "E0000060"), Failure::Feature);
        assert_eq!(coded(423, "E0000239"), Failure::Server(423));
        assert_eq!(coded(429, "E0000047"), Failure::RateLimited);
        assert_eq!(coded(500, "E0000009"), Failure::Server(500));
        assert_eq!(Failure::of(&answer(503, &[], "<html>busy</html>")), Failure::Server(503));
        assert_eq!(
            Failure::of(&answer(302, &[("location", "https://evil.example")], "")),
            Failure::Request(302)
        );
        let scope = [("WWW-Authenticate", "Bearer error=\"insufficient_scope\"")];
        assert_eq!(Failure::of(&answer(403, &scope, "{}")), Failure::Scope);
    }
}
