//! Changes of groups. Members change as deltas, whatever else the request changes.

use axum::{
    extract::{Path, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    http::{ScimClient, scim},
    scim::{
        GroupAttributes, GroupCreate, GroupReplace, MembersChange, PatchRequest, ResourceKind, ScimError,
        meta::IfMatch,
    },
    store::groups::{Group, GroupError, GroupRecord},
};

use crate::answer;

/// `POST /Groups`: a group without a role.
pub(crate) async fn create(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let projection = scim::projection(&parts.uri, ResourceKind::Group);
    let body = GroupCreate::parse(&scim::read_json(&parts.headers, body).await?)?;
    let store = client.store();
    if store.group_by_name(&body.attributes.display_name).await?.is_some() {
        return Err(GroupError::NameTaken.into());
    }
    let group = store.create_group(body.attributes, &client.acting()).await?;
    let members = body.members.into_iter().map(|member| (member.value, true)).collect();
    store.change_members(&group.id, &members, &client.acting()).await?;
    answer::group(StatusCode::CREATED, &client, &Group::Custom(group), &projection).await
}

/// `PUT /Groups/{id}`
pub(crate) async fn replace(
    client: ScimClient,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let body = GroupReplace::parse(&scim::read_json(&parts.headers, body).await?)?;
    let group = existing(&client, &id, &parts.headers).await?;
    let group = with_attributes(&client, group, |_| body.attributes).await?;
    if let Some(members) = &body.members {
        client.store().replace_members(&id, members, &client.acting()).await?;
    }
    let projection = scim::projection(&parts.uri, ResourceKind::Group);
    answer::group(StatusCode::OK, &client, &group, &projection).await
}

/// `PATCH /Groups/{id}`: 204, or 200 with the group when `attributes` is asked for.
pub(crate) async fn patch(
    client: ScimClient,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let body = scim::read_json(&parts.headers, body).await?;
    let change = PatchRequest::parse(&body, ResourceKind::Group)?.group_change()?;
    let group = existing(&client, &id, &parts.headers).await?;
    let (name, external_id) = (change.display_name, change.external_id);
    let group = if name.is_some() || external_id.is_some() {
        with_attributes(&client, group, |before| GroupAttributes {
            display_name: name.unwrap_or_else(|| before.display_name.clone()),
            external_id: external_id.unwrap_or_else(|| before.external_id.clone()),
        })
        .await?
    } else {
        group
    };
    let store = client.store();
    match &change.members {
        MembersChange::Delta(delta) if delta.is_empty() => {}
        MembersChange::Delta(delta) => drop(store.change_members(&id, delta, &client.acting()).await?),
        MembersChange::ReplaceAll(all) => drop(store.replace_members(&id, all, &client.acting()).await?),
    }
    let projection = scim::projection(&parts.uri, ResourceKind::Group);
    if projection.is_explicit() {
        return answer::group(StatusCode::OK, &client, &group, &projection).await;
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /Groups/{id}`: a custom group goes, a role-group is emptied and stays.
pub(crate) async fn delete(
    client: ScimClient,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ScimError> {
    match existing(&client, &id, &headers).await? {
        Group::Role(_) => drop(client.store().replace_members(&id, &[].into(), &client.acting()).await?),
        Group::Custom(group) => client.store().delete_group(&group, &client.acting()).await?,
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn existing(client: &ScimClient, id: &str, headers: &HeaderMap) -> Result<Group, ScimError> {
    let group = client.store().group(id).await?.ok_or_else(ScimError::not_found)?;
    let wanted =
        headers.get(header::IF_MATCH).map(|value| IfMatch::parse(value.to_str().unwrap_or_default()));
    match (&group, wanted) {
        (Group::Custom(group), Some(wanted)) if !wanted.allows(group.version) => {
            Err(ScimError::precondition_failed())
        }
        _ => Ok(group),
    }
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
            let group: GroupRecord =
                client.store().change_group(&before, attributes, &client.acting()).await?;
            Ok(Group::Custom(group))
        }
    }
}
