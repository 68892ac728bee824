//! What others see of a scan: what the operator published of that very scan, and nothing else.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use axum::http::StatusCode;
use serde_json::Value;
use shared::{
    assessment::lifecycle::{Actor, Move, State},
    store::{
        audit::Acting,
        findings::{FindingFilter, PublishError},
        scans::{Begun, ScanRecord, Trigger},
    },
    tenant::Role,
};
use tests::{
    judged::judged,
    lab::{Customer, Lab},
};

type Test = anyhow::Result<()>;

fn operator() -> Actor {
    Actor::Operator("op".to_owned())
}

/// Decides about the drafts of a scan: those of the rule `dismissed` are no findings, the others are.
async fn decided(lab: &Lab, customer: &Customer, scan: &ScanRecord, dismissed: &str) -> Test {
    let (store, acting) = (&customer.store, lab.world.acting("operator:op", "c-review"));
    let seen = store.findings_of_scan(scan, &FindingFilter::default()).await?;
    let drafts = seen.into_iter().filter(|record| record.finding.state == State::Draft);
    let (none, some): (Vec<_>, Vec<_>) = drafts.partition(|record| record.finding.rule == dismissed);
    store.move_findings(&none, &Move::Dismiss, &operator(), "as it should be", &acting).await?;
    store.move_findings(&some, &Move::Confirm, &operator(), "", &acting).await?;
    Ok(())
}

