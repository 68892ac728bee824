//! Lists of users: a page at any place costs one query; `userName eq` and `id eq` go straight to the user.

use axum::{extract::Request, http::HeaderMap, response::Response};
use serde_json::Value;
use shared::{
    http::{
        ScimClient,
        scim::{self, Page, Pager, Received, ShownUser, page::in_order},
    },
    scim::{ListQuery, Lookup, Projection, ResourceKind, ScimError, Start},
    store::users::UserRecord,
};

/// `GET /Users`
pub(crate) async fn list(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let query = ListQuery::parse(scim::query_pairs(request.uri()), ResourceKind::User)?;
    answer(&client, request.headers(), &query).await
}

/// `POST /Users/.search` (RFC 7644 section 3.4.3)
pub(crate) async fn search(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let received = Received::json(request).await?;
    let query = ListQuery::from_search(&received.body()?, ResourceKind::User)?;
    answer(&client, &received.parts().headers, &query).await
}

async fn answer(client: &ScimClient, headers: &HeaderMap, query: &ListQuery) -> Result<Response, ScimError> {
    let pager = Pager::new(client, headers, "Users", query)?;
    let page = page(client, query, pager.start()).await?;
    let (tenant, base_url) = (client.principal.tenant(), client.base_url());
    let shown = page.items.iter().map(|user| ShownUser::new(user, tenant, &base_url, &query.projection));
    pager.answer(&page, &shown.collect::<Vec<_>>())
}

/// A page of a list of users, as they are answered: for a search over users and groups.
pub async fn find(client: &ScimClient, query: &ListQuery, start: Start) -> Result<Page<Value>, ScimError> {
    let page = page(client, query, start).await?;
    let (tenant, base_url) = (client.principal.tenant(), client.base_url());
    let shown = page.items.iter().map(|user| ShownUser::new(user, tenant, &base_url, &query.projection));
    let items = shown.map(|user| serde_json::to_value(user).map_err(|_| ScimError::internal()));
    Ok(Page { items: items.collect::<Result<_, _>>()?, total: page.total, next: page.next })
}

async fn page(client: &ScimClient, query: &ListQuery, start: Start) -> Result<Page<UserRecord>, ScimError> {
    let store = client.store();
    let one = |user: Option<UserRecord>| {
        let all = user.into_iter().map(|user| (user.seq, user)).collect();
        Ok(Page::cut(all, start, query.count))
    };
    match query.filter.as_ref().map(|filter| filter.lookup()) {
        None if query.sort.is_none() => {
            let count = u32::try_from(query.count).unwrap_or(u32::MAX);
            let page = store.closed_user_page(start, count, client.visit.at).await?;
            Ok(Page { total: page.total, items: page.users, next: page.next })
        }
        Some(Lookup::UserName(name)) => one(store.user_by_name(name).await?),
        Some(Lookup::Id(id)) => one(store.user(id).await?),
        // A user has neither of the latter two: the filter was parsed for users.
        None
        | Some(Lookup::ExternalId(_) | Lookup::Scan | Lookup::DisplayName(_) | Lookup::MemberValue(_)) => {
            Ok(Page::cut(scan(client, query).await?, start, query.count))
        }
    }
}

/// Any other filter, or an order: looks at every user, which is bounded.
async fn scan(client: &ScimClient, query: &ListQuery) -> Result<Vec<(u64, UserRecord)>, ScimError> {
    let (tenant, base_url) = (client.principal.tenant(), client.base_url());
    let all = Projection::all(ResourceKind::User);
    let mut keys = Vec::new();
    let wanted = |user: &UserRecord| {
        let json = serde_json::to_value(ShownUser::new(user, tenant, &base_url, &all)).unwrap_or_default();
        let wanted = query.filter.as_ref().is_none_or(|filter| filter.matches(&json));
        keys.extend(query.sort.filter(|_| wanted).map(|sort| sort.key(&json)));
        wanted
    };
    let users = client.store().scan_users(wanted).await?.ok_or_else(|| {
        ScimError::too_many("this filter or order would look at too many users; filter by userName or id")
    })?;
    Ok(in_order(users, keys, |user| user.seq))
}
