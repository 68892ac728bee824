//! Flat: what a request costs does not depend on how many there are, in calls, units and bytes.
//!
//! A plain run compares 5,000 users and members with 500; `ATOMATION_DEEP=1` compares a group of 50,000 with one of
//! 1,000, and page 1,000 of 100,000 users with page 1.

use serde_json::json;
use shared::tenant::Role;
use tests::{
    load,
    raw::Reply,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

/// Calls, trips, read and write units, bytes of the answer.
fn costs(reply: &Reply) -> [f64; 5] {
    let [calls, trips, rcu, wcu] = ["calls", "trips", "rcu", "wcu"].map(|figure| reply.cost(figure));
    let head: usize = reply.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes = (head + reply.body.len()) as f64;
    [calls, trips, rcu, wcu, bytes]
}

fn assert_flat(small: &Reply, large: &Reply) {
    let (small, large) = (costs(small), costs(large));
    let flat = small.iter().zip(&large).all(|(small, large)| *large <= small * 1.1);
    assert!(flat, "small {small:?}, large {large:?}: calls, trips, rcu, wcu, bytes");
}

async fn flips(acme: &Tenant, group: &str, member: &str) -> anyhow::Result<[Reply; 2]> {
    let path = format!("/scim/v2/Groups/{group}");
    let remove = json!({ "op": "remove", "path": format!("members[value eq \"{member}\"]") });
    let add = json!({ "op": "add", "path": "members", "value": [{ "value": member }] });
    let change = async |operation: serde_json::Value| {
        acme.call("PATCH", &path, &json!({ "Operations": [operation] })).await?.expect(204)
    };
    Ok([change(remove).await?, change(add).await?])
}

#[tokio::test(flavor = "multi_thread")]
async fn one_member_and_one_page_cost_the_same_at_any_size() -> Outcome {
    let deep = std::env::var_os("ATOMATION_DEEP").is_some();
    let (few, many, users) = if deep { (1_000, 50_000, 100_000) } else { (500, 5_000, 6_000) };
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let [small, large] = [Role::Viewer, Role::Developer].map(|role| acme.role_group(role));
    let some = load::users(&site, &acme.workspace, 1, few, &small, usize::try_from(few)?).await?;
    let all =
        load::users(&site, &acme.workspace, 1 + few, users - few - 1, &large, usize::try_from(many)?).await?;

    let of_small = flips(&acme, &small, &some[7]).await?;
    let of_large = flips(&acme, &large, &all[7]).await?;
    for (small, large) in of_small.iter().zip(&of_large) {
        assert_flat(small, large);
    }
    let page = async |start: u64| {
        let page = acme.get(&format!("/scim/v2/Users?startIndex={start}&count=100")).await?.expect(200)?;
        assert_eq!(page.json()["itemsPerPage"], 100);
        assert_eq!(page.json()["totalResults"], users);
        anyhow::Ok(page)
    };
    // Within a partition; a page over the border of two is one query more, in the same trip.
    assert_flat(&page(2).await?, &page(users - 99).await?);
    assert!(
        acme.get(&format!("/scim/v2/Groups/{large}")).await?.expect(200)?.json().get("members").is_none()
    );
    Ok(())
}
