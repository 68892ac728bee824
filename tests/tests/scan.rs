//! Scans of the Okta twin, step by step through the functions' own handlers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use futures::future::join_all;
use jiff::SignedDuration;
use okta_twin::{Expected, RateLimits};
use serde_json::Value;
use shared::{
    assessment::{
        Evaluation, Manifest, Outcome,
        dsse::{IN_TOTO, pae},
        lifecycle::{Actor, Move, State},
    },
    delivery::{
        DataClass,
        approval::{ApprovalError, State as Stands},
    },
    ops::Clock,
    store::{
        approvals::DecisionError,
        audit::Acting,
        findings::{FindingFilter, PublishError},
        scans::{ScanRecord, ScanState, Trigger},
    },
    tenant::WorkspaceKind,
};
use tests::{
    lab::{Customer, Lab},
    world::{Someone, http_event},
};

type Test = anyhow::Result<()>;

async fn begun(lab: &Lab, customer: &Customer) -> anyhow::Result<String> {
    let answer = lab.scan_now(&customer.sponsor, &customer.org).await?;
    anyhow::ensure!(answer["statusCode"] == 202, "{answer}");
    let body: Value = serde_json::from_str(answer["body"].as_str().context("a body")?)?;
    Ok(body["scan"].as_str().context("a scan")?.to_owned())
}

async fn manifest(lab: &Lab, customer: &Customer, scan: &ScanRecord) -> anyhow::Result<Manifest> {
    let sealed = scan.manifest.as_ref().context("a seal")?;
    let tenant = &customer.sponsor.workspace.tenant;
    let bytes = lab.world.evidence.read(tenant, &sealed.stored.name, &sealed.stored.sha256).await?;
    Ok(Manifest::from_bytes(&bytes)?)
}

/// What the manifest says beside the ids of its own scan.
fn content(manifest: &Manifest) -> Value {
    let parts: Vec<_> =
        manifest.parts.iter().map(|p| (&p.resource, p.shard, p.seq, &p.sha256, p.bytes, p.rows)).collect();
    serde_json::json!({ "parts": parts, "resources": manifest.resources, "calls": manifest.calls })
}

