//! Metadata that an Admin fetches anew, and the confirmation of what a refresh would not take over by itself.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Input, Person, Problem, metadata::Refresher},
    tenant::{Digest, Permission},
};

use super::{PATH, may_change, trust};
use crate::Console;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Staged {
    /// The digest of the metadata that the Admin saw.
    metadata: String,
}

/// What the schedule does, now, and the Admins hear of it as they would then: it can change nothing that the schedule
/// would not, so it needs no fresh sign-in.
pub(super) async fn now(State(console): State<Console>, person: Person) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    let refresher = Refresher {
        outbound: &console.outbound,
        mailer: &console.mailer,
        base: &console.door.base,
        workspace: &person.visit.workspace,
    };
    let outcome = refresher.refresh(&person.store(), &person.acting()).await?.as_str();
    Ok(Answer::done(PATH, json!({ "refreshed": outcome })))
}

/// An Admin confirms what they saw: it decides who signs in from now on.
pub(super) async fn confirm(
    State(console): State<Console>,
    person: Person,
    Input(input): Input<Staged>,
) -> Result<Answer, Problem> {
    may_change(&person)?;
    let store = person.store();
    let saw = Digest::from_hex(&input.metadata);
    let staged = store.sso_refresh().await?.staged.filter(|staged| Some(staged.digest()) == saw);
    let staged = staged.ok_or_else(|| {
        Problem::conflict(
            "metadata.staged",
            "That is not what waits now.",
            "Look at the SSO page again: the identity provider's metadata has changed meanwhile.",
        )
    })?;
    let before = store.sso().await?.ok_or_else(Problem::not_found)?;
    let url = before.metadata_url.clone();
    trust(&console, &person, Some(&before), url, staged.idp, "sso.confirm").await
}
