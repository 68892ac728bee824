//! Changes of users. A change is a read and a transaction; whoever changed the user in between makes it be
//! read again.

use axum::http::StatusCode;
use shared::{
    http::{
        ScimClient,
        scim::{Action, Change, Outcome},
    },
    scim::{
        Json, PatchRequest, Projection, ResourceKind, ScimError, UserAttributes, UserBody, meta::Location,
    },
    store::users::{NewUser, Source, UserError, UserRecord},
    tenant::Role,
};

use crate::answer;

/// How often a change is applied anew to a user that somebody else changed in between.
const RETRIES: u32 = 8;

/// Makes the change. Its body is validated as a whole before anything is read or written.
pub async fn apply(client: &ScimClient, change: &Change<'_>) -> Result<Outcome, ScimError> {
    match &change.action {
        Action::Create(body) => create(client, body, &change.projection).await,
        Action::Replace(id, body) => {
            let replace = UserBody::parse(body)?;
            changed(client, id, change, |user| Ok(replace.attributes(user.active))).await
        }
        Action::Patch(id, body) => {
            let patch = PatchRequest::parse(body, ResourceKind::User)?;
            changed(client, id, change, |user| user.attributes.apply_patch(&patch)).await
        }
        Action::Delete(id) => delete(client, id, change).await,
    }
}

async fn create(client: &ScimClient, body: &Json<'_>, projection: &Projection) -> Result<Outcome, ScimError> {
    let attributes = UserBody::parse(body)?.attributes(true);
    let store = client.store();
    if let Some(user) = store.user_by_name(attributes.user_name()).await? {
        // A person who came by JIT or invitation is adopted, not duplicated.
        if user.source == Source::Scim {
            return Err(UserError::NameTaken.into());
        }
        let adopted = store.change_user(&user.adopted(), attributes, &client.acting()).await;
        look_for_an_admin(client, &user, adopted.as_ref().ok());
        return answer(StatusCode::CREATED, client, &adopted?, projection);
    }
    let new = NewUser { attributes, source: Source::Scim, grants: Vec::new() };
    let user = store.create_user(new, &client.acting()).await?;
    answer(StatusCode::CREATED, client, &user, projection)
}

/// 200 with the user, whom `attributes` changed.
async fn changed(
    client: &ScimClient,
    id: &str,
    change: &Change<'_>,
    attributes: impl Fn(&UserRecord) -> Result<UserAttributes, ScimError>,
) -> Result<Outcome, ScimError> {
    let store = client.store();
    for _ in 0..RETRIES {
        let user = store.user(id).await?.ok_or_else(ScimError::not_found)?;
        change.check_version(Some(user.version))?;
        let attributes = attributes(&user)?;
        match store.change_user(&user.adopted(), attributes, &client.acting()).await {
            Err(UserError::Changed) => {}
            done => {
                look_for_an_admin(client, &user, done.as_ref().ok());
                return answer(StatusCode::OK, client, &done?, &change.projection);
            }
        }
    }
    Err(UserError::Changed.into())
}

async fn delete(client: &ScimClient, id: &str, change: &Change<'_>) -> Result<Outcome, ScimError> {
    let store = client.store();
    let mut was_admin = false;
    for _ in 0..RETRIES {
        let user = store.user(id).await?.ok_or_else(ScimError::not_found)?;
        change.check_version(Some(user.version))?;
        // A try that somebody interrupts has taken the user out of groups already.
        was_admin |= is_admin(client, &user);
        match store.delete_user(&user, &client.acting()).await {
            Err(UserError::Changed) => {}
            done => {
                if was_admin {
                    client.an_admin_may_be_gone();
                }
                done?;
                let base = client.base_url();
                return Ok(Outcome::done(Location { base: &base, kind: ResourceKind::User, id }, None));
            }
        }
    }
    Err(UserError::Changed.into())
}

/// After a change of `user`, who is `now` as said; none is what cannot be known, and counts as gone.
fn look_for_an_admin(client: &ScimClient, user: &UserRecord, now: Option<&UserRecord>) {
    if is_admin(client, user) && !now.is_some_and(|now| is_admin(client, now)) {
        client.an_admin_may_be_gone();
    }
}

fn is_admin(client: &ScimClient, user: &UserRecord) -> bool {
    user.role(client.principal.tenant()) == Some(Role::Admin)
}
