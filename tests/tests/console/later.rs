//! The review of a scan when a later one of the same org is there.

use anyhow::Context;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::{
    assessment::{Cause, Evaluation, Outcome, finding},
    ops::Clock,
    store::scans::ScanRecord,
    tenant::{OrgId, Role},
};

use super::{
    Outcomed, judged,
    people::{Site, Someone},
    text,
};

/// The Admin of a customer, the operator who reviews, and the customer's one org.
async fn reviewed() -> anyhow::Result<(Site, Someone, Someone, OrgId)> {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let org = admin.add_org("https://acme.okta.com", "Production").await?;
    let operator = site.operator(Role::Admin).await?;
    Ok((site, admin, operator, OrgId::new(text(&org["org"]))))
}

/// One more scan of `org`, with both its failures by `resource`.
async fn scanned(site: &Site, admin: &Someone, org: &OrgId, resource: &str) -> anyhow::Result<ScanRecord> {
    let store = site.store(&admin.workspace);
    let approval = store.first_scan(org, site.stack.clock.now()).await?.context("the approval")?;
    tests::judged::judged(&store, org, &approval, resource, &site.acting("job:scan")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_scan_is_not_published_and_its_review_leads_to_the_newest() -> Outcomed {
    let (site, admin, operator, org) = reviewed().await?;
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

    // Its report can be made again when a later scan is there: it is of this scan alone.
    scanned(&site, &admin, &org, "t1").await?;
    let page = operator.page(&review(&second)).await?;
    assert!(page.contains("Make the report again"), "{page}");
    let again = operator.post(&format!("{}/publish", review(&second)), &json!({})).await?;
    assert_eq!(again.status, StatusCode::OK, "{again:?}");
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_newest_scan_could_not_judge_is_published_with_it() -> Outcomed {
    let (site, admin, operator, org) = reviewed().await?;
    let review = |scan: &ScanRecord| format!("/review/acme/{org}/{}", scan.id);
    let first = judged(&site, &admin, &org).await?;
    let all = json!({ "finding": "all", "reason": "Checked." });
    operator.post(&format!("{}/confirm", review(&first)), &all).await?;

    let store = site.store(&admin.workspace);
    let approval = store.first_scan(&org, site.stack.clock.now()).await?.context("the approval")?;
    let blind = ["TOK-02", "ADM-01"].map(|rule| Evaluation {
        rule: rule.to_owned(),
        outcome: Outcome::Unverifiable { cause: Cause::Partial, detail: "a page was missing".to_owned() },
    });
    let acting = site.acting("job:scan");
    let second = tests::judged::judged_as(&store, &org, &approval, &blind, &acting).await?;
    let published = operator.post(&format!("{}/publish", review(&second)), &json!({})).await?;
    assert_eq!(published.status, StatusCode::OK, "{published:?}");
    assert_eq!(admin.get("/findings?state=published").await?.json["total"], 2);
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissal_about_the_org_holds_until_a_scan_sees_more() -> Outcomed {
    let (site, admin, operator, org) = reviewed().await?;
    let viewer = site.person(&admin.workspace, "viewer", Role::Viewer).await?;
    let review = |scan: &ScanRecord| format!("/review/acme/{org}/{}", scan.id);
    let post = async |scan: &ScanRecord, step: &str, body: Value| {
        operator.post(&format!("{}/{step}", review(scan)), &body).await
    };
    // ADM-01 is about the org, TOK-02 about a token each.
    let id = finding::id(org.as_str(), "ADM-01", "org");
    let admins = format!("/findings/{org}/{id}");
    let state =
        async || -> anyhow::Result<Value> { Ok(admin.get(&admins).await?.json["finding"]["state"].clone()) };

    // Published, disputed and dismissed: the customer sees the answer.
    let first = judged(&site, &admin, &org).await?;
    post(&first, "confirm", json!({ "finding": "all" })).await?;
    post(&first, "publish", json!({})).await?;
    let dispute = json!({ "to": "disputed", "reason": "They are break-glass accounts." });
    admin.post(&format!("{admins}/move"), &dispute).await?;
    let dismiss = json!({ "finding": id, "reason": "They are." });
    post(&first, "dismiss", dismiss.clone()).await?;
    assert_eq!((state().await?, viewer.get(&admins).await?.status), (json!("dismissed"), StatusCode::OK));

    let same = scanned(&site, &admin, &org, "t1").await?;
    assert_eq!(state().await?, "dismissed", "the same was seen");
    post(&same, "publish", json!({})).await?;

    let more = scanned(&site, &admin, &org, "t2").await?;
    assert_eq!(state().await?, "draft", "nobody has judged the new one");
    viewer.get(&admins).await?.is_problem(404, "not_found");
    let seen = admin.get(&admins).await?.json;
    let history = seen["finding"]["history"].as_array().context("a history")?;
    let last = history.last().context("a step")?;
    assert_eq!((&last["by"]["kind"], &last["by"]["id"]), (&json!("scan"), &json!(more.id)));
    assert!(text(&last["why"]).contains("more was found") && last["at"].is_string(), "{last}");
    post(&more, "publish", json!({})).await?.is_problem(409, "review.drafts");
    post(&same, "dismiss", dismiss.clone()).await?.is_problem(409, "finding.newer_scan");
    post(&more, "dismiss", dismiss).await?;
    assert_eq!(state().await?, "dismissed", "judged anew");
    site.stack.shutdown().await;
    Ok(())
}