/// Every rule that the twin has an answer for says just that. A pass where there is a fault would be the worst.
fn agree(evaluations: &[Evaluation], lab: &Lab) {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for known in lab.twin.known_answers() {
        let Some(evaluation) = evaluations.iter().find(|e| e.rule == known.rule) else { continue };
        compared += 1;
        let want: BTreeSet<&str> = known.resources.iter().map(String::as_str).collect();
        let agrees = match (&evaluation.outcome, known.expected) {
            (Outcome::Unverifiable { .. }, _) if known.super_only => true,
            (Outcome::Pass, Expected::Pass) => true,
            (Outcome::Fail { hits }, Expected::Fail) => {
                let got: BTreeSet<&str> = hits.iter().map(|hit| hit.resource_id.as_str()).collect();
                if known.exact { got == want } else { got.is_superset(&want) }
            }
            _ => false,
        };
        if !agrees {
            let shown: String = format!("{:?}", evaluation.outcome).chars().take(600).collect();
            wrong.push(format!(
                "{}: want {:?} {want:?} ({}), got {shown}",
                known.rule, known.expected, known.why
            ));
        }
    }
    assert!(compared >= 25, "only {compared} rules were compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `ATOMATION_DEEP=1` scans an org of 20,000 people.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_scan_finds_what_was_planted_within_the_limits() -> Test {
    let people = if std::env::var_os("ATOMATION_DEEP").is_some() { 20_000 } else { 300 };
    let lab = Lab::start(people, Some(RateLimits::default())).await?;
    let customer = lab.customer("acme").await?;
    let before = lab.twin.counters();
    let id = begun(&lab, &customer).await?;
    assert_eq!(begun(&lab, &customer).await?, id, "one is under way: the same");

    let scan = lab.run(&customer, &id).await?;
    assert_eq!(scan.state, ScanState::Judged, "{:?}", scan.state);
    assert_eq!(scan.progress.resources_done, scan.progress.resources_total);
    assert!(scan.lease.is_none() && scan.finished.is_some());
    let counters = lab.twin.counters();
    assert_eq!(counters.refused, before.refused, "no answer 429");
    assert_eq!(counters.refusals.writes, 0, "nothing tried to write");

    let evaluations = lab.evaluations(&customer, &scan).await?;
    agree(&evaluations, &lab);
    assert_eq!(
        scan.outcomes.fail as usize,
        evaluations.iter().filter(|e| matches!(e.outcome, Outcome::Fail { .. })).count()
    );

    let manifest = manifest(&lab, &customer, &scan).await?;
    assert_eq!((manifest.scan.as_str(), manifest.calls), (id.as_str(), scan.progress.calls));
    signed(&lab, &scan, &manifest).await?;

    let findings = customer.store.findings_of_scan(&scan, &FindingFilter::default()).await?;
    assert_eq!(u32::try_from(findings.len())?, scan.findings.total());
    assert!(
        findings.iter().all(|f| f.finding.state == State::Draft && f.finding.org == customer.org.as_str())
    );
    let objects = customer.store.objects(Some(&id)).await?;
    let count = |class| objects.iter().filter(|object| object.class == class).count();
    assert_eq!(count(DataClass::RawIdentity), manifest.parts.len());
    assert_eq!((count(DataClass::Manifest), count(DataClass::FindingsFull)), (2, 1));
    assert!(objects.iter().all(|object| object.published == (object.class == DataClass::Manifest)));
    Ok(())
}

/// The signature over the statement holds under the deployment's public key.
async fn signed(lab: &Lab, scan: &ScanRecord, manifest: &Manifest) -> Test {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let sealed = scan.manifest.as_ref().context("a seal")?;
    let public = lab.worker.signer.public_key().await?;
    let message = pae(IN_TOTO, &manifest.statement()?);
    let verified = tests::lab::verifies(&public, &message, &STANDARD.decode(&sealed.signature)?);
    assert!(verified, "the manifest's signature");
    Ok(())
}

/// Killed at any await of any step and gone on with, a scan ends as one that was left alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_anywhere_changes_nothing() -> Test {
    let lab = Lab::start(20, None).await?;
    let (calm, troubled) = (lab.customer("calm").await?, lab.customer("troubled").await?);
    let (left_alone, killed) = (begun(&lab, &calm).await?, begun(&lab, &troubled).await?);
    let want = lab.run(&calm, &left_alone).await?;
    assert_eq!(want.state, ScanState::Judged);

    let (mut deaths, mut messages) = (0_u32, 0_u32);
    while !lab.scan(&troubled, &killed).await?.is_over() {
        let state = lab.scan(&troubled, &killed).await?.state;
        if let ScanState::Waiting { until } = state {
            lab.clock.reach(until);
        }
        // Another point each time; later ones live longer, since a step that is never let end never ends.
        let awaits = 2 + deaths * 5 % 13 + deaths / 4;
        // The same message comes again after its worker died; a new one after it was done with.
        let message = format!("m-{messages}");
        match lab.deliver_and_kill(&troubled, &killed, &message, awaits).await? {
            None => deaths += 1,
            Some(done) => {
                assert!(done);
                messages += 1;
            }
        }
        assert!(deaths < 1_000 && messages < 200, "it never ended");
    }
    assert!(deaths > 30, "only {deaths} deaths");
    let got = lab.scan(&troubled, &killed).await?;
    assert_eq!(got.state, ScanState::Judged, "{:?}", got.state);
    assert_eq!((got.outcomes, got.findings, got.coverage), (want.outcomes, want.findings, want.coverage));
    let (want_manifest, got_manifest) =
        (manifest(&lab, &calm, &want).await?, manifest(&lab, &troubled, &got).await?);
    assert_eq!(content(&got_manifest), content(&want_manifest));
    signed(&lab, &got, &got_manifest).await?;
    let counted = async |of: &Customer, scan: &ScanRecord| -> anyhow::Result<BTreeMap<&'static str, usize>> {
        let mut counts = BTreeMap::new();
        for object in of.store.objects(Some(&scan.id)).await? {
            *counts.entry(object.class.key()).or_default() += 1;
        }
        Ok(counts)
    };
    let (want, got) = (counted(&calm, &want).await?, counted(&troubled, &got).await?);
    assert_eq!(got["raw_identity"], want["raw_identity"]);
    Ok(())
}

