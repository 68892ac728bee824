//! What SCIM costs in core: CPU from the request's bytes to the answer's, without network and store.
//!
//! The store's answer is given: the user with the attributes of Okta's full default mapping, about 1.5 KB of JSON.

#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run says so loudly")]

use std::hint::black_box;

use shared::{
    http::scim::{ShownUser, projection, query_pairs},
    scim::{
        Filter, ListQuery, ListResponse, Lookup, PatchRequest, Projection, ResourceKind, UserAttributes,
        UserBody, json,
    },
    store::users::{Source, UserRecord},
    tenant::{Role, TenantId, UserId, resource_id},
};
use tests::cpu::microseconds;

const BASE: &str = "https://acme.example.com/scim/v2";
const POST: &str = include_str!("scim_core/post.json");

fn main() {
    let tenant = TenantId::new("t-00000000000000000001");
    let user = user(&tenant);
    let all = Projection::all(ResourceKind::User);
    let shown = |user: &UserRecord, projection: &Projection| {
        serde_json::to_vec(&ShownUser::new(user, &tenant, BASE, projection)).expect("an answer")
    };
    let put = String::from_utf8(shown(&user, &all)).expect("UTF-8");
    let uri = format!("/scim/v2/Users/{}", user.id).parse().expect("a URI");
    let by_name =
        "/scim/v2/Users?filter=userName%20eq%20%22amara.okafor%40example.com%22&startIndex=1&count=100";
    let by_name = by_name.parse().expect("a URI");
    let inactive = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}"#;
    let group = group_patch(256);

    let get = || shown(&user, &projection(&uri, ResourceKind::User));
    let filter = || {
        let query = ListQuery::parse(query_pairs(&by_name), ResourceKind::User).expect("a query");
        let Some(Lookup::UserName(_)) = query.filter.as_ref().map(Filter::lookup) else { panic!() };
        let found = [ShownUser::new(&user, &tenant, BASE, &query.projection)];
        serde_json::to_vec(&ListResponse::by_index(1, query.start_index, &found)).expect("an answer")
    };
    let written = |attributes: UserAttributes| {
        shown(&UserRecord { active: attributes.active(), attributes, ..user.clone() }, &all)
    };
    let patch_active = || {
        let body = json::parse(inactive.as_bytes()).expect("JSON");
        let patch = PatchRequest::parse(&body, ResourceKind::User).expect("a PATCH");
        written(user.attributes.apply_patch(&patch).expect("a user"))
    };
    let body_of = |text: &str| {
        let body = json::parse(text.as_bytes()).expect("JSON");
        written(UserBody::parse(&body).expect("a user").attributes(true))
    };
    let patch_group = || {
        let body = json::parse(group.as_bytes()).expect("JSON");
        let patch = PatchRequest::parse(&body, ResourceKind::Group).expect("a PATCH");
        patch.group_change().expect("a change")
    };
    println!("| in core | us | goal |\n|---|---|---|");
    row("GET a user", 10.0, get);
    row("filter userName eq", 10.0, filter);
    row("PATCH active", 10.0, patch_active);
    row("POST a user", 25.0, || body_of(POST));
    row("PUT a user", 25.0, || body_of(&put));
    row("PATCH a group, 256 operations", 300.0, patch_group);
}

fn row<T>(what: &str, goal: f64, operation: impl FnMut() -> T) {
    println!("| {what} | {:.1} | {goal} |", microseconds(operation));
}

fn user(tenant: &TenantId) -> UserRecord {
    let body = json::parse(POST.as_bytes()).expect("JSON");
    let at = "2026-11-22T00:00:00Z".parse().expect("a time");
    UserRecord {
        id: UserId::new("00000000-0000-8000-8000-000000000001".to_owned()),
        seq: 1,
        attributes: UserAttributes::from_create(body).expect("a user"),
        active: true,
        folded_name: "amara.okafor@example.com".to_owned(),
        source: Source::Scim,
        groups: [resource_id::role_group(tenant, Role::Viewer)].into(),
        grants: Vec::new(),
        totp_enrolled: false,
        epoch: 0,
        version: 7,
        created: at,
        updated: at,
        deleted: false,
    }
}

/// Okta's batch: half of it removed, an operation each, half of it added, an operation each.
fn group_patch(operations: u32) -> String {
    let id = |n: u32| format!("00000000-{n:04x}-8000-8000-00000000{n:04x}");
    let operations = (0..operations).map(|n| match n % 2 {
        0 => format!(r#"{{"op":"remove","path":"members[value eq \"{}\"]"}}"#, id(n)),
        _ => format!(
            r#"{{"op":"add","path":"members","value":[{{"value":"{}","display":"person.{n}@example.com"}}]}}"#,
            id(n)
        ),
    });
    black_box(format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{}]}}"#,
        operations.collect::<Vec<_>>().join(",")
    ))
}
