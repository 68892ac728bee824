//! Lists of users: a page at any index costs one query; `userName eq` and `id eq` go straight to the user.

use axum::{extract::Request, http::StatusCode, response::Response};
use serde_json::Value;
use shared::{
    http::{ScimClient, scim},
    scim::{ListQuery, Lookup, Projection, ResourceKind, ScimError, list_response},
    store::users::UserRecord,
};

/// `GET /Users`
pub(crate) async fn list(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let query = ListQuery::parse(scim::query_pairs(request.uri()), ResourceKind::User)?;
    answer(&client, query).await
}

/// `POST /Users/.search` (RFC 7644 section 3.4.3)
pub(crate) async fn search(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let (parts, body) = request.into_parts();
    let body = scim::read_json(&parts.headers, body).await?;
    answer(&client, ListQuery::from_search(&body, ResourceKind::User)?).await
}

async fn answer(client: &ScimClient, query: ListQuery) -> Result<Response, ScimError> {
    let (total, resources) = match &query.filter {
        None if query.sort.is_none() => page(client, &query).await?,
        None => scan(client, &query).await?,
        Some(filter) => match filter.lookup() {
            Lookup::UserName(name) => one(client, &query, client.store().user_by_name(name).await?),
            Lookup::Id(id) => one(client, &query, client.store().user(id).await?),
            // A user has neither of the latter two: the filter was parsed for users.
            Lookup::ExternalId(_) | Lookup::Scan | Lookup::DisplayName(_) | Lookup::MemberValue(_) => {
                scan(client, &query).await?
            }
        },
    };
    Ok(scim::answer(StatusCode::OK, &list_response(total, query.start_index, resources)))
}

async fn page(client: &ScimClient, query: &ListQuery) -> Result<(u64, Vec<Value>), ScimError> {
    let count = u32::try_from(query.count).unwrap_or(u32::MAX);
    let store = client.store();
    let (total, users) = store.users(query.start_index, count).await?;
    store.heal_listing(&users, client.visit.at).await?;
    Ok((total, users.iter().map(|user| scim::user_json(client, user, &query.projection)).collect()))
}

fn one(client: &ScimClient, query: &ListQuery, user: Option<UserRecord>) -> (u64, Vec<Value>) {
    let total = u64::from(user.is_some());
    let on_page = user.filter(|_| query.start_index == 1 && query.count > 0);
    (total, on_page.iter().map(|user| scim::user_json(client, user, &query.projection)).collect())
}

/// Any other filter, or an order: looks at every user, which is bounded.
async fn scan(client: &ScimClient, query: &ListQuery) -> Result<(u64, Vec<Value>), ScimError> {
    let all = Projection::all(ResourceKind::User);
    let mut found = Vec::new();
    let matches = |user: &UserRecord| {
        let json = scim::user_json(client, user, &all);
        let matches = query.filter.as_ref().is_none_or(|filter| filter.matches(&json));
        if matches {
            found.push(json);
        }
        matches
    };
    let users = client.store().scan_users(matches).await?;
    let users = users.ok_or_else(|| {
        ScimError::too_many("this filter or order would look at too many users; filter by userName or id")
    })?;
    let mut order: Vec<_> = (0..users.len()).collect();
    if let Some(sort) = &query.sort {
        for (index, json) in found.iter_mut().enumerate() {
            // Sorting moves the rendered users; the place tells which is which.
            json["seq"] = index.into();
        }
        sort.apply(&mut found);
        order = found.iter().filter_map(|json| usize::try_from(json["seq"].as_u64()?).ok()).collect();
    }
    let skip = usize::try_from(query.start_index - 1).unwrap_or(usize::MAX);
    let page = order.iter().skip(skip).take(query.count).filter_map(|index| users.get(*index));
    let page = page.map(|user| scim::user_json(client, user, &query.projection)).collect();
    Ok((users.len() as u64, page))
}
