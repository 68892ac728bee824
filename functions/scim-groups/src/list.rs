//! Lists of groups: the six role-groups first, then custom groups in order of creation.

use axum::{extract::Request, http::HeaderMap, response::Response};
use futures::{StreamExt, TryStreamExt, stream};
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

/// Members in one list, of all its groups: far below the 6 MB of an answer.
const MAX_LISTED: usize = 10_000;
/// Groups whose members a filter may look at.
const MAX_LOOKED_INTO: usize = 200;
/// Groups whose members are read at the same time.
const AT_ONCE: usize = 8;

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

/// A page of a list of groups, as they are answered: `members` only where `attributes` names it, since a list that
/// Okta pages through would read every membership there is.
pub async fn find(client: &ScimClient, query: &ListQuery, start: Start) -> Result<Page<Value>, ScimError> {
    let groups = found(client, query).await?;
    let mut keys = Vec::new();
    if let Some(sort) = &query.sort {
        for group in &groups {
            keys.push(sort.key(&answer::bare(client, group)?));
        }
    }
    let page = Page::cut(in_order(groups, keys, place), start, query.count);
    let asked = query.projection.asks_for("members");
    let read: Vec<_> =
        page.items.iter().filter(|_| asked).map(|group| answer::all_members(client, group)).collect();
    let mut read = stream::iter(read).buffered(AT_ONCE);
    let (mut items, mut listed) = (Vec::with_capacity(page.items.len()), 0);
    for group in &page.items {
        let members = read.try_next().await?.flatten();
        listed += members.as_ref().map_or(0, Vec::len);
        // Never a part of a group's members: all or none.
        let members = members.filter(|_| listed <= MAX_LISTED);
        items.push(answer::render(client, group, members.as_deref(), &query.projection)?);
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
            let asks_members = filter.mentions("members");
            let all = all(client).await?;
            if asks_members && all.len() > MAX_LOOKED_INTO {
                return Err(too_many());
            }
            let mut groups = Vec::new();
            for group in all {
                let shown = if asks_members {
                    let members = answer::all_members(client, &group).await?.ok_or_else(too_many)?;
                    answer::render(client, &group, Some(&members), &Projection::all(ResourceKind::Group))?
                } else {
                    answer::bare(client, &group)?
                };
                if filter.matches(&shown) {
                    groups.push(group);
                }
            }
            Ok(groups)
        }
    }
}

fn too_many() -> ScimError {
    ScimError::too_many("this filter would look at too many members; filter by members.value alone")
}

async fn all(client: &ScimClient) -> Result<Vec<Group>, ScimError> {
    let roles = Role::ALL.into_iter().map(Group::Role);
    let custom = client.store().custom_groups().await?.into_iter().map(Group::Custom);
    Ok(roles.chain(custom).collect())
}
