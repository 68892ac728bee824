//! A group on the wire.

use axum::http::StatusCode;
use futures::try_join;
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
};

/// Above this many, `members` is left out: never a part of them, which a replacing client would take for all.
const MAX_MEMBERS: u32 = MEMBERS_READ - 1;

/// The group's representation without members.
pub(crate) fn bare(client: &ScimClient, group: &Group) -> Result<Value, ScimError> {
    render(client, group, None, &Projection::all(ResourceKind::Group))
}

/// The group's representation, as far as it is wanted.
pub(crate) fn render(
    client: &ScimClient,
    group: &Group,
    members: Option<&[MemberRef]>,
    projection: &Projection,
) -> Result<Value, ScimError> {
    let id = client.store().group_id(group);
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
        members,
        created: &scim::rfc3339(created),
        last_modified: &scim::rfc3339(updated),
        version,
        location_base: &client.base_url(),
    };
    serde_json::to_value(group::render(view, projection)).map_err(|_| ScimError::internal())
}

/// An answer with a group, as it was just read or written.
pub(crate) async fn group(
    status: StatusCode,
    client: &ScimClient,
    group: &Group,
    projection: &Projection,
) -> Result<Outcome, ScimError> {
    let members = members(client, group, projection).await?;
    outcome(status, client, group, members.as_deref(), projection)
}

/// An answer with a group whose members were just changed: both are read again, at the same time.
pub(crate) async fn changed(
    status: StatusCode,
    client: &ScimClient,
    group: &Group,
    projection: &Projection,
) -> Result<Outcome, ScimError> {
    let (store, id) = (client.store(), client.store().group_id(group));
    let read = async { store.group(&id).await?.ok_or_else(ScimError::not_found) };
    let (group, members) = try_join!(read, members(client, group, projection))?;
    outcome(status, client, &group, members.as_deref(), projection)
}

fn outcome(
    status: StatusCode,
    client: &ScimClient,
    group: &Group,
    members: Option<&[MemberRef]>,
    projection: &Projection,
) -> Result<Outcome, ScimError> {
    let body = render(client, group, members, projection)?;
    let (base, id) = (client.base_url(), client.store().group_id(group));
    let location = Location { base: &base, kind: ResourceKind::Group, id: &id };
    let version = match group {
        Group::Role(_) => None,
        Group::Custom(group) => Some(group.version),
    };
    Outcome::with(status, &body, location, version)
}

async fn members(
    client: &ScimClient,
    group: &Group,
    projection: &Projection,
) -> Result<Option<Vec<MemberRef>>, ScimError> {
    if !projection.wants("members") {
        return Ok(None);
    }
    all_members(client, group).await
}

/// All members; none when there are too many to show.
pub(crate) async fn all_members(
    client: &ScimClient,
    group: &Group,
) -> Result<Option<Vec<MemberRef>>, ScimError> {
    let store = client.store();
    let members = store.members(&store.group_id(group), MAX_MEMBERS + 1).await?;
    let shown = u32::try_from(members.len()).is_ok_and(|count| count <= MAX_MEMBERS);
    let refs = members.into_iter().map(|member| MemberRef { value: member.user });
    Ok(shown.then(|| refs.collect()))
}
