//! STS: who may assume which role, and the sessions that were given.
//!
//! The one rule: a role that was not declared here, or declared with another external id, is refused, as AWS refuses a
//! role whose trust policy does not match. Inline session policies are kept for inspection, not enforced.
//!
//! The query protocol and its XML: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::api::ApiError;
use super::document::Document;
use super::{ACCESS_KEY_ID, ACCOUNT, Surroundings};

/// A role that may be assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub arn: String,
    /// What the trust policy asks for in `sts:ExternalId`, if it does.
    pub external_id: Option<String>,
}

/// A session as it was given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub access_key_id: String,
    pub role_arn: String,
    pub session_name: String,
    pub external_id: Option<String>,
    /// The inline session policy, as sent.
    pub policy: Option<String>,
    pub given: Timestamp,
    pub expires: Timestamp,
    secret_access_key: String,
}

#[derive(Default, Clone, Serialize, Deserialize)]
struct State {
    roles: BTreeMap<String, Role>,
    sessions: Vec<Session>,
}

/// The service.
pub struct Sts {
    state: Document<State>,
    surroundings: Surroundings,
}

impl Sts {
    pub(super) fn open(data: Option<&Path>, surroundings: Surroundings) -> anyhow::Result<Self> {
        Ok(Self { state: Document::open(data, "sts.json")?, surroundings })
    }

    /// Declares a role, or changes what its trust policy asks for.
    pub fn declare_role(&self, role: Role) -> io::Result<()> {
        self.state.change(|state| {
            state.roles.insert(role.arn.clone(), role);
            Ok(())
        })
    }

    /// Every session given so far, oldest first.
    pub fn sessions(&self) -> Vec<Session> {
        self.state.read(|state| state.sessions.clone())
    }

    /// The secret of a session that has not expired.
    pub(super) fn secret_of(&self, access_key_id: &str) -> Option<String> {
        let now = (self.surroundings.now)();
        self.state.read(|state| {
            let session = state.sessions.iter().find(|session| session.access_key_id == access_key_id)?;
            (now < session.expires).then(|| session.secret_access_key.clone())
        })
    }

    pub(super) fn call(&self, authorization: &str, body: &[u8]) -> Response {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let (action, result) = match form.get("Action").map(String::as_str) {
            Some("AssumeRole") => ("AssumeRole", self.assume_role(&form)),
            Some("GetCallerIdentity") => ("GetCallerIdentity", self.get_caller_identity(authorization)),
            other => ("Unknown", Err(ApiError::unknown(other.unwrap_or("a request without an operation")))),
        };
        let (status, xml) = match result {
            Ok(result) => (
                StatusCode::OK,
                format!(
                    "<{action}Response {NAMESPACE}><{action}Result>{result}</{action}Result></{action}Response>"
                ),
            ),
            Err(error) => (
                error.status,
                format!(
                    "<ErrorResponse {NAMESPACE}><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>",
                    error.code,
                    text(&error.message)
                ),
            ),
        };
        (status, [(header::CONTENT_TYPE, "text/xml")], xml).into_response()
    }

    fn assume_role(&self, form: &BTreeMap<String, String>) -> Result<String, ApiError> {
        let required = |name: &str| {
            let value = form.get(name).filter(|value| !value.is_empty()).cloned();
            value.ok_or_else(|| ApiError::new("ValidationError", format!("{name} is missing")))
        };
        let (role_arn, session_name) = (required("RoleArn")?, required("RoleSessionName")?);
        let seconds = form.get("DurationSeconds").map_or(Ok(3600), |text| text.parse::<i64>());
        let seconds = seconds
            .ok()
            .filter(|seconds| (900..=43_200).contains(seconds))
            .ok_or_else(|| ApiError::new("ValidationError", "DurationSeconds must be from 900 to 43200"))?;
        let policy = form.get("Policy").cloned();
        if policy.as_ref().is_some_and(|policy| serde_json::from_str::<serde_json::Value>(policy).is_err()) {
            return Err(ApiError::new("MalformedPolicyDocument", "the session policy is not JSON"));
        }
        let external_id = form.get("ExternalId").cloned();
        let given = (self.surroundings.now)();
        let expires = given
            .checked_add(SignedDuration::from_secs(seconds))
            .map_err(|error| ApiError::new("ValidationError", error.to_string()))?;
        // Keys come from the system's generator even when ids come from a seed.
        let system = shared::ops::SystemRandom::default();
        let session = Session {
            access_key_id: shared::ops::random::id(&system, "ASIA"),
            secret_access_key: shared::ops::random::secret_256(&system),
            role_arn,
            session_name,
            external_id,
            policy,
            given,
            expires,
        };
        self.state.change(|state| {
            let trusted = state.roles.get(&session.role_arn).is_some_and(|role| match &role.external_id {
                Some(wanted) => session.external_id.as_ref() == Some(wanted),
                None => true,
            });
            if !trusted {
                let message =
                    format!("not authorized to perform: sts:AssumeRole on resource: {}", session.role_arn);
                return Err(ApiError::new("AccessDenied", message).status(StatusCode::FORBIDDEN));
            }
            state.sessions.push(session.clone());
            Ok(())
        })?;
        Ok(format!(
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
             <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>\
             <AssumedRoleUser><AssumedRoleId>{}:{name}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>",
            session.access_key_id,
            session.secret_access_key,
            shared::ops::random::secret_256(&system),
            expires,
            session.access_key_id,
            text(&session.arn()),
            name = text(&session.session_name),
        ))
    }

    fn get_caller_identity(&self, authorization: &str) -> Result<String, ApiError> {
        let key = authorization
            .split_once("Credential=")
            .and_then(|(_, rest)| rest.split('/').next())
            .unwrap_or_default();
        let now = (self.surroundings.now)();
        let arn = if key == ACCESS_KEY_ID {
            format!("arn:aws:iam::{ACCOUNT}:root")
        } else {
            let session =
                self.state.read(|state| state.sessions.iter().find(|s| s.access_key_id == key).cloned());
            let invalid = |code, message: &str| ApiError::new(code, message).status(StatusCode::FORBIDDEN);
            let session = session.ok_or_else(|| {
                invalid("InvalidClientTokenId", "The security token included in the request is invalid.")
            })?;
            if now >= session.expires {
                return Err(invalid("ExpiredToken", "The security token included in the request is expired"));
            }
            session.arn()
        };
        Ok(format!("<Arn>{}</Arn><UserId>{}</UserId><Account>{ACCOUNT}</Account>", text(&arn), text(key)))
    }
}

impl Session {
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`
    fn arn(&self) -> String {
        let role = self.role_arn.rsplit('/').next().unwrap_or_default();
        let account = self.role_arn.split(':').nth(4).unwrap_or(ACCOUNT);
        format!("arn:aws:sts::{account}:assumed-role/{role}/{}", self.session_name)
    }
}

const NAMESPACE: &str = "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"";

/// Character data.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
