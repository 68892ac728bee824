//! Changes of groups. Attributes change by read and conditional write, members as deltas.

use axum::http::StatusCode;
use shared::{
    http::{
        ScimClient,
        scim::{Action, Change, Outcome},
    },
    scim::{
        GroupAttributes, GroupCreate, GroupReplace, Json, MembersChange, PatchRequest, ResourceKind,
        ScimError, meta::Location,
    },
    store::groups::{AT_CREATION, Group, GroupError, GroupRecord, Version},
};

use crate::{answer, members};

/// How often a change is applied anew to a group that somebody else changed in between.
const RETRIES: u32 = 8;

/// Makes the change. Its body is validated as a whole before anything is read or written.
pub async fn apply(client: &ScimClient, change: &Change<'_>) -> Result<Outcome, ScimError> {
    match &change.action {
        Action::Create(body) => create(client, body, change).await,
        Action::Replace(id, body) => replace(client, id, body, change).await,
        Action::Patch(id, body) => patch(client, id, body, change).await,
        Action::Delete(id) => delete(client, id, change).await,
    }
}

/// A group without a role. It is there with all its members or not at all, so that a client can send it again.
async fn create(client: &ScimClient, body: &Json<'_>, change: &Change<'_>) -> Result<Outcome, ScimError> {
    let body = GroupCreate::parse(body)?;
    let store = client.store();
    if store.group_id_of(&body.attributes.display_name).await?.is_some() {
        return Err(GroupError::NameTaken.into());
    }
    let mut joining: Vec<_> = body.members.into_iter().map(|member| member.value).collect();
    let later = joining.split_off(AT_CREATION.min(joining.len()));
    let created = store.create_group(body.attributes, joining, &client.acting()).await?;
    if later.is_empty() {
        return answer::group(StatusCode::CREATED, client, &Group::Custom(created), &change.projection).await;
    }
    let group = Group::Custom(created.clone());
    let later = later.into_iter().map(|user| (user, true)).collect();
    if let Err(error) = members::change(client, &group, Version::Any, &later).await {
        withdraw(client, &created).await?;
        return Err(error);
    }
    answer::changed(StatusCode::CREATED, client, &group, &change.projection).await
}

async fn withdraw(client: &ScimClient, group: &GroupRecord) -> Result<(), ScimError> {
    let closed = client.store().close_group(group, Version::Any, &client.acting()).await?;
    members::empty(client, &Group::Custom(closed)).await?;
    Ok(client.store().delete_group(group, &client.acting()).await?)
}

async fn replace(
    client: &ScimClient,
    id: &str,
    body: &Json<'_>,
    change: &Change<'_>,
) -> Result<Outcome, ScimError> {
    let body = GroupReplace::parse(body)?;
    let (group, version) = with_attributes(client, id, change, |_| body.attributes.clone()).await?;
    let Some(wanted) = &body.members else {
        return answer::group(StatusCode::OK, client, &group, &change.projection).await;
    };
    let delta = client.store().membership_difference(&group, wanted).await?;
    members::change(client, &group, version, &delta).await?;
    answer::changed(StatusCode::OK, client, &group, &change.projection).await
}

/// 204, or 200 with the group when `attributes` is asked for.
async fn patch(
    client: &ScimClient,
    id: &str,
    body: &Json<'_>,
    change: &Change<'_>,
) -> Result<Outcome, ScimError> {
    let wanted = PatchRequest::parse(body, ResourceKind::Group)?.group_change()?;
    let (name, external_id) = (&wanted.display_name, &wanted.external_id);
    let (group, version) = with_attributes(client, id, change, |before| GroupAttributes {
        display_name: name.as_ref().unwrap_or(&before.display_name).clone(),
        external_id: external_id.as_ref().unwrap_or(&before.external_id).clone(),
    })
    .await?;
    match &wanted.members {
        MembersChange::Delta(delta) => members::change_left(client, &group, version, delta).await?,
        MembersChange::ReplaceAll(all) => {
            let delta = client.store().membership_difference(&group, all).await?;
            members::change(client, &group, version, &delta).await?;
        }
    }
    if change.projection.is_explicit() {
        return answer::changed(StatusCode::OK, client, &group, &change.projection).await;
    }
    Ok(gone(client, id))
}