/// Ten schedules at once, a late one, and the same again: one scan a slot.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_has_one_scan_however_often_the_schedule_fires() -> Test {
    let lab = Lab::start(50, None).await?;
    let customer = lab.customer("acme").await?;
    for answer in join_all((0..10).map(|_| lab.tick())).await {
        assert_eq!(answer?["failed"], 0);
    }
    lab.tick().await?;
    let scans = customer.store.scans(&customer.org, 100).await?;
    assert_eq!(scans.len(), 1, "{scans:?}");
    assert!(matches!(scans[0].trigger, Trigger::Schedule { .. }));
    lab.run(&customer, &scans[0].id).await?;
    lab.tick().await?;
    assert_eq!(customer.store.scans(&customer.org, 100).await?.len(), 1, "the slot is served");

    let week = SignedDuration::from_hours(7 * 24);
    let now = lab.worker.clock.now();
    lab.clock.reach(now + week);
    for answer in join_all((0..10).map(|_| lab.tick())).await {
        assert_eq!(answer?["failed"], 0);
    }
    let scans = customer.store.scans(&customer.org, 100).await?;
    assert_eq!(scans.len(), 2, "the next slot has its own, newest first");
    assert!(scans[0].id > scans[1].id);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_approval_ends_the_scan_and_the_message() -> Test {
    let lab = Lab::start(50, None).await?;
    let customer = lab.customer("acme").await?;
    let id = begun(&lab, &customer).await?;
    let acting = lab.world.acting(&customer.sponsor.actor(), "c-revoke");
    customer.store.revoke(&customer.first_scan.id, &customer.sponsor.principal, &acting).await?;
    let requests = lab.twin.counters().requests;
    assert!(lab.deliver(&customer, &id, "m-1").await?, "the message is done with");
    let scan = lab.scan(&customer, &id).await?;
    assert!(
        matches!(&scan.state, ScanState::Failed { next, .. } if next.contains("Approvals")),
        "{:?}",
        scan.state
    );
    assert_eq!(lab.twin.counters().requests, requests, "nothing was asked of the org");
    let answer = lab.scan_now(&customer.sponsor, &customer.org).await?;
    assert_eq!(answer["statusCode"], 409, "{answer}");
    assert!(customer.store.scan_under_way(&customer.org).await?.is_none());
    Ok(())
}

/// By the customer's subdomain, as everywhere; the operator goes on to the review, which is open to operators.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_begins_a_scan_and_goes_on_to_its_review() -> Test {
    let lab = Lab::start(20, None).await?;
    // Before the customer, whose approvals set the functions' clock.
    let operator = lab.world.workspace("operators", WorkspaceKind::Operator).await?;
    let customer = lab.customer("acme").await?;
    let asked = async |by: &Someone, query: &str| {
        let mut event = http_event(by, "POST", &format!("/orgs/{}/scans{query}", customer.org));
        event["headers"]["accept"] = "text/html".into();
        lab.triggered(event).await
    };
    let sponsor = &customer.sponsor;
    let by_id = format!("?customer={}", sponsor.workspace.tenant);
    for (by, query, status) in [
        (&operator, "", 404),
        (&operator, "?customer=nobody", 403),
        (&operator, "?customer=operators", 403),
        (&operator, &by_id, 403),
        (sponsor, "?customer=acme", 404),
    ] {
        let answer = asked(by, query).await?;
        assert_eq!(answer["statusCode"], status, "{query}: {answer}");
    }
    assert!(customer.store.scan_under_way(&customer.org).await?.is_none());

    let answer = asked(&operator, "?customer=acme").await?;
    assert_eq!(answer["statusCode"], 303, "{answer}");
    let scan = customer.store.scan_under_way(&customer.org).await?.context("the scan")?;
    assert_eq!(scan.trigger, Trigger::Request { by: format!("operator:{}", operator.user.id) });
    let review = format!("/review/acme/{}/{}", customer.org, scan.id);
    assert_eq!(answer["headers"]["location"], review);
    Ok(())
}

