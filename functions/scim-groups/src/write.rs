//! Changes of groups. Members change as deltas, whatever else the request changes.

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
    store::groups::{Group, GroupError},
};

use crate::answer;

/// Makes the change. Its body is validated as a whole before anything is read or written.
pub async fn apply(client: &ScimClient, change: &Change<'_>) -> Result<Outcome, ScimError> {
    match &change.action {
        Action::Create(body) => create(client, body, change).await,
        Action::Replace(id, body) => replace(client, id, body, change).await,
        Action::Patch(id, body) => patch(client, id, body, change).await,
        Action::Delete(id) => delete(client, id, change).await,
    }
}

/// A group without a role.
async fn create(client: &ScimClient, body: &Json<'_>, change: &Change<'_>) -> Result<Outcome, ScimError> {
    let body = GroupCreate::parse(body)?;
    let store = client.store();
    if store.group_by_name(&body.attributes.display_name).await?.is_some() {
        return Err(GroupError::NameTaken.into());
    }
    let group = store.create_group(body.attributes, &client.acting()).await?;
    let members = body.members.into_iter().map(|member| (member.value, true)).collect();
    store.change_members(&group.id, &members, &client.acting()).await?;
    answer::group(StatusCode::CREATED, client, &Group::Custom(group), &change.projection).await
}

async fn replace(
    client: &ScimClient,
    id: &str,
    body: &Json<'_>,
    change: &Change<'_>,
) -> Result<Outcome, ScimError> {
    let body = GroupReplace::parse(body)?;
    let group = existing(client, id, change).await?;
    let group = with_attributes(client, group, |_| body.attributes).await?;
    if let Some(members) = &body.members {
        client.store().replace_members(id, members, &client.acting()).await?;
    }
    answer::group(StatusCode::OK, client, &group, &change.projection).await
}

/// 204, or 200 with the group when `attributes` is asked for.
async fn patch(
    client: &ScimClient,
    id: &str,
    body: &Json<'_>,
    change: &Change<'_>,
) -> Result<Outcome, ScimError> {
    let wanted = PatchRequest::parse(body, ResourceKind::Group)?.group_change()?;
    let group = existing(client, id, change).await?;
    let (name, external_id) = (wanted.display_name, wanted.external_id);
    let group = if name.is_some() || external_id.is_some() {
        with_attributes(client, group, |before| GroupAttributes {
            display_name: name.unwrap_or_else(|| before.display_name.clone()),
            external_id: external_id.unwrap_or_else(|| before.external_id.clone()),
        })
        .await?
    } else {
        group
    };
    let store = client.store();
    match &wanted.members {
        MembersChange::Delta(delta) if delta.is_empty() => {}
        MembersChange::Delta(delta) => drop(store.change_members(id, delta, &client.acting()).await?),
        MembersChange::ReplaceAll(all) => drop(store.replace_members(id, all, &client.acting()).await?),
    }
    if change.projection.is_explicit() {
        return answer::group(StatusCode::OK, client, &group, &change.projection).await;
    }
    Ok(gone(client, id))
}

/// A custom group goes, a role-group is emptied and stays.
async fn delete(client: &ScimClient, id: &str, change: &Change<'_>) -> Result<Outcome, ScimError> {
    match existing(client, id, change).await? {
        Group::Role(_) => drop(client.store().replace_members(id, &[].into(), &client.acting()).await?),
        Group::Custom(group) => client.store().delete_group(&group, &client.acting()).await?,
    }
    Ok(gone(client, id))
}

fn gone(client: &ScimClient, id: &str) -> Outcome {
    Outcome::done(Location { base: &client.base_url(), kind: ResourceKind::Group, id }, None)
}

async fn existing(client: &ScimClient, id: &str, change: &Change<'_>) -> Result<Group, ScimError> {
    let group = client.store().group(id).await?.ok_or_else(ScimError::not_found)?;
    change.check_version(match &group {
        Group::Role(_) => None,
        Group::Custom(group) => Some(group.version),
    })?;
    Ok(group)
}

async fn with_attributes(
    client: &ScimClient,
    group: Group,
    attributes: impl FnOnce(&GroupAttributes) -> GroupAttributes,
) -> Result<Group, ScimError> {
    match group {
        // The six are published by us: whatever Okta wants to call them, they keep their names.
        Group::Role(role) => Ok(Group::Role(role)),
        Group::Custom(before) => {
            let attributes = attributes(&before.attributes);
            if attributes == before.attributes {
                return Ok(Group::Custom(before));
            }
            let group = client.store().change_group(&before, attributes, &client.acting()).await?;
            Ok(Group::Custom(group))
        }
    }
}