/// A document that was made of a scan.
async fn made(lab: &Lab, customer: &Customer, scan: &ScanRecord, file: &str) -> anyhow::Result<Value> {
    let objects = customer.store.objects(Some(&scan.id)).await?;
    let object = objects.iter().find(|object| object.file_name() == file).context("the document")?;
    let tenant = &customer.sponsor.workspace.tenant;
    let bytes = lab.world.evidence.read(tenant, &object.name, &object.sha256).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dismissed_is_in_nothing_that_a_viewer_can_read() -> Test {
    let lab = Lab::start(20, None).await?;
    let customer = lab.customer("acme").await?;
    let viewer = lab.world.person(&customer.sponsor.workspace, "viewer", Role::Viewer).await?;
    let store = &customer.store;
    let scan = lab.scanned(&customer).await?;
    decided(&lab, &customer, &scan, "TOK-02").await?;
    let acting = lab.world.acting("operator:op", "c-publish");
    let scan = store.publish_scan(&scan, &operator(), &acting).await?;
    store.publish_objects(&scan.id, &acting).await?;
    assert!(lab.export(&customer, &scan.id, "r-1").await?);

    let listed = lab.world.get(&viewer, "/deliveries").await?.json();
    let listed = listed["objects"].as_array().context("a list")?;
    let full = listed.iter().filter(|object| object["class"] == "findings_full");
    let full: Vec<&str> = full.filter_map(|object| object["name"].as_str()).collect();
    assert_eq!(full, ["findings.json"]);
    let objects = store.objects(Some(&scan.id)).await?;
    let outcomes = objects.iter().find(|object| object.file_name() == "evaluation.json");
    let path = format!("/deliveries/{}", outcomes.context("the rules' outcomes")?.id);
    assert_eq!(lab.world.get(&viewer, &path).await?.status, StatusCode::FORBIDDEN);
    assert_eq!(lab.world.get(&customer.sponsor, &path).await?.status, StatusCode::OK, "who may triage");

    let all = store.findings_of_scan(&scan, &FindingFilter::default()).await?;
    let (dismissed, published): (Vec<_>, Vec<_>) =
        all.iter().map(|record| &record.finding).partition(|finding| finding.state == State::Dismissed);
    assert!(!dismissed.is_empty());
    let document = made(&lab, &customer, &scan, "findings.json").await?;
    let findings = document["findings"].as_array().context("findings")?;
    let got: BTreeSet<&str> = findings.iter().filter_map(|finding| finding["id"].as_str()).collect();
    let want: BTreeSet<&str> = published.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(got, want);
    for finding in findings {
        assert_eq!(finding["hits"].as_array().map(|hits| hits.len() as u64), finding["hit_count"].as_u64());
    }
    for object in listed {
        let id = object["id"].as_str().context("an id")?;
        let read = lab.world.get(&viewer, &format!("/deliveries/{id}")).await?;
        let text = String::from_utf8_lossy(&read.body);
        assert!(read.status == StatusCode::OK && !text.is_empty(), "{object}");
        assert!(dismissed.iter().all(|finding| !text.contains(&finding.id)), "{object}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_about_its_own_scan_whatever_is_judged_before_it_is_made() -> Test {
    let lab = Lab::start(20, None).await?;
    let customer = lab.customer("acme").await?;
    let store = &customer.store;
    let scan = lab.scanned(&customer).await?;
    decided(&lab, &customer, &scan, "none").await?;
    let acting = lab.world.acting("operator:op", "c-publish");
    let scan = store.publish_scan(&scan, &operator(), &acting).await?;

    let at = lab.a_second_later();
    let later = Acting { at, ..lab.world.acting("job:scan", "c-later") };
    let later = judged(store, &customer.org, &customer.first_scan, "seen-later", &later).await?;
    assert!(later.id > scan.id);
    let stand = store.findings_of_scan(&scan, &FindingFilter::default()).await?;
    assert!(stand.iter().any(|record| record.finding.state == State::Resolved));
    assert!(stand.iter().any(|record| record.finding.hits.iter().any(|hit| hit.resource_id == "seen-later")));

    assert!(lab.export(&customer, &scan.id, "r-1").await?);
    let report = made(&lab, &customer, &scan, "report.json").await?;
    let findings = report["findings"].as_array().context("findings")?;
    assert_eq!(findings.len(), scan.findings.total() as usize);
    for finding in findings {
        assert_eq!((&finding["state"], &finding["scan"]), (&"published".into(), &scan.id.as_str().into()));
    }
    assert!(!report.to_string().contains("seen-later"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_judged_scan_is_published() -> Test {
    let lab = Lab::start(20, None).await?;
    let customer = lab.customer("acme").await?;
    let store = &customer.store;
    let first = lab.scanned(&customer).await?;
    decided(&lab, &customer, &first, "none").await?;

    // Its findings are changed before the next scan is judged.
    let at = lab.a_second_later();
    let later = Acting { at, ..lab.world.acting("job:scan", "c-later") };
    let trigger = Trigger::Request { by: "user:u".to_owned() };
    let begun = store.begin_scan(&customer.org, trigger, &customer.first_scan, &later).await?;
    let Begun::New(second) = begun else { bail!("a scan was there before") };
    let acting = lab.world.acting("operator:op", "c-publish");
    let evaluations = lab.evaluations(&customer, &first).await?;
    store.reconcile_findings(&second, &evaluations, &later).await?;
    let overtaken = store.publish_scan(&first, &operator(), &acting).await;
    assert!(matches!(overtaken, Err(PublishError::NotNewest)), "{overtaken:?}");
    store.fail_scan(&second, "It ended there.", "Scan again.", &later).await?;

    let third = lab.scanned(&customer).await?;
    assert_eq!(store.judged_after(&first).await?.map(|scan| scan.id), Some(third.id.clone()));
    assert!(store.judged_after(&third).await?.is_none());
    let late = store.publish_scan(&first, &operator(), &acting).await;
    assert!(matches!(late, Err(PublishError::NotNewest)), "{late:?}");
    let open = FindingFilter { open: true, ..FindingFilter::default() };
    assert!(store.findings(&customer.org, &open).await?.is_empty(), "nothing was published");
    let third = store.publish_scan(&third, &operator(), &acting).await?;
    assert_eq!(store.findings(&customer.org, &open).await?.len(), third.findings.total() as usize);
    Ok(())
}