/// "Revoked" is not said while the org may still be read: a minute after a worker last found the approval in force.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_waits_for_the_reading_that_is_under_way() -> Test {
    let lab = Lab::start(50, None).await?;
    let customer = lab.customer("acme").await?;
    let id = begun(&lab, &customer).await?;
    // Killed somewhere in the middle, it may as well still be at it.
    assert_eq!(lab.deliver_and_kill(&customer, &id, "m-1", 60).await?, None);
    assert!(lab.twin.counters().requests > 0);
    let (store, begun_at) = (&customer.store, lab.clock.now());
    let at = |seconds: i64| Acting {
        at: begun_at + SignedDuration::from_secs(seconds),
        ..lab.world.acting(&customer.sponsor.actor(), "c-revoke")
    };
    let access = store.api_access(&customer.org, begun_at).await?.context("API access")?;
    for approval in [&customer.first_scan, &access] {
        store.revoke(&approval.id, &customer.sponsor.principal, &at(1)).await?;
        let early = store.settle(&approval.id, &at(59)).await;
        assert!(matches!(early, Err(DecisionError::Rule(ApprovalError::LeasesOpen { .. }))), "{early:?}");
        assert_eq!(store.settle(&approval.id, &at(66)).await?.state, Stands::Revoked);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_never_work_on_one_scan() -> Test {
    let lab = Lab::start(120, None).await?;
    let customer = lab.customer("acme").await?;
    let id = begun(&lab, &customer).await?;
    let before = lab.twin.counters().requests;
    for done in {
        let ids: Vec<_> = (0..5).map(|i| format!("m{i}")).collect();
        join_all(ids.iter().map(|message| lab.deliver(&customer, &id, message))).await
    } {
        assert!(done?);
    }
    let scan = lab.run(&customer, &id).await?;
    assert_eq!(scan.state, ScanState::Judged);
    // Beside the pages: one token, perhaps asked for twice (DPoP), for each worker that held the scan.
    let extra = lab.twin.counters().requests - before - scan.progress.calls;
    assert!(extra <= 10, "{extra} requests beside the scan's own");
    Ok(())
}

/// Review, publication, a second scan: findings keep their names and their history.
#[tokio::test(flavor = "multi_thread")]
async fn findings_are_reviewed_published_and_found_again() -> Test {
    let lab = Lab::start(50, None).await?;
    let customer = lab.customer("acme").await?;
    let (store, all) = (&customer.store, FindingFilter::default());
    let id = begun(&lab, &customer).await?;
    let scan = lab.run(&customer, &id).await?;
    let operator = Actor::Operator("op".to_owned());
    let acting = lab.world.acting("operator:op", "c-review");
    assert!(lab.export(&customer, &scan.id, "r-0").await?, "done with, and nothing is made of a draft");
    assert!(store.objects(Some(&scan.id)).await?.iter().all(|object| object.class != DataClass::Report));
    let publish = store.publish_scan(&scan, &operator, &acting).await;
    assert!(matches!(publish, Err(PublishError::Undecided(n)) if n == scan.findings.total() as usize));

    let drafts = store.findings_of_scan(&scan, &all).await?;
    let (dismissed, confirmed) = drafts.split_at(1);
    store.move_findings(dismissed, &Move::Dismiss, &operator, "a test org", &acting).await?;
    let stale = store.move_findings(dismissed, &Move::Confirm, &operator, "", &acting).await;
    assert!(stale.is_err(), "moved since it was read");
    store.move_findings(confirmed, &Move::Confirm, &operator, "", &acting).await?;
    let published = store.publish_scan(&scan, &operator, &acting).await?;
    assert!(published.published.is_some());
    let open = FindingFilter { open: true, ..FindingFilter::default() };
    assert_eq!(store.findings(&customer.org, &open).await?.len(), confirmed.len());

    for message in ["r-1", "r-2"] {
        assert!(lab.export(&customer, &published.id, message).await?);
    }
    let mut editions: Vec<_> = store
        .objects(Some(&published.id))
        .await?
        .into_iter()
        .filter(|object| !matches!(object.class, DataClass::RawIdentity | DataClass::Manifest))
        .map(|object| (object.class.key(), object.file_name().to_owned(), object.published))
        .collect();
    editions.sort_unstable();
    let edition = |class, file: &str| (class, file.to_owned(), true);
    assert_eq!(
        editions,
        [
            ("findings_full", "evaluation.json".to_owned(), false),
            edition("findings_full", "findings.json"),
            edition("findings_sanitized", "report-sanitized.html"),
            edition("findings_sanitized", "report-sanitized.json"),
            edition("report", "report.html"),
            edition("report", "report.json"),
        ],
        "each once"
    );

    let second = begun(&lab, &customer).await?;
    let second = lab.run(&customer, &second).await?;
    let again = store.findings_of_scan(&second, &all).await?;
    let names = |of: &[shared::store::findings::FindingRecord]| {
        of.iter().map(|f| f.finding.id.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&again), names(&drafts));
    assert_eq!(again.iter().filter(|f| f.finding.state == State::Published).count(), confirmed.len());
    assert_eq!(
        store.findings_of_scan(&scan, &all).await?.len(),
        drafts.len(),
        "the old scan still shows them"
    );
    Ok(())
}
