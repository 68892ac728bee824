//! A group on the wire.

use axum::http::StatusCode;
use serde_json::Value;
use shared::{
    http::{
        ScimClient,
        scim::{self, Outcome},
    },
    scim::{
        GroupAttributes, GroupView, MemberRef, Projection, ResourceKind, ScimError, group, meta::Location,
    },
    store::{groups::Group, unproven::MEMBERS_READ},
    tenant::resource_id,
};

/// Above this many, `members` is left out: never a part of them, which a replacing client would take for all.
const MAX_MEMBERS: u32 = MEMBERS_READ - 1;

/// The group's representation, with its members if they are wanted and not too many.
pub(crate) async fn json(
    client: &ScimClient,
    group: &Group,
    projection: &Projection,
) -> Result<Value, ScimError> {
    let id = id_of(client, group);
    let members = if projection.wants("members") { members(client, &id).await? } else { None };
    let role_attributes;
    let (attributes, created, updated, version) = match group {
        Group::Role(role) => {
            role_attributes = GroupAttributes { display_name: role.name().to_owned(), external_id: None };
            let since = client.visit.workspace.created;
            (&role_attributes, since, since, None)
        }
        Group::Custom(group) => (&group.attributes, group.created, group.updated, Some(group.version)),
    };
    let view = GroupView {
        id: &id,
        attributes,
        members: members.as_deref(),
        created: &scim::rfc3339(created),
        last_modified: &scim::rfc3339(updated),
        version,
        location_base: &client.base_url(),
    };
    serde_json::to_value(group::render(view, projection)).map_err(|_| ScimError::internal())
}

/// An answer with a group.
pub(crate) async fn group(
    status: StatusCode,
    client: &ScimClient,
    group: &Group,
    projection: &Projection,
) -> Result<Outcome, ScimError> {
    let body = json(client, group, projection).await?;
    let (base, id) = (client.base_url(), id_of(client, group));
    let location = Location { base: &base, kind: ResourceKind::Group, id: &id };
    let version = match group {
        Group::Role(_) => None,
        Group::Custom(group) => Some(group.version),
    };
    Outcome::with(status, &body, location, version)
}

/// The group's id.
pub(crate) fn id_of(client: &ScimClient, group: &Group) -> String {
    match group {
        Group::Role(role) => resource_id::role_group(client.principal.tenant(), *role),
        Group::Custom(group) => group.id.clone(),
    }
}

async fn members(client: &ScimClient, id: &str) -> Result<Option<Vec<MemberRef>>, ScimError> {
    let members = client.store().members(id, MAX_MEMBERS + 1).await?;
    let shown = u32::try_from(members.len()).is_ok_and(|count| count <= MAX_MEMBERS);
    let refs = members.into_iter().map(|member| MemberRef { value: member.user, display: None });
    Ok(shown.then(|| refs.collect()))
}
