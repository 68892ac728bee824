//! Whether an org runs Okta Identity Engine, asked before any credential is.
//!
//! Source: `GET /.well-known/okta-organization` needs no authorization and answers `pipeline` `idx` (Identity Engine)
//! or `v1` (Classic Engine).

use serde_json::Value;

use super::{OrgUrl, Request, Transport, TransportError};

/// The engine behind an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipeline {
    /// Okta Identity Engine: can be assessed.
    IdentityEngine,
    /// Classic Engine: its policies mean other things, so it is refused.
    Classic,
}

/// What an org says of itself to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Okta's id of the org, `00o...`.
    pub id: String,
    pub pipeline: Pipeline,
}

/// Why the org could not be recognised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationError {
    #[error("want the org's description, got {0}")]
    Transport(#[from] TransportError),
    #[error("want the org's description, got status {0}")]
    Status(u16),
    #[error("want an id and a pipeline of idx or v1, got something else")]
    Unreadable,
}

/// Asks which engine the org runs. An unknown pipeline is an error: it is not known to be Identity Engine.
pub async fn classic_or_oie(
    transport: &impl Transport,
    org: &OrgUrl,
) -> Result<Organization, OrganizationError> {
    let answer = transport.send(Request::get(&org.at("/.well-known/okta-organization"))).await?;
    if answer.status != 200 {
        return Err(OrganizationError::Status(answer.status));
    }
    let body: Value = serde_json::from_slice(&answer.body).map_err(|_| OrganizationError::Unreadable)?;
    let id = body["id"].as_str().filter(|id| !id.is_empty()).ok_or(OrganizationError::Unreadable)?;
    let pipeline = match body["pipeline"].as_str() {
        Some("idx") => Pipeline::IdentityEngine,
        Some("v1") => Pipeline::Classic,
        _ => return Err(OrganizationError::Unreadable),
    };
    Ok(Organization { id: id.to_owned(), pipeline })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Script, answer, org};
    use super::*;

    async fn ask(status: u16, body: &str) -> Result<Organization, OrganizationError> {
        classic_or_oie(&Script::new([answer(status, &[], body)]), &org()).await
    }

    #[tokio::test]
    async fn the_two_engines_are_told_apart_and_nothing_else_passes() {
        let oie = ask(200, r#"{"id":"00oExample","pipeline":"idx","x":1}"#).await.unwrap();
        assert_eq!(oie.pipeline, Pipeline::IdentityEngine);
        assert_eq!(ask(200, r#"{"id":"00o","pipeline":"v1"}"#).await.unwrap().pipeline, Pipeline::Classic);
        assert_eq!(ask(200, r#"{"id":"00o","pipeline":"v3"}"#).await, Err(OrganizationError::Unreadable));
        assert_eq!(ask(200, r#"{"pipeline":"idx"}"#).await, Err(OrganizationError::Unreadable));
        assert_eq!(ask(200, "<html>").await, Err(OrganizationError::Unreadable));
        assert_eq!(ask(302, "").await, Err(OrganizationError::Status(302)));
    }
}
