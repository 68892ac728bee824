//! The operators' workspace and its first administrator.

use lambda_runtime::Error;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    store::{
        audit::Acting,
        onboarding::{NewWorkspace, OnboardingError, send_invitation},
    },
    tenant::{Subdomain, WorkspaceKind},
};

use crate::Housekeeping;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    subdomain: Subdomain,
    name: String,
    /// The first operator's.
    email: String,
}

pub(crate) async fn run(chores: &Housekeeping, request: &Value, request_id: &str) -> Result<Value, Error> {
    let Request { subdomain, name, email } = Request::deserialize(request)?;
    let acting = Acting {
        actor: "job:bootstrap".to_owned(),
        at: chores.clock.now(),
        correlation_id: request_id,
        random: &*chores.random,
    };
    let origin = chores.base.origin(subdomain.as_str());
    let new = NewWorkspace { subdomain, name, kind: WorkspaceKind::Operator, email: email.clone() };
    match chores.workspaces.create_with_sponsor(&new, &acting).await {
        Ok(created) => {
            send_invitation(&chores.mailer, &origin, &email, &created.invitation).await?;
            Ok(json!({ "created": true, "origin": origin }))
        }
        Err(OnboardingError::SubdomainTaken) => Ok(json!({ "created": false, "origin": origin })),
        Err(error) => Err(error.into()),
    }
}
