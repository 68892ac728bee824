//! `POST /.search`: one query over users and groups (RFC 7644 section 3.4.3). The list is all users that match, then
//! all groups that do.

use axum::{extract::Request, response::Response};
use serde_json::Value;
use shared::{
    http::{
        ScimClient,
        scim::{Page, Pager, Received},
    },
    scim::{Json, ListQuery, ResourceKind, ScimError, Start},
};

/// Groups are at the places from here on, and users before: there are never so many.
const GROUPS: u64 = 1 << 62;

pub(crate) async fn search(client: ScimClient, request: Request) -> Result<Response, ScimError> {
    let received = Received::json(request).await?;
    let query = Query::parse(&received.body()?)?;
    let pager = Pager::new(&client, &received.parts().headers, "all", query.any())?;
    let page = query.page(&client, pager.start()).await?;
    pager.answer(&page, &page.items)
}

/// The query as it reads for each kind of resource.
enum Query {
    Both {
        users: ListQuery,
        groups: ListQuery,
    },
    /// The other kind has not all of its attributes: nothing there matches.
    Users(ListQuery),
    Groups(ListQuery),
}

impl Query {
    fn parse(body: &Json<'_>) -> Result<Self, ScimError> {
        let [users, groups] =
            [ResourceKind::User, ResourceKind::Group].map(|kind| ListQuery::from_search(body, kind));
        let query = match (users, groups) {
            (Ok(users), Ok(groups)) => Self::Both { users, groups },
            (Ok(users), Err(_)) => Self::Users(users),
            (Err(_), Ok(groups)) => Self::Groups(groups),
            (Err(error), Err(_)) => return Err(error),
        };
        if query.any().sort.is_some() {
            return Err(ScimError::invalid_value(
                "Users and groups have no order together: sort at /Users/.search or /Groups/.search.",
            ));
        }
        Ok(query)
    }

    /// What both readings have in common.
    fn any(&self) -> &ListQuery {
        match self {
            Self::Both { users: query, .. } | Self::Users(query) | Self::Groups(query) => query,
        }
    }

    async fn page(&self, client: &ScimClient, start: Start) -> Result<Page<Value>, ScimError> {
        let users = match (self, start) {
            (Self::Groups(_), _) => Page { total: 0, items: Vec::new(), next: None },
            // All users are behind: they only count.
            (Self::Both { users, .. } | Self::Users(users), Start::Place(GROUPS..)) => {
                scim_users::find(client, users, Start::Index(u64::MAX)).await?
            }
            (Self::Both { users, .. } | Self::Users(users), start) => {
                scim_users::find(client, users, start).await?
            }
        };
        let (Self::Both { groups, .. } | Self::Groups(groups)) = self else { return Ok(users) };
        let start = match start {
            Start::Place(place) => Start::Place(place.saturating_sub(GROUPS)),
            Start::Index(index) => Start::Index(index.saturating_sub(users.total).max(1)),
        };
        let left = ListQuery { count: groups.count - users.items.len(), ..groups.clone() };
        let groups = scim_groups::find(client, &left, start).await?;
        Ok(Page {
            total: users.total + groups.total,
            items: users.items.into_iter().chain(groups.items).collect(),
            next: users.next.or(groups.next.map(|place| GROUPS + place)),
        })
    }
}
