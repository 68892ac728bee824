//! Approvals, the ledger and the evidence router over embedded DynamoDB and S3.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use futures::future::join_all;
use jiff::SignedDuration;
use shared::{
    delivery::{
        Approval, DataClass, Destination, PartnerId,
        approval::{ApprovalError, State, Terms, Until},
        destination::Bucket,
        ledger::{Event, Step},
    },
    scim::UserAttributes,
    store::{
        approvals::{Asked, DecisionError},
        groups::{Group, Version},
        keys::Key,
        table::Write,
    },
    tenant::{Digest, Role, WorkspaceKind, WorkspaceState},
};
use tests::world::{Answered, Someone, World, access_terms, org, partner_terms};

type Outcome = anyhow::Result<()>;

async fn requested(world: &World, by: &Someone, terms: Terms, id: &str) -> anyhow::Result<Approval> {
    let store = world.store(&by.workspace);
    Ok(store.request_approval(by.asks(terms, world.now())?, &world.acting(&by.actor(), id)).await?)
}

async fn approved(
    world: &World,
    by: &Someone,
    approval: &Approval,
    id: &str,
) -> Result<Approval, DecisionError> {
    let store = world.store(&by.workspace);
    store.approve(&approval.id, &by.approver(approval), &world.acting(&by.actor(), id)).await
}

/// The names of the ledger's entries, in order.
async fn entries(world: &World, of: &Someone) -> anyhow::Result<Vec<&'static str>> {
    let records = world.store(&of.workspace).ledger(1, 10_000).await?;
    records.iter().map(|record| Ok(record.entry()?.name())).collect()
}

async fn chain_holds(world: &World, of: &Someone) -> Outcome {
    let verified = world.store(&of.workspace).verify_ledger().await?;
    assert_eq!(verified.verdict, Ok(()));
    Ok(())
}

