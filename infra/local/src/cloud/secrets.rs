//! Secrets Manager: versions and their stages.
//!
//! The one rule: exactly one version is `AWSCURRENT`, and the one it replaced is `AWSPREVIOUS`
//! (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>).

mod state;

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Surroundings;
use super::api::{ApiError, ApiResult, input};
use super::document::Document;
use state::{CURRENT, Content, Secret, State};

pub(super) struct Secrets {
    state: Document<State>,
    surroundings: Surroundings,
}

impl Secrets {
    pub(super) fn open(data: Option<&Path>, surroundings: Surroundings) -> anyhow::Result<Self> {
        Ok(Self { state: Document::open(data, "secretsmanager.json")?, surroundings })
    }

    pub(super) fn call(&self, operation: &str, body: &Value) -> ApiResult {
        match operation {
            "CreateSecret" => self.create(input(body)?),
            "PutSecretValue" => self.put(input(body)?),
            "GetSecretValue" => self.get(&input(body)?),
            "DescribeSecret" => self.describe(&input(body)?),
            "DeleteSecret" => self.delete(&input(body)?),
            "RestoreSecret" => self.restore(&input(body)?),
            _ => Err(ApiError::unknown(operation)),
        }
    }

    fn create(&self, request: CreateSecret) -> ApiResult {
        let version = self.version_id(request.client_request_token);
        let name = request.name.clone();
        let content = Content::new(request.secret_string, request.secret_binary)?;
        // Names that AWS would give the same ARN prefix differ by these six characters.
        let suffix = &shared::ops::random::id(&*self.surroundings.random, "")[..6];
        let arn = super::arn("secretsmanager", &format!("secret:{name}-{suffix}"));
        let now = (self.surroundings.now)();
        self.state.change(|state| {
            if let Some(secret) = state.secrets.get(&name) {
                // The same request again, as an SDK sends it after a lost answer.
                if secret.deleted.is_none()
                    && secret.versions.get(&version).is_some_and(|v| Some(&v.content) == content.as_ref())
                {
                    return Ok(json!({ "ARN": secret.arn, "Name": name, "VersionId": version }));
                }
                return Err(match secret.deleted {
                    Some(_) => invalid("a secret with this name is already scheduled for deletion"),
                    None => ApiError::new(
                        "ResourceExistsException",
                        format!("The operation failed because the secret {name} already exists."),
                    ),
                });
            }
            let mut secret = Secret::new(arn, request.description, now);
            let mut answer = json!({ "ARN": secret.arn, "Name": name });
            if let Some(content) = content {
                secret.put(&version, content, &[CURRENT.to_owned()], now)?;
                answer["VersionId"] = version.into();
            }
            state.secrets.insert(name, secret);
            Ok(answer)
        })
    }

    fn put(&self, request: PutSecretValue) -> ApiResult {
        let version = self.version_id(request.client_request_token);
        let content = Content::new(request.secret_string, request.secret_binary)?
            .ok_or_else(|| invalid("You must provide either SecretString or SecretBinary."))?;
        let stages = request.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
        let now = (self.surroundings.now)();
        self.state.change(|state| {
            let (name, secret) = state.find_mut(&request.secret_id)?;
            secret.live()?;
            secret.put(&version, content, &stages, now)?;
            let stages = &secret.versions[&version].stages;
            Ok(json!({ "ARN": secret.arn, "Name": name, "VersionId": version, "VersionStages": stages }))
        })
    }

    fn get(&self, request: &GetSecretValue) -> ApiResult {
        self.state.read(|state| {
            let (name, secret) = state.find(&request.secret_id)?;
            secret.live()?;
            let stage = match (&request.version_id, &request.version_stage) {
                (None, None) => Some(CURRENT),
                (_, stage) => stage.as_deref(),
            };
            let (id, version) = secret.find(request.version_id.as_deref(), stage)?;
            let mut answer = json!({
                "ARN": secret.arn, "Name": name, "VersionId": id, "VersionStages": version.stages,
                "CreatedDate": version.created.as_second(),
            });
            match &version.content {
                Content::String(text) => answer["SecretString"] = text.clone().into(),
                Content::Binary(base64) => answer["SecretBinary"] = base64.clone().into(),
            }
            Ok(answer)
        })
    }

    fn describe(&self, request: &SecretId) -> ApiResult {
        self.state.read(|state| {
            let (name, secret) = state.find(&request.secret_id)?;
            let mut answer = json!({
                "ARN": secret.arn, "Name": name, "CreatedDate": secret.created.as_second(),
                "LastChangedDate": secret.changed.as_second(),
                "VersionIdsToStages": secret.stages(),
            });
            if let Some(description) = &secret.description {
                answer["Description"] = description.clone().into();
            }
            if let Some(deleted) = secret.deleted {
                answer["DeletedDate"] = deleted.as_second().into();
            }
            Ok(answer)
        })
    }

    fn delete(&self, request: &DeleteSecret) -> ApiResult {
        let now = (self.surroundings.now)();
        self.state.change(|state| {
            let (name, secret) = state.find_mut(&request.secret_id)?;
            let answer = |at: i64| json!({ "ARN": secret.arn, "Name": name, "DeletionDate": at });
            if request.force_delete_without_recovery {
                if request.recovery_window_in_days.is_some() {
                    return Err(invalid("a recovery window and no recovery were both asked for"));
                }
                let answer = answer(now.as_second());
                state.secrets.remove(&name);
                return Ok(answer);
            }
            let days = request.recovery_window_in_days.unwrap_or(30);
            if !(7..=30).contains(&days) {
                return Err(invalid("RecoveryWindowInDays must be from 7 to 30"));
            }
            secret.live()?;
            let answer = answer(now.as_second() + days * 86_400);
            secret.deleted = Some(now);
            Ok(answer)
        })
    }

    fn restore(&self, request: &SecretId) -> ApiResult {
        self.state.change(|state| {
            let (name, secret) = state.find_mut(&request.secret_id)?;
            secret.deleted = None;
            Ok(json!({ "ARN": secret.arn, "Name": name }))
        })
    }

    fn version_id(&self, token: Option<String>) -> String {
        token.unwrap_or_else(|| shared::ops::random::uuid(&*self.surroundings.random).to_string())
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::new("InvalidRequestException", message)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue {
    secret_id: String,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_stages: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretId {
    secret_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteSecret {
    secret_id: String,
    #[serde(default)]
    force_delete_without_recovery: bool,
    recovery_window_in_days: Option<i64>,
}
