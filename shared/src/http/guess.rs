//! What a SCIM request will read first, by its address alone: it is read beside the proof of the token.
//!
//! One rule: a guess decides nothing. The handler asks its own questions; one that was not guessed costs a trip.

use axum::http::{Method, Uri};

use super::scim;
use crate::{
    scim::{Filter, ListQuery, Lookup, ResourceKind},
    store::unproven::{Guess, MEMBERS_READ},
};

/// The first reading of a request without a body, and of a change of one resource.
pub(super) fn of(method: &Method, uri: &Uri) -> Option<Guess> {
    let path = uri.path().strip_prefix("/scim/v2/")?;
    let (kind, id) = path.split_once('/').map_or((path, None), |(kind, id)| (kind, Some(id)));
    match (kind, id) {
        ("Users", Some(id)) => Some(Guess::User(id.to_owned())),
        ("Groups", Some(id)) => {
            let shows = method == Method::GET && scim::projection(uri, ResourceKind::Group).wants("members");
            Some(Guess::Group(id.to_owned(), if shows { MEMBERS_READ } else { 0 }))
        }
        ("Users", None) if method == Method::GET => users(uri),
        ("Groups", None) if method == Method::GET => groups(uri),
        _ => None,
    }
}

fn users(uri: &Uri) -> Option<Guess> {
    let query = ListQuery::parse(scim::query_pairs(uri), ResourceKind::User).ok()?;
    match query.filter.as_ref().map(Filter::lookup) {
        None if query.sort.is_none() && query.cursor.is_none() => {
            Some(Guess::Users(query.start_index, u32::try_from(query.count).ok()?))
        }
        Some(Lookup::UserName(name)) => Some(Guess::UserName(name.to_owned())),
        Some(Lookup::Id(id)) => Some(Guess::User(id.to_owned())),
        _ => None,
    }
}

fn groups(uri: &Uri) -> Option<Guess> {
    let query = ListQuery::parse(scim::query_pairs(uri), ResourceKind::Group).ok()?;
    Some(match query.filter.as_ref().map(Filter::lookup) {
        Some(Lookup::DisplayName(name)) => Guess::GroupName(name.to_owned()),
        Some(Lookup::Id(id)) => Guess::Group(id.to_owned(), 0),
        Some(Lookup::MemberValue(user)) => Guess::User(user.to_owned()),
        _ => Guess::Groups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_what_is_read() {
        let of = |method: Method, uri: &str| of(&method, &uri.parse().unwrap());
        let get = |uri| of(Method::GET, uri);
        assert_eq!(get("/scim/v2/Users/u1"), Some(Guess::User("u1".into())));
        assert_eq!(of(Method::PATCH, "/scim/v2/Users/u1"), Some(Guess::User("u1".into())));
        assert_eq!(get("/scim/v2/Users?startIndex=101&count=100"), Some(Guess::Users(101, 100)));
        assert_eq!(get("/scim/v2/Users?filter=userName+eq+%22a%22"), Some(Guess::UserName("a".into())));
        assert_eq!(get("/scim/v2/Users?filter=title+pr"), None);
        assert_eq!(get("/scim/v2/Users?sortBy=title"), None);
        assert_eq!(get("/scim/v2/Users?filter=("), None);
        assert_eq!(get("/scim/v2/Groups/g1"), Some(Guess::Group("g1".into(), 2_001)));
        assert_eq!(get("/scim/v2/Groups/g1?excludedAttributes=members"), Some(Guess::Group("g1".into(), 0)));
        assert_eq!(of(Method::PATCH, "/scim/v2/Groups/g1"), Some(Guess::Group("g1".into(), 0)));
        assert_eq!(get("/scim/v2/Groups"), Some(Guess::Groups));
        assert_eq!(get("/scim/v2/Groups?filter=displayName+eq+%22a%22"), Some(Guess::GroupName("a".into())));
        assert_eq!(of(Method::POST, "/scim/v2/Users"), None);
        assert_eq!(get("/scim/v2/Schemas"), None);
        assert_eq!(get("/elsewhere"), None);
    }
}
