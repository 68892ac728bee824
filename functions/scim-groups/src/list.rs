//! Lists of groups: the six role-groups first, then custom groups in order of creation.

use axum::{extract::Request, http::StatusCode, response::Response};
use shared::{
    http::{ScimClient, scim},
    scim::{ListQuery, Lookup, Projection, ResourceKind, ScimError, list_response},
    store::groups::Group,
    tenant::Role,
};

use crate::answer;

/// `GET /Groups`
pub(crate) async fn list(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let query = ListQuery::parse(scim::query_pairs(request.uri()), ResourceKind::Group)?;
    respond(&client, query).await
}

/// `POST /Groups/.search`
pub(crate) async fn search(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let body = scim::read_json(&parts.headers, body).await?;
    respond(&client, ListQuery::from_search(&body, ResourceKind::Group)?).await
}

async fn respond(client: &ScimClient, query: ListQuery) -> Result<Response, ScimError> {
    let mut groups = found(client, &query).await?;
    if let Some(sort) = &query.sort {
        // Members play no part in any order.
        let plain = Projection::parse(None, Some("members"), ResourceKind::Group);
        let mut order = Vec::with_capacity(groups.len());
        for (index, group) in groups.iter().enumerate() {
            let mut json = answer::json(client, group, &plain).await?;
            json["seq"] = index.into();
            order.push(json);
        }
        sort.apply(&mut order);
        let places = order.iter().filter_map(|json| usize::try_from(json["seq"].as_u64()?).ok());
        groups = places.filter_map(|index| groups.get(index).cloned()).collect();
    }
    let skip = usize::try_from(query.start_index - 1).unwrap_or(usize::MAX);
    let mut resources = Vec::new();
    for group in groups.iter().skip(skip).take(query.count) {
        resources.push(answer::json(client, group, &query.projection).await?);
    }
    Ok(scim::answer(StatusCode::OK, &list_response(groups.len() as u64, query.start_index, resources)))
}

async fn found(client: &ScimClient, query: &ListQuery) -> Result<Vec<Group>, ScimError> {
    let store = client.store();
    let Some(filter) = &query.filter else { return all(client).await };
    match filter.lookup() {
        Lookup::DisplayName(name) => Ok(store.group_by_name(name).await?.into_iter().collect()),
        Lookup::Id(id) => Ok(store.group(id).await?.into_iter().collect()),
        Lookup::MemberValue(user) => {
            let mut groups = Vec::new();
            for id in store.user(user).await?.map(|user| user.groups).unwrap_or_default() {
                groups.extend(store.group(&id).await?);
            }
            Ok(groups)
        }
        Lookup::ExternalId(_) | Lookup::Scan | Lookup::UserName(_) => {
            let projection = if filter.mentions("members") {
                Projection::all(ResourceKind::Group)
            } else {
                Projection::parse(None, Some("members"), ResourceKind::Group)
            };
            let mut groups = Vec::new();
            for group in all(client).await? {
                if filter.matches(&answer::json(client, &group, &projection).await?) {
                    groups.push(group);
                }
            }
            Ok(groups)
        }
    }
}

async fn all(client: &ScimClient) -> Result<Vec<Group>, ScimError> {
    let roles = Role::ALL.into_iter().map(Group::Role);
    let custom = client.store().custom_groups().await?.into_iter().map(Group::Custom);
    Ok(roles.chain(custom).collect())
}
