//! Lists of groups: the six role-groups first, then custom groups in order of creation.

use axum::{extract::Request, http::HeaderMap, response::Response};
use serde_json::Value;
use shared::{
    http::{
        ScimClient,
        scim::{self, Page, Pager, Received, page::in_order},
    },
    scim::{ListQuery, Lookup, Projection, ResourceKind, ScimError, Start},
    store::groups::Group,
    tenant::Role,
};

use crate::answer;

/// `GET /Groups`
pub(crate) async fn list(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let query = ListQuery::parse(scim::query_pairs(request.uri()), ResourceKind::Group)?;
    respond(&client, request.headers(), &query).await
}

/// `POST /Groups/.search`
pub(crate) async fn search(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let received = Received::json(request).await?;
    let query = ListQuery::from_search(&received.body()?, ResourceKind::Group)?;
    respond(&client, &received.parts().headers, &query).await
}

async fn respond(client: &ScimClient, headers: &HeaderMap, query: &ListQuery) -> Result<Response, ScimError> {
    let pager = Pager::new(client, headers, "Groups", query)?;
    let page = find(client, query, pager.start()).await?;
    pager.answer(&page, &page.items)
}

/// A page of a list of groups, as they are answered.
pub async fn find(client: &ScimClient, query: &ListQuery, start: Start) -> Result<Page<Value>, ScimError> {
    let groups = found(client, query).await?;
    let mut keys = Vec::new();
    if let Some(sort) = &query.sort {
        for group in &groups {
            keys.push(sort.key(&answer::json(client, group, &without_members()).await?));
        }
    }
    let page = Page::cut(in_order(groups, keys, place), start, query.count);
    let mut items = Vec::with_capacity(page.items.len());
    for group in &page.items {
        items.push(answer::json(client, group, &query.projection).await?);
    }
    Ok(Page { total: page.total, items, next: page.next })
}

/// Where a group stands among all: a role-group before every custom one.
fn place(group: &Group) -> u64 {
    match group {
        Group::Role(role) => Role::ALL.iter().position(|other| other == role).unwrap_or_default() as u64,
        Group::Custom(group) => Role::ALL.len() as u64 + group.seq,
    }
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
            groups.sort_by_key(place);
            Ok(groups)
        }
        Lookup::ExternalId(_) | Lookup::Scan | Lookup::UserName(_) => {
            let asked = if filter.mentions("members") {
                Projection::all(ResourceKind::Group)
            } else {
                without_members()
            };
            let mut groups = Vec::new();
            for group in all(client).await? {
                if filter.matches(&answer::json(client, &group, &asked).await?) {
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

fn without_members() -> Projection {
    Projection::parse(None, Some("members"), ResourceKind::Group)
}