/// A custom group goes, a role-group is emptied and stays.
async fn delete(client: &ScimClient, id: &str, change: &Change<'_>) -> Result<Outcome, ScimError> {
    let store = client.store();
    let group = store.group_or_leaving(id).await?.ok_or_else(ScimError::not_found)?;
    let version = wanted_version(change, &group)?;
    match &group {
        Group::Role(_) => {
            let acting = client.acting();
            store.note(&acting.record("group.empty", format!("group:{id}"), "role-group")).await?;
            members::empty(client, &group).await?;
        }
        Group::Custom(custom) => {
            let closed = store.close_group(custom, version, &client.acting()).await;
            let closed = closed.map_err(|error| stale(error, version))?;
            members::empty(client, &Group::Custom(closed)).await?;
            store.delete_group(custom, &client.acting()).await?;
        }
    }
    Ok(gone(client, id))
}

fn gone(client: &ScimClient, id: &str) -> Outcome {
    Outcome::done(Location { base: &client.base_url(), kind: ResourceKind::Group, id }, None)
}

/// The version that the rest of a change is meant for; 412 when `If-Match` names another one.
fn wanted_version(change: &Change<'_>, group: &Group) -> Result<Version, ScimError> {
    let version = match group {
        Group::Role(_) => None,
        Group::Custom(group) => Some(group.version),
    };
    change.check_version(version)?;
    Ok(match version {
        Some(version) if change.names_versions() => Version::Exactly(version),
        _ => Version::Any,
    })
}

/// A group that is not as it was read: 412 to who said which version it must be, else to be sent again.
pub(crate) fn stale(error: GroupError, version: Version) -> ScimError {
    match (error, version) {
        (GroupError::Changed, Version::Exactly(_)) => ScimError::precondition_failed(),
        (error, _) => error.into(),
    }
}

/// The group with `attributes`, and the version that a change of its members is meant for.
async fn with_attributes(
    client: &ScimClient,
    id: &str,
    change: &Change<'_>,
    attributes: impl Fn(&GroupAttributes) -> GroupAttributes,
) -> Result<(Group, Version), ScimError> {
    let store = client.store();
    for _ in 0..RETRIES {
        let group = store.group(id).await?.ok_or_else(ScimError::not_found)?;
        let version = wanted_version(change, &group)?;
        let Group::Custom(before) = &group else {
            keep_name(client, &group, &attributes).await?;
            return Ok((group, version));
        };
        let next = attributes(&before.attributes);
        if next == before.attributes {
            return Ok((group, version));
        }
        match store.change_group(before, next, &client.acting()).await {
            Err(GroupError::Changed) => {}
            done => {
                let next = done?;
                let version = match version {
                    Version::Any => Version::Any,
                    Version::Exactly(_) => Version::Exactly(next.version),
                };
                return Ok((Group::Custom(next), version));
            }
        }
    }
    Err(GroupError::Changed.into())
}

/// The six are published by us: whatever Okta wants to call them, they keep their names, and the audit log says
/// that it wanted to.
async fn keep_name(
    client: &ScimClient,
    group: &Group,
    attributes: &impl Fn(&GroupAttributes) -> GroupAttributes,
) -> Result<(), ScimError> {
    let Group::Role(role) = group else { return Ok(()) };
    let published = GroupAttributes { display_name: role.name().to_owned(), external_id: None };
    if attributes(&published).display_name != published.display_name {
        let id = client.store().group_id(group);
        let acting = client.acting();
        let record =
            acting.record("group.rename", format!("group:{id}"), "refused: a role-group keeps its name");
        client.store().note(&record).await?;
    }
    Ok(())
}