fn refused(answer: &Answered) {
    assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::FORBIDDEN, &"delivery.refused".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sponsors_acceptance_is_entry_one_and_activates_the_workspace() -> Outcome {
    let world = World::start().await?;
    let sponsor = world.workspace("acme", WorkspaceKind::Customer).await?;
    let store = world.store(&sponsor.workspace);
    let other = world.person(&sponsor.workspace, "second", Role::Admin).await?;
    let own = store.approvals().await?.remove(0);
    let early =
        requested(&world, &sponsor, Terms::Scim { okta_url: "https://acme.example".into() }, "c-1").await;
    assert!(early.is_err(), "nothing is asked of a pending workspace");
    let not_sponsor = approved(&world, &other, &own, "c-2").await;
    assert!(matches!(not_sponsor, Err(DecisionError::Rule(ApprovalError::NotTheSponsor))));

    let acting = world.acting(&sponsor.actor(), "c-3");
    let live = store.approve(&own.id, &sponsor.approver(&own), &acting).await?;
    assert_eq!(live.state, State::Live);
    let workspace = world.door.workspaces.read(&sponsor.workspace.tenant).await?.unwrap();
    assert_eq!(workspace.state, WorkspaceState::Active);
    // The same request again is no second entry.
    assert_eq!(store.approve(&own.id, &sponsor.approver(&own), &acting).await?, live);
    let first = store.ledger(1, 10).await?.remove(0);
    assert!(matches!(first.entry()?.event, Event::Approval { step: Step::Approved, .. }) && first.seq == 1);
    assert_eq!(entries(&world, &sponsor).await?.len(), 1);
    let closing = store.revoke(&own.id, &sponsor.principal, &acting).await;
    assert!(matches!(closing, Err(DecisionError::Closing)));
    chain_holds(&world, &sponsor).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_32_parallel_approvals_each_is_one_entry_and_the_chain_holds() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let ask = |n: u32| {
        let (world, admin) = (&world, &admin);
        async move {
            let terms = Terms::Scim { okta_url: format!("https://org{n}.example") };
            requested(world, admin, terms, &format!("c-ask-{n:04}")).await
        }
    };
    let asked = join_all((0..32).map(ask)).await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let decided = asked.iter().map(|approval| {
        let (world, admin) = (&world, &admin);
        async move { approved(world, admin, approval, "c-the-same").await }
    });
    for approval in join_all(decided).await {
        assert_eq!(approval?.state, State::Live);
    }
    let names = entries(&world, &admin).await?;
    let count = |name| names.iter().filter(|entry| **entry == name).count();
    assert_eq!((names.len(), count("approval.requested"), count("approval.approved")), (65, 32, 33));
    chain_holds(&world, &admin).await?;

    // Sixteen people say yes to one request at once: one of them makes it live.
    let terms = Terms::Scim { okta_url: "https://contested.example".into() };
    let one = requested(&world, &admin, terms, "c-contested").await?;
    let mut people = Vec::new();
    for n in 0..16 {
        people.push(world.person(&admin.workspace, &format!("p{n}"), Role::SecurityAdmin).await?);
    }
    let outcomes =
        join_all(people.iter().map(|person| approved(&world, person, &one, "c-contested-yes"))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(entries(&world, &admin).await?.len(), 67);
    chain_holds(&world, &admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sent_twice_is_one_request() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let store = world.store(&admin.workspace);
    let asked = |url: &str| -> anyhow::Result<Asked> {
        let terms = Terms::Scim { okta_url: url.into() };
        Ok(Asked { until: Until::Revoked, ..admin.asks(terms, world.now())? })
    };
    let acting = world.acting(&admin.actor(), "c-retried");
    let first = store.request_approval(asked("https://a.example")?, &acting).await?;
    assert_eq!(store.request_approval(asked("https://a.example")?, &acting).await?, first);
    let other = store.request_approval(asked("https://b.example")?, &acting).await?;
    assert_ne!(other.id, first.id, "other terms are another request");
    assert_eq!(entries(&world, &admin).await?.len(), 3);
    chain_holds(&world, &admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_who_lost_the_role_does_not_count() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let store = world.store(&admin.workspace);
    let partner = world.workspace("partner", WorkspaceKind::Partner).await?;
    // The role is its group's, and SCIM says who is in that.
    let first = world.person(&admin.workspace, "first", Role::User).await?;
    let group = Group::Role(Role::SecurityAdmin);
    let member = |joins: bool| BTreeMap::from([(first.user.id.as_str().to_owned(), joins)]);
    store.change_members(&group, Version::Any, &member(true), &world.acting("scim:k1", "c-0")).await?;
    let first = world.again(&first).await?;
    let second = world.person(&admin.workspace, "second", Role::SecurityAdmin).await?;
    let third = world.person(&admin.workspace, "third", Role::SecurityAdmin).await?;
    let terms = partner_terms(&partner.workspace, &[DataClass::RawIdentity])?;
    let request = requested(&world, &admin, terms, "c-1").await?;
    assert_eq!(approved(&world, &first, &request, "c-2").await?.state, State::Requested);
    let twice = approved(&world, &first, &request, "c-3").await;
    assert!(matches!(twice, Err(DecisionError::Rule(ApprovalError::AlreadyApproved))));

    store.change_members(&group, Version::Any, &member(false), &world.acting("scim:k1", "c-4")).await?;
    assert_eq!(approved(&world, &second, &request, "c-5").await?.state, State::Requested);
    // A session from before the change proves a role that is gone.
    let stale = approved(&world, &first, &request, "c-6").await;
    assert!(matches!(stale, Err(DecisionError::Changed)), "{stale:?}");
    assert_eq!(approved(&world, &third, &request, "c-7").await?.state, State::Live);

    let own =
        requested(&world, &second, partner_terms(&partner.workspace, &[DataClass::Report])?, "c-8").await?;
    let own = approved(&world, &second, &own, "c-9").await;
    assert!(matches!(own, Err(DecisionError::Rule(ApprovalError::OwnRequest))));
    chain_holds(&world, &admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_reads_what_was_approved_until_it_is_revoked() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let second = world.person(&admin.workspace, "second", Role::OrgAdmin).await?;
    let firm = world.workspace("partner", WorkspaceKind::Partner).await?;
    let reader = world.person(&firm.workspace, "reader", Role::Viewer).await?;
    let powerless = world.person(&firm.workspace, "powerless", Role::User).await?;
    let store = world.store(&admin.workspace);
    let page = b"<h1>Report</h1>";
    let report = world.object(&admin.workspace, DataClass::Report, "report.html", page).await?;
    let path = format!("/deliveries/{}?customer=acme", report.id);

    refused(&world.get(&reader, &path).await?);
    let terms = partner_terms(&firm.workspace, &[DataClass::Report])?;
    let request = requested(&world, &admin, terms, "c-request").await?;
    refused(&world.get(&reader, &path).await?);
    approved(&world, &second, &request, "c-approve").await?;
    refused(&world.get(&reader, &path).await?);
    let acting = world.acting(&admin.actor(), "c-publish");
    assert_eq!(store.publish_objects("s1", &acting).await?, 1);

    let read = world.get(&reader, &path).await?;
    assert_eq!((read.status, &read.body[..]), (StatusCode::OK, &page[..]));
    assert_eq!(read.headers["content-type"], "text/html; charset=utf-8");
    assert!(read.headers["content-disposition"].to_str()?.starts_with("inline; filename=\"report.html\""));
    assert!(read.headers["content-security-policy"].to_str()?.ends_with("sandbox"));
    let list = world.get(&reader, "/deliveries?customer=acme").await?.json();
    assert_eq!(list["objects"][0]["id"], report.id.as_str());
    refused(&world.get(&powerless, &path).await?);
    // Two reads under one correlation id are two entries.
    assert_eq!(world.get(&reader, &path).await?.status, StatusCode::OK);

    let acting = world.acting(&admin.actor(), "c-revoke");
    let revoking = store.revoke(&request.id, &admin.principal, &acting).await?;
    assert_eq!(revoking.state, State::Revoking);
    refused(&world.get(&reader, &path).await?);
    // With nothing open, a customer that is there and one that is not are the same to a partner.
    refused(&world.get(&reader, "/deliveries?customer=acme").await?);
    refused(&world.get(&reader, "/deliveries?customer=nobody").await?);
    let settle = async |id: &'static str| store.settle(&request.id, &world.acting("job:leases", id)).await;
    let early = settle("c-early").await;
    assert!(matches!(early, Err(DecisionError::Rule(ApprovalError::LeasesOpen { .. }))), "{early:?}");
    world.pass(30);
    let early = settle("c-still").await;
    assert!(matches!(early, Err(DecisionError::Rule(ApprovalError::LeasesOpen { .. }))), "a skewed clock");
    world.pass(6);
    let revoked = settle("c-settle").await?;
    assert_eq!(revoked.state, State::Revoked);
    refused(&world.get(&reader, &path).await?);

    let names = entries(&world, &admin).await?;
    let want = [
        "approval.approved",
        "refused",
        "approval.requested",
        "refused",
        "approval.approved",
        "refused",
        "read",
        "read",
        "approval.revoking",
        "refused",
        "approval.revoked",
        "refused",
    ];
    assert_eq!(names, want);
    let log = store.audit_log(world.now(), None, 100).await?;
    let seen = log.iter().filter(|record| record.action == "evidence.read").collect::<Vec<_>>();
    assert!(seen.len() == 2 && seen.iter().all(|record| record.actor.starts_with("partner:")), "{seen:?}");
    chain_holds(&world, &admin).await
}

/// The rules' outcomes hold what the operator dismissed: publication leaves them alone.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_saw_is_never_a_partners_however_much_was_approved() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let second = world.person(&admin.workspace, "second", Role::OrgAdmin).await?;
    let firm = world.workspace("partner", WorkspaceKind::Partner).await?;
    let outcomes = world.object(&admin.workspace, DataClass::FindingsFull, "evaluation.json", b"[]").await?;
    let terms = partner_terms(&firm.workspace, &[DataClass::FindingsFull])?;
    let request = requested(&world, &admin, terms, "c-request").await?;
    approved(&world, &second, &request, "c-approve").await?;
    let acting = world.acting(&admin.actor(), "c-publish");
    assert_eq!(world.store(&admin.workspace).publish_objects("s1", &acting).await?, 0);
    refused(&world.get(&firm, &format!("/deliveries/{}?customer=acme", outcomes.id)).await?);
    let list = world.get(&firm, "/deliveries?customer=acme").await?;
    assert_eq!((list.status, &list.json()["objects"]), (StatusCode::OK, &serde_json::json!([])));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_evidence_waits_for_two_people_and_comes_in_parts() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let one = world.person(&admin.workspace, "one", Role::SecurityAdmin).await?;
    let two = world.person(&admin.workspace, "two", Role::OrgAdmin).await?;
    let firm = world.workspace("partner", WorkspaceKind::Partner).await?;
    let bytes: Vec<u8> = (0..4_500_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let raw = world.object(&admin.workspace, DataClass::RawIdentity, "users.json", &bytes).await?;
    let store = world.store(&admin.workspace);
    store.publish_objects("s1", &world.acting(&admin.actor(), "c-publish")).await?;
    let path = |part: u32| format!("/deliveries/{}?customer=acme&part={part}", raw.id);

    let terms = partner_terms(&firm.workspace, &[DataClass::Report, DataClass::RawIdentity])?;
    let request = requested(&world, &admin, terms, "c-1").await?;
    refused(&world.get(&firm, &path(1)).await?);
    approved(&world, &one, &request, "c-2").await?;
    refused(&world.get(&firm, &path(1)).await?);
    assert_eq!(approved(&world, &two, &request, "c-3").await?.state, State::Live);
    let (first, second) = (world.get(&firm, &path(1)).await?, world.get(&firm, &path(2)).await?);
    assert!(first.body.len() <= 4_000_000 && first.headers["x-part"] == "1/2");
    assert!(first.headers["content-disposition"].to_str()?.starts_with("attachment;"));
    assert_eq!([&first.body[..], &second.body[..]].concat(), bytes);
    let whole = world.get(&firm, &format!("/deliveries/{}?customer=acme", raw.id)).await?;
    assert_eq!(whole.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.get(&firm, &path(3)).await?.status, StatusCode::BAD_REQUEST);

    world.pass(31 * 24 * 3600);
    let firm = world.again(&firm).await?;
    refused(&world.get(&firm, &path(1)).await?);
    let shown = world.get(&world.again(&admin).await?, &format!("/approvals/{}", request.id)).await?.json();
    assert_eq!((&shown["state"], &shown["inForce"]), (&"expired".into(), &false.into()), "by the clock");
    assert_eq!(store.approval(&request.id).await?.unwrap().state, State::Live);
    assert_eq!(world.tick().await?["approvals"], serde_json::json!({ "ended": 1, "failed": 0 }));
    assert_eq!(store.approval(&request.id).await?.unwrap().state, State::Expired);
    assert_eq!(world.tick().await?["approvals"], serde_json::json!({ "ended": 0, "failed": 0 }));
    chain_holds(&world, &admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_walls_and_other_peoples_objects_are_refused() -> Outcome {
    let world = World::start().await?;
    let acme = world.customer("acme").await?;
    let second = world.person(&acme.workspace, "second", Role::Admin).await?;
    let third = world.person(&acme.workspace, "third", Role::Admin).await?;
    let other = world.customer("other").await?;
    let firm = world.workspace("partner", WorkspaceKind::Partner).await?;
    let rival = world.workspace("rival", WorkspaceKind::Partner).await?;
    let report = world.object(&acme.workspace, DataClass::Report, "report.html", b"acme's").await?;
    world.object(&other.workspace, DataClass::Report, "other.html", b"other's").await?;
    for someone in [&acme, &other] {
        let acting = world.acting(&someone.actor(), "c-publish");
        world.store(&someone.workspace).publish_objects("s1", &acting).await?;
    }
    let path = |customer: &str| format!("/deliveries/{}?customer={customer}", report.id);

    // Approved for a bucket of the partner's; read here, the bytes would go elsewhere than the approval says.
    let id = PartnerId::new(firm.workspace.tenant.as_str());
    let bucket = Bucket {
        account: "111122223333".into(),
        bucket: "partner-example".into(),
        prefix: "acme/".into(),
        region: "eu-central-1".into(),
        role_arn: "arn:aws:iam::111122223333:role/evidence".into(),
        external_id_sha256: Digest::of(b"external id"),
        kms_key_arn: "arn:aws:kms:eu-central-1:111122223333:key/k1".into(),
        ownership_proof_sha256: Digest::of(b"challenge"),
    };
    let push = Destination::PartnerPush { partner: id.clone(), bucket };
    let push = requested(&world, &acme, access_terms(id, &[DataClass::Report], push)?, "c-1").await?;
    approved(&world, &second, &push, "c-2").await?;
    assert_eq!(approved(&world, &third, &push, "c-3").await?.state, State::Live);
    refused(&world.get(&firm, &path("acme")).await?);
    let log = world.store(&acme.workspace).audit_log(world.now(), None, 100).await?;
    let why = log.iter().find(|record| record.action == "evidence.refused").unwrap();
    assert_eq!(why.detail, "destination.drift");

    let read = partner_terms(&firm.workspace, &[DataClass::Report])?;
    let read = requested(&world, &acme, read, "c-4").await?;
    approved(&world, &second, &read, "c-5").await?;
    assert_eq!(world.get(&firm, &path("acme")).await?.status, StatusCode::OK);
    // Another partner, another customer, a customer reaching out, nobody's customer, no customer.
    refused(&world.get(&rival, &path("acme")).await?);
    refused(&world.get(&firm, &path("other")).await?);
    refused(&world.get(&other, &path("acme")).await?);
    refused(&world.get(&firm, &path("partner")).await?);
    refused(&world.get(&firm, &path("nobody")).await?);
    refused(&world.get(&other, &format!("/deliveries/{}", report.id)).await?);
    let unnamed = world.get(&firm, &format!("/deliveries/{}", report.id)).await?;
    assert_eq!(unnamed.status, StatusCode::BAD_REQUEST);
    // The partner's person is gone.
    let body = serde_json::json!({ "userName": "sponsor@partner.example", "active": false });
    let gone = UserAttributes::from_create(&body).unwrap();
    let acting = world.acting("job:test", "c-6");
    world.store(&firm.workspace).change_user(&firm.user, gone, &acting).await?;
    assert_eq!(world.get(&firm, &path("acme")).await?.status, StatusCode::UNAUTHORIZED);
    chain_holds(&world, &acme).await?;
    chain_holds(&world, &other).await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_read_their_own_by_role() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let viewer = world.person(&admin.workspace, "viewer", Role::Viewer).await?;
    let raw = world.object(&admin.workspace, DataClass::RawIdentity, "users.json", b"{}").await?;
    let report = world.object(&admin.workspace, DataClass::Report, "report.html", b"draft").await?;
    let path = |id: &str| format!("/deliveries/{id}");
    assert_eq!(world.get(&admin, &path(&raw.id)).await?.status, StatusCode::OK);
    assert_eq!(world.get(&admin, &path(&report.id)).await?.status, StatusCode::OK);
    refused(&world.get(&viewer, &path(&raw.id)).await?);
    refused(&world.get(&viewer, &path(&report.id)).await?);
    let store = world.store(&admin.workspace);
    store.publish_objects("s1", &world.acting(&admin.actor(), "c-publish")).await?;
    assert_eq!(world.get(&viewer, &path(&report.id)).await?.status, StatusCode::OK);
    refused(&world.get(&viewer, &path("s1.nothing")).await?);
    assert_eq!(
        entries(&world, &admin).await?,
        ["approval.approved", "read", "read", "refused", "refused", "read"]
    );
    chain_holds(&world, &admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_comes_in_under_the_first_scan_and_the_customer_sees_it() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let operator = world.workspace("operators", WorkspaceKind::Operator).await?;
    let report = world.object(&admin.workspace, DataClass::Report, "report.html", b"draft").await?;
    let raw = world.object(&admin.workspace, DataClass::RawIdentity, "users.json", b"{}").await?;
    let path = |id: &str, org: &str| format!("/deliveries/{id}?customer=acme&org={org}");
    refused(&world.get(&operator, &path(&report.id, "org1")).await?);
    let terms = Terms::FirstScan { org: org(), okta_url: "https://acme.example".into() };
    let request = requested(&world, &admin, terms, "c-1").await?;
    approved(&world, &admin, &request, "c-2").await?;
    assert_eq!(world.get(&operator, &path(&report.id, "org1")).await?.status, StatusCode::OK);
    refused(&world.get(&operator, &path(&report.id, "org2")).await?);
    refused(&world.get(&operator, &path(&raw.id, "org1")).await?);
    let store = world.store(&admin.workspace);
    let acting = world.acting(&admin.actor(), "c-3");
    let tenant = &admin.workspace.tenant;
    let reach = world.door.workspaces.reach(&admin.principal, tenant, &org(), &acting).await;
    assert!(reach.is_err(), "a customer's admin is no operator");
    let log = store.audit_log(world.now(), None, 100).await?;
    let count = |action| log.iter().filter(|record| record.action == action).count();
    assert_eq!((count("operator.access"), count("operator.refused"), count("evidence.read")), (2, 2, 1));
    assert!(
        log.iter()
            .filter(|record| record.action == "evidence.read")
            .all(|r| r.actor.starts_with("operator:"))
    );

    let acting = world.acting(&admin.actor(), "c-4");
    store.revoke(&request.id, &admin.principal, &acting).await?;
    refused(&world.get(&operator, &path(&report.id, "org1")).await?);
    let early = store.settle(&request.id, &world.acting("job:leases", "c-5")).await;
    assert!(early.is_err(), "what the operator began may be under way: {early:?}");
    world.pass(36);
    let later = world.acting("job:leases", "c-5");
    assert_eq!(store.settle(&request.id, &later).await?.state, State::Revoked);
    assert!(store.first_scan(&org(), world.now() + SignedDuration::from_secs(1)).await?.is_none());
    chain_holds(&world, &admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_after_a_revocation_whatever_the_order_of_arrival() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let second = world.person(&admin.workspace, "second", Role::Admin).await?;
    let firm = world.workspace("partner", WorkspaceKind::Partner).await?;
    let report = world.object(&admin.workspace, DataClass::Report, "report.html", b"report").await?;
    let store = world.store(&admin.workspace);
    store.publish_objects("s1", &world.acting(&admin.actor(), "c-publish")).await?;
    let path = format!("/deliveries/{}?customer=acme", report.id);
    for round in 0..3 {
        let terms = partner_terms(&firm.workspace, &[DataClass::Report])?;
        let request = requested(&world, &admin, terms, &format!("c-ask-{round}")).await?;
        approved(&world, &second, &request, "c-yes").await?;
        let before = entries(&world, &admin).await?.len();
        let reads = join_all((0..24).map(|_| world.get(&firm, &path)));
        let (answers, revoked) = tokio::join!(reads, async {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            store.revoke(&request.id, &admin.principal, &world.acting(&admin.actor(), "c-no")).await
        });
        revoked?;
        let answers = answers.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let names = entries(&world, &admin).await?.split_off(before);
        let (early, late) = names.split_at(names.iter().position(|n| *n == "approval.revoking").unwrap());
        assert!(!late.contains(&"read"), "{names:?}");
        let allowed = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
        assert_eq!(early.iter().filter(|name| **name == "read").count(), allowed, "every read has one entry");
        assert_eq!(names.len(), 25, "and every refusal");
        world.pass(36);
        store.settle(&request.id, &world.acting("job:leases", "c-settle")).await?;
    }
    chain_holds(&world, &admin).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_with_the_table_shows() -> Outcome {
    let world = World::start().await?;
    let admin = world.customer("acme").await?;
    let tenant = &admin.workspace.tenant;
    let store = world.store(&admin.workspace);
    let terms = Terms::Scim { okta_url: "https://acme.example".into() };
    let request = requested(&world, &admin, terms, "c-1").await?;
    chain_holds(&world, &admin).await?;

    // An approval that says it is live without anybody's yes.
    let forged = Write::update(Key::of(tenant, "P", request.id.as_str())).set("state", State::Live);
    world.door.table().write(vec![forged]).await?;
    assert!(store.approvals().await.is_err() && store.scim_approval(world.now()).await.is_err());
    let back = Write::update(Key::of(tenant, "P", request.id.as_str())).set("state", State::Requested);
    world.door.table().write(vec![back]).await?;
    chain_holds(&world, &admin).await?;

    let second = format!("E#{:020}", 2);
    let text = store.ledger(2, 1).await?.remove(0).entry.replace("acme.example", "evil.example");
    let changed = Write::update(Key::of(tenant, "LEDGER", second.as_str())).set("entry", text);
    world.door.table().write(vec![changed]).await?;
    assert!(store.verify_ledger().await?.verdict.is_err(), "a changed entry");
    world.door.table().write(vec![Write::delete(Key::of(tenant, "LEDGER", second))]).await?;
    assert!(store.verify_ledger().await?.verdict.is_err(), "a dropped entry");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_takes_an_approval_from_request_to_revoked() -> Outcome {
    let world = World::start().await?;
    let sponsor = world.workspace("acme", WorkspaceKind::Customer).await?;
    let shown = world.get(&sponsor, "/approvals/workspace").await?.json();
    assert_eq!((&shown["kind"], &shown["state"]), (&"workspace_creation".into(), &"requested".into()));
    let yes = |shown: &serde_json::Value| serde_json::json!({ "text_sha256": shown["textSha256"] });
    let accepted = world.post(&sponsor, "/approvals/workspace/approve", &yes(&shown)).await?;
    assert_eq!((accepted.status, &accepted.json()["state"]), (StatusCode::OK, &"live".into()));

    let admin = world.again(&sponsor).await?;
    let second = world.person(&admin.workspace, "second", Role::SecurityAdmin).await?;
    let viewer = world.person(&admin.workspace, "viewer", Role::Viewer).await?;
    let firm = world.workspace("partner", WorkspaceKind::Partner).await?;
    let ask = serde_json::json!({
        "kind": "partner_access", "partner": "partner", "org": "org1", "classes": ["report"], "days": 30,
    });
    assert_eq!(world.post(&admin, "/approvals", &ask).await?.status, StatusCode::BAD_REQUEST, "no such org");
    world.connect(&admin).await?;
    assert_eq!(world.post(&viewer, "/approvals", &ask).await?.status, StatusCode::FORBIDDEN);
    let asked = world.post(&admin, "/approvals", &ask).await?;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.json());
    let asked = asked.json();
    let path = format!("/approvals/{}", asked["id"].as_str().unwrap());

    let page = world.page(&second, &path).await?;
    let page = String::from_utf8(page.body.to_vec())?;
    for shown in
        ["access of the partner partner", "Data: report: the rendered report", "sponsor@acme.example"]
    {
        assert!(page.contains(shown), "{shown}\n{page}");
    }
    let other = serde_json::json!({ "text_sha256": Digest::of(b"something else").to_hex() });
    let unread = world.post(&second, &format!("{path}/approve"), &other).await?;
    assert_eq!((unread.status, &unread.json()["code"]), (StatusCode::CONFLICT, &"approval.text".into()));
    let own = world.post(&admin, &format!("{path}/approve"), &yes(&asked)).await?;
    assert_eq!((own.status, &own.json()["code"]), (StatusCode::FORBIDDEN, &"approval.own".into()));
    let by_viewer = world.post(&viewer, &format!("{path}/approve"), &yes(&asked)).await?;
    assert_eq!(by_viewer.status, StatusCode::FORBIDDEN);
    let live = world.post(&second, &format!("{path}/approve"), &yes(&asked)).await?.json();
    assert_eq!((&live["state"], &live["inForce"]), (&"live".into(), &true.into()));

    let report = world.object(&admin.workspace, DataClass::Report, "report.html", b"report").await?;
    let publish = world.acting(&admin.actor(), "c-publish");
    world.store(&admin.workspace).publish_objects("s1", &publish).await?;
    let read = format!("/deliveries/{}?customer=acme", report.id);
    assert_eq!(world.get(&firm, &read).await?.status, StatusCode::OK);
    let none = serde_json::json!({});
    let revoking = world.post(&admin, &format!("{path}/revoke"), &none).await?;
    assert_eq!((revoking.status, &revoking.json()["state"]), (StatusCode::ACCEPTED, &"revoking".into()));
    assert!(revoking.json()["revokedAfter"].is_string());
    refused(&world.get(&firm, &read).await?);
    assert_eq!(world.get(&admin, &path).await?.json()["state"], "revoking");
    world.pass(36);
    assert_eq!(world.get(&admin, &path).await?.json()["state"], "revoked");
    let again = world.post(&admin, &format!("{path}/revoke"), &none).await?;
    assert_eq!((again.status, &again.json()["state"]), (StatusCode::OK, &"revoked".into()));

    let ledger = world.get(&viewer, "/ledger").await?.json();
    assert_eq!((&ledger["verified"], &ledger["head"]["seq"]), (&true.into(), &7.into()));
    assert_eq!(world.get(&admin, "/approvals").await?.json()["approvals"].as_array().unwrap().len(), 2);
    assert_eq!(world.get(&firm, "/approvals").await?.status, StatusCode::NOT_FOUND);
    let page = world.page(&viewer, "/approvals").await?;
    let page = String::from_utf8(page.body.to_vec())?;
    assert!(page.contains("Partner access") && !page.contains("Ask for an approval"));
    chain_holds(&world, &admin).await
}
