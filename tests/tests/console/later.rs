//! The review of a scan when a later one of the same org is there.

use anyhow::Context;
use serde_json::json;
use shared::{
    ops::Clock,
    store::scans::ScanRecord,
    tenant::{OrgId, Role},
};

use super::{
    Outcomed, judged,
    people::{Site, Someone},
    text,
};

/// One more scan of `org`, with both its failures by `resource`.
async fn scanned(site: &Site, admin: &Someone, org: &OrgId, resource: &str) -> anyhow::Result<ScanRecord> {
    let store = site.store(&admin.workspace);
    let approval = store.first_scan(org, site.stack.clock.now()).await?.context("the approval")?;
    tests::judged::judged(&store, org, &approval, resource, &site.acting("job:scan")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_scan_is_not_published_and_its_review_leads_to_the_newest() -> Outcomed {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let org = admin.add_org("https://acme.okta.com", "Production").await?;
    let org = OrgId::new(text(&org["org"]));
    let operator = site.operator(Role::Admin).await?;
    let review = |scan: &ScanRecord| format!("/review/acme/{org}/{}", scan.id);
    let first = judged(&site, &admin, &org).await?;
    let all = json!({ "finding": "all", "reason": "Checked." });
    operator.post(&format!("{}/confirm", review(&first)), &all).await?;
    let second = scanned(&site, &admin, &org, "t1").await?;

    let late = operator.post(&format!("{}/publish", review(&first)), &json!({})).await?;
    late.is_problem(409, "scan.not_newest");
    assert_eq!(operator.get(&review(&first)).await?.json["newer"], second.id);
    let page = operator.page(&review(&first)).await?;
    assert!(page.contains(&review(&second)) && !page.contains("/publish\""), "{page}");
    assert_eq!(admin.get("/findings?state=published").await?.json["total"], 0);

    let newest = operator.post(&format!("{}/publish", review(&second)), &json!({})).await?;
    assert!(newest.json["published"].is_string(), "{newest:?}");
    assert_eq!(admin.get("/findings?state=published").await?.json["total"], 2);
    site.stack.shutdown().await;
    Ok(())
}
