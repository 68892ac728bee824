//! Many users and members: every list is complete, no request is dearer for them, and what each one costs.

use anyhow::Context;
use futures::future::try_join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::{
    scim::UserAttributes,
    store::users::{NewUser, Source},
    tenant::Role,
};
use tests::{
    raw::Reply,
    routes::encoded,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

fn new_user(name: &str) -> anyhow::Result<NewUser> {
    let attributes = UserAttributes::from_create(&json!({ "userName": name }));
    let attributes = attributes.map_err(|e| anyhow::anyhow!("{e:?}"))?;
    Ok(NewUser { attributes, source: Source::Scim, grants: Vec::new() })
}

/// Users straight into the store, by the product's own code: what a list or a large group needs.
async fn seeded(site: &Site, acme: &Tenant, name: &str, count: usize) -> anyhow::Result<Vec<String>> {
    let store = site.store(&acme.workspace);
    let mut ids = Vec::with_capacity(count);
    for batch in (0..count).collect::<Vec<_>>().chunks(32) {
        let users = batch.iter().map(|number| {
            let (store, acting) = (&store, site.acting("job:seed"));
            async move {
                let new = new_user(&format!("{name}.{number:05}@acme.example"))?;
                anyhow::Ok(store.create_user(new, &acting).await?.id.to_string())
            }
        });
        ids.extend(try_join_all(users).await?);
    }
    Ok(ids)
}

fn costs(reply: &Reply) -> (f64, f64) {
    (reply.cost("trips"), reply.cost("calls"))
}

#[tokio::test(flavor = "multi_thread")]
async fn large_lists_and_groups_stay_complete_and_flat() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let ids = seeded(&site, &acme, "seeded", 1_100).await?;
    // A creation that failed and a user who was deleted leave holes, which no page and no count shows.
    acme.call("POST", "/scim/v2/Users", &json!({ "userName": "seeded.00000@acme.example" }))
        .await?
        .expect(409)?;
    acme.send(&acme.request("DELETE", &format!("/scim/v2/Users/{}", ids[700]))).await?.expect(204)?;
    let mut seen = Vec::new();
    let mut costs_of_pages = Vec::new();
    for start in (1..=1_100).step_by(100) {
        let reply = acme.get(&format!("/scim/v2/Users?startIndex={start}&count=100")).await?.expect(200)?;
        costs_of_pages.push(costs(&reply));
        let page = reply.json();
        assert_eq!(page["totalResults"], 1_100, "1,100 and the sponsor, less the one deleted");
        assert_eq!((&page["startIndex"], &page["itemsPerPage"]), (&json!(start), &json!(100)));
        seen.extend(page["Resources"].as_array().into_iter().flatten().map(|user| user["id"].to_string()));
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((count, seen.len()), (1_100, 1_100), "complete, without duplicates");
    // No page costs more than page 1 but for a hole in it: what that moved out of the page is read after.
    let (trips, calls) = costs_of_pages[0];
    let flat = |page: &(f64, f64)| page.0 <= trips + 1.0 && page.1 <= calls + 2.0;
    assert!(costs_of_pages.iter().all(flat), "{costs_of_pages:?}");

    let group = acme.role_group(Role::Viewer);
    let path = format!("/scim/v2/Groups/{group}");
    for batch in ids.chunks(256) {
        acme.call("PATCH", &path, &adding(batch)).await?.expect(204)?;
    }
    let inline = acme.get(&path).await?.expect(200)?.json();
    assert_eq!(inline["members"].as_array().map(Vec::len), Some(1_099));
    let more = seeded(&site, &acme, "more", 1_000).await?;
    let one = acme.call("PATCH", &path, &adding(&more[..1])).await?.expect(204)?;
    for batch in more.chunks(256) {
        acme.call("PATCH", &path, &adding(batch)).await?.expect(204)?;
    }
    let left_out = acme.get(&path).await?.expect(200)?;
    assert!(left_out.json().get("members").is_none(), "never a part of them");
    let other = acme.call("PATCH", &path, &adding(&more[..1])).await?.expect(204)?;
    assert_eq!(costs(&one), costs(&other), "the size of the group plays no part");
    Ok(())
}

/// All users by pages of seven: the ids in order, and whether each page but the last was full.
async fn walk(acme: &Tenant, fixed_step: bool) -> anyhow::Result<(Vec<String>, bool)> {
    let (mut ids, mut full, mut start, mut total) = (Vec::new(), true, 1, 1);
    while start <= total {
        let page = acme.get(&format!("/scim/v2/Users?startIndex={start}&count=7")).await?.expect(200)?.json();
        total = page["totalResults"].as_u64().context("a total")?;
        let shown = page["itemsPerPage"].as_u64().context("a count")?;
        let users = page["Resources"].as_array().context("users")?;
        ids.extend(users.iter().map(|user| user["id"].to_string()));
        full &= shown == 7 || start + shown > total;
        start += if fixed_step { 7 } else { shown.max(1) };
    }
    Ok((ids, full && start > total))
}

/// A place whose answer was lost is closed by the list that shows it; what comes after moves up, and a client that
/// walks on must neither miss anybody nor see anybody twice (an import would take the missing for deleted).
#[tokio::test(flavor = "multi_thread")]
async fn a_walk_shows_everybody_once_though_places_were_lost() -> Outcome {
    let site = Site::start().await?;
    for (subdomain, fixed_step) in [("acme", true), ("other", false)] {
        let acme = site.customer(subdomain).await?;
        let (store, acting) = (site.store(&acme.workspace), site.acting("job:seed"));
        let mut wanted = 1;
        for number in 0..120 {
            let new = new_user(&format!("user.{number}@acme.example"))?;
            // Also several in a row, and the last ones.
            if number % 4 == 0 || (40..55).contains(&number) || number > 110 {
                store.place_user(new, &acting).await?;
            } else {
                store.create_user(new, &acting).await?;
                wanted += 1;
            }
        }
        site.stack.clock.advance(SignedDuration::from_secs(120));
        let (mut ids, full) = walk(&acme, fixed_step).await?;
        let seen = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((seen, ids.len(), full), (wanted, wanted, true), "fixed step: {fixed_step}");
    }
    Ok(())
}

fn adding(ids: &[String]) -> Value {
    let members: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
    json!({ "Operations": [{ "op": "add", "path": "members", "value": members }] })
}

/// Where people read what a request costs.
const COSTS: &str = "../infra/scim-costs.md";

fn row(what: &str, reply: &Reply) -> String {
    let [trips, calls, rcu, wcu] = ["trips", "calls", "rcu", "wcu"].map(|figure| reply.cost(figure));
    format!("| {what} | {} | {trips} | {calls} | {rcu} | {wcu} |", reply.status)
}

/// The workspace and the token are read on every request, beside its own first read: two calls and 2 RCU of each.
#[tokio::test(flavor = "multi_thread")]
async fn each_request_costs_what_the_table_says() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let ids = seeded(&site, &acme, "seeded", 260).await?;
    let user = |number: usize| format!("/scim/v2/Users/{}", ids[number]);
    let group = |role| format!("/scim/v2/Groups/{}", acme.role_group(role));
    let inactive = json!({ "Operations": [{ "op": "replace", "value": { "active": false } }] });
    let named = |name: &str| format!("/scim/v2/Users?filter={}", encoded(&format!("userName eq \"{name}\"")));
    let (hit, miss) = (named("seeded.00001@acme.example"), named("nobody@acme.example"));
    let new = json!({ "userName": "one.more@acme.example", "externalId": "00u1" });
    let same = json!({ "userName": "seeded.00002@acme.example", "title": "changed" });
    let other = json!({ "userName": "renamed@acme.example" });
    let junk = acme.anonymous("GET", &user(0)).with("authorization", "Bearer atm_scim_junk");
    let pages = |start: usize| format!("/scim/v2/Users?startIndex={start}&count=100");
    // Each function is a process of its own; the first request of one is a row for itself.
    for path in ["/scim/v2/Groups", "/scim/v2/Schemas"] {
        acme.get(path).await?.expect(200)?;
    }
    let mut rows = vec![
        row("GET user, the first request of a process", &acme.get(&user(0)).await?),
        row("GET user", &acme.get(&user(0)).await?),
        row("userName eq, nobody", &acme.get(&miss).await?),
        row("userName eq, found", &acme.get(&hit).await?),
        row("test credentials", &acme.get("/scim/v2/Users?startIndex=1&count=2").await?),
        row("page of 100 users", &acme.get(&pages(1)).await?),
        row("POST user", &acme.call("POST", "/scim/v2/Users", &new).await?),
        row("POST user, the name is taken", &acme.call("POST", "/scim/v2/Users", &new).await?),
        row("PUT user", &acme.call("PUT", &user(2), &same).await?),
        row("PUT user with another name", &acme.call("PUT", &user(2), &other).await?),
        row("PATCH active", &acme.call("PATCH", &user(0), &inactive).await?),
        row("DELETE user", &acme.send(&acme.request("DELETE", &user(259))).await?),
        row("page of 100 users behind a deleted one", &acme.get(&pages(161)).await?),
        row("refresh app groups", &acme.get("/scim/v2/Groups?startIndex=1&count=100").await?),
    ];
    let groups = "/scim/v2/Groups";
    let custom = acme.call("POST", groups, &json!({ "displayName": "Custom" })).await?;
    let own = format!("{groups}/{}", custom.json()["id"].as_str().context("an id")?);
    let named = format!("{groups}?filter={}", encoded("displayName eq \"Custom\""));
    rows.extend([
        row("POST group", &custom),
        row("displayName eq, found", &acme.get(&named).await?),
        row("PATCH group of a client's, 1 member", &acme.call("PATCH", &own, &adding(&ids[..1])).await?),
    ]);
    // Each group has its own size: that of 98 members is far from a limit of 4 KB, which the length of a time stamp
    // could decide.
    for (role, count) in [(Role::Viewer, 1), (Role::Viewer, 49), (Role::Developer, 98), (Role::Admin, 256)] {
        let reply = acme.call("PATCH", &group(role), &adding(&ids[..count])).await?;
        rows.push(row(&format!("PATCH role-group, {count} members"), &reply));
    }
    rows.extend([
        row("GET role-group with 98 members", &acme.get(&group(Role::Developer)).await?),
        row("Schemas", &acme.get("/scim/v2/Schemas").await?),
        row("a token that is junk", &acme.send(&junk).await?),
    ]);
    let written = std::fs::read_to_string(COSTS)?;
    let measured = rows.join("\n");
    assert!(written.contains(&measured), "write what was measured into {COSTS}:\n{measured}");
    Ok(())
}
