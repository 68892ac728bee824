use std::sync::Mutex;

use super::*;
use crate::{
    assessment::{
        manifest::{Manifest, Subject},
        part::PartRef,
        snapshot::{Opening, Row},
    },
    okta::{
        Method, ServiceApp, endpoints,
        testing::{FakeOrg, Sent, answer, assertion_key, counting_random, now, org, token_for},
    },
    ops::clock::OffsetClock,
};

/// Parts and checkpoints in memory; a countdown lets the n-th write fail, as a kill would.
#[derive(Default)]
struct Store {
    parts: Mutex<std::collections::BTreeMap<String, Vec<u8>>>,
    saved: Mutex<Option<Vec<u8>>>,
    writes_left: Mutex<Option<u32>>,
    puts: Mutex<u32>,
    /// How often the customer lets the reading go on; for ever if left out.
    renewals_left: Mutex<Option<u32>>,
    /// When the approvals run out; never if left out.
    closes: Mutex<Option<Timestamp>>,
}

impl Store {
    fn write(&self) -> Result<(), String> {
        match &mut *self.writes_left.lock().unwrap() {
            Some(0) => Err("killed".to_owned()),
            Some(n) => {
                *n -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        let saved = self.saved.lock().unwrap();
        saved
            .as_ref()
            .map_or_else(|| Checkpoint::new("scan-1", now()), |json| Checkpoint::from_json(json).unwrap())
    }
}

impl PartSink for Store {
    async fn put(&self, resource: &str, shard: u32, seq: u32, ndjson: Vec<u8>) -> Result<PartRef, SinkError> {
        self.write().map_err(SinkError)?;
        *self.puts.lock().unwrap() += 1;
        let sha256 = part::sha256_hex(&ndjson);
        let key = format!("{resource}/{shard}/{seq}-{sha256}");
        let (bytes, rows) = (ndjson.len() as u64, part::decode(&ndjson).unwrap().len() as u64);
        self.parts.lock().unwrap().insert(key.clone(), ndjson);
        Ok(PartRef { key, sha256, bytes, rows })
    }
}

impl CheckpointStore for Store {
    async fn save(&self, checkpoint: &Checkpoint) -> Result<(), SaveError> {
        self.write().map_err(SaveError)?;
        *self.saved.lock().unwrap() = Some(checkpoint.to_json().unwrap());
        Ok(())
    }

    async fn renew(&self) -> Result<Timestamp, RenewError> {
        match &mut *self.renewals_left.lock().unwrap() {
            Some(0) => return Err(RenewError::Ended),
            Some(n) => *n -= 1,
            None => {}
        }
        Ok(self.closes.lock().unwrap().unwrap_or(Timestamp::MAX))
    }
}

/// An org with two pages of users, two groups of which one gives a role, one policy and nothing else.
fn small_org(sent: &Sent) -> Response {
    let next = [("link", "<https://acme.okta.com/api/v1/users?after=u2>; rel=\"next\"")];
    match sent.target() {
        _ if sent.method == Method::Post => token_for(sent),
        "/api/v1/users?after=u2" => answer(200, &[], r#"[{"id":"u3","status":"ACTIVE"}]"#),
        t if t.starts_with("/api/v1/users?") => answer(
            200,
            &next,
            r#"[{"id":"u1","profile":{"login":"a@example.com","mobilePhone":"1"}},{"id":"u2"}]"#,
        ),
        t if t.starts_with("/api/v1/groups?") => answer(200, &[], r#"[{"id":"g1"},{"id":"g2"},{"id":"g3"}]"#),
        "/api/v1/groups/g1/roles" => answer(200, &[], r#"[{"id":"r1","type":"SUPER_ADMIN"}]"#),
        "/api/v1/groups/g1/users?limit=200" => {
            answer(200, &[], r#"[{"id":"u1","status":"ACTIVE","profile":{}}]"#)
        }
        t if t.starts_with("/api/v1/iam/assignees") => answer(200, &[], r#"{"value":[{"id":"u1"}]}"#),
        "/api/v1/policies?type=OKTA_SIGN_ON" => answer(200, &[], r#"[{"id":"p1"}]"#),
        t if t.contains("/org/") || t.contains("configuration") || t.contains("admin-console") => {
            answer(200, &[], r#"{"thirdPartyAdmin":false}"#)
        }
        _ => answer(200, &[], "[]"),
    }
}

fn limited(mut answer: Response) -> Response {
    let reset = (now() + SignedDuration::from_secs(60)).as_second().to_string();
    for (name, value) in
        [("x-rate-limit-limit", "600"), ("x-rate-limit-remaining", "599"), ("x-rate-limit-reset", &reset)]
    {
        answer.headers.push((name.to_owned(), value.to_owned()));
    }
    answer
}

async fn run(
    store: &Store,
    mut answers: impl FnMut(&Sent) -> Response + Send,
    scopes: Vec<&str>,
    calls: u64,
) -> (Result<StepOutcome, CollectError>, Checkpoint, Vec<Sent>) {
    let fake = FakeOrg::answering(|sent: &Sent| Ok(limited(answers(sent))));
    let (clock, random) = (OffsetClock::starting_at(now()), counting_random());
    let app = ServiceApp { client_id: "0oaClient".into(), key: assertion_key() };
    let scopes = scopes.into_iter().map(str::to_owned).collect();
    let mut client = Client::new(&fake, org(), app, scopes, &clock, &random).unwrap();
    let mut checkpoint = store.checkpoint();
    let budget = Budget { calls, until: now() + SignedDuration::from_mins(10) };
    let mut context = Context { client: &mut client, sink: store, checkpoints: store, clock: &clock, budget };
    let outcome = step(&mut context, &mut checkpoint).await;
    (outcome, checkpoint, fake.sent())
}

fn subject() -> Subject {
    Subject {
        tenant: "t-1".into(),
        org: "o-1".into(),
        org_url: org().as_str().into(),
        okta_org_id: "00oExample".into(),
        scopes: endpoints::scopes().into_iter().map(str::to_owned).collect(),
        rule_library: "test".into(),
    }
}

fn status(checkpoint: &Checkpoint, key: &str) -> Status {
    checkpoint.resources[key].status.clone().unwrap()
}

#[tokio::test]
async fn everything_is_read_once_and_can_be_sealed_and_opened() {
    let store = Store::default();
    let (outcome, checkpoint, sent) = run(&store, small_org, endpoints::scopes(), 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    assert!(checkpoint.resources.values().all(|r| r.status == Some(Status::Complete)));

    let mut urls: Vec<_> = sent.iter().filter(|s| s.method == Method::Get).map(|s| s.url.clone()).collect();
    let calls = urls.len();
    urls.sort();
    urls.dedup();
    assert_eq!(urls.len(), calls, "nothing is read twice");
    let progress = checkpoint.progress();
    assert_eq!((progress.calls, progress.resources_done), (calls as u64, progress.resources_total));

    let manifest = Manifest::seal(&checkpoint, subject(), now()).unwrap();
    let mut opening = Opening::new(&manifest);
    for (key, ndjson) in store.parts.lock().unwrap().iter() {
        opening.add(key, ndjson).unwrap();
    }
    let snapshot = opening.finish().unwrap();
    let users = snapshot.resource("users").unwrap();
    assert_eq!(users.iter().map(Row::id).collect::<Vec<_>>(), ["u1", "u2", "u3"]);
    assert!(users[0].at("/profile/mobilePhone").is_none(), "more than we need is not kept");
    assert_eq!(snapshot.resource("group-role-members").unwrap()[0].parent.as_deref(), Some("g1"));
}

/// Killed at every write in turn, and gone on from what was saved, the snapshot is the same.
#[tokio::test]
async fn a_kill_at_any_write_costs_one_page_at_most() {
    let whole = Store::default();
    let (_, checkpoint, _) = run(&whole, small_org, endpoints::scopes(), 1000).await;
    let want = Manifest::seal(&checkpoint, subject(), now()).unwrap();
    for survived in 0..40 {
        let store = Store::default();
        *store.writes_left.lock().unwrap() = Some(survived);
        let (first, _, _) = run(&store, small_org, endpoints::scopes(), 1000).await;
        *store.writes_left.lock().unwrap() = None;
        let (outcome, checkpoint, _) = run(&store, small_org, endpoints::scopes(), 1000).await;
        assert_eq!(outcome.unwrap(), StepOutcome::Collected);
        let got = Manifest::seal(&checkpoint, subject(), now()).unwrap();
        assert_eq!(got.merkle_root, want.merkle_root, "killed after {survived} writes");
        assert!(*store.puts.lock().unwrap() <= *whole.puts.lock().unwrap() + 1);
        if first.is_ok() {
            return;
        }
    }
    panic!("the collection never ended");
}

#[tokio::test]
async fn a_budget_of_one_call_gets_there_too() {
    let store = Store::default();
    for _ in 0..100 {
        let (outcome, checkpoint, sent) = run(&store, small_org, endpoints::scopes(), 1).await;
        assert!(sent.iter().filter(|s| s.method == Method::Get).count() <= 1);
        if outcome.unwrap() == StepOutcome::Collected {
            assert!(Manifest::seal(&checkpoint, subject(), now()).is_ok());
            return;
        }
        assert!(matches!(
            Manifest::seal(&checkpoint, subject(), now()),
            Err(crate::assessment::manifest::ManifestError::NotCollected(_))
        ));
    }
    panic!("the collection never ended");
}

#[tokio::test]
async fn what_is_denied_or_absent_says_so_and_takes_its_children_along() {
    let answers = |sent: &Sent| match sent.target() {
        t if t.starts_with("/api/v1/iam/assignees") => answer(403, &[], r#"{"errorCode":"E0000006"}"#),
        t if t.starts_with("/api/v1/realms") => answer(401, &[], r#"{"errorCode":"E0000015"}"#),
        t if t.starts_with("/api/v1/idps") => answer(200, &[], "<html>"),
        t if t.starts_with("/api/v1/apps") => answer(400, &[], r#"{"errorCode":"E0000001"}"#),
        _ => small_org(sent),
    };
    let scopes = endpoints::scopes().into_iter().filter(|s| *s != "okta.logStreams.read").collect();
    let (outcome, checkpoint, sent) = run(&Store::default(), answers, scopes, 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    assert_eq!(status(&checkpoint, "iam-assignees"), Status::DeniedRole);
    assert_eq!(status(&checkpoint, "user-roles"), Status::DeniedRole);
    assert_eq!(status(&checkpoint, "realms"), Status::FeatureAbsent);
    assert_eq!(status(&checkpoint, "log-streams"), Status::DeniedScope);
    assert!(matches!(status(&checkpoint, "idps"), Status::Partial(_)));
    assert!(matches!(status(&checkpoint, "apps"), Status::Partial(_)));
    assert!(!sent.iter().any(|s| s.url.contains("logStreams")), "what is not granted is not tried");
}

/// The reason of a resource that ended partial.
fn partial(checkpoint: &Checkpoint, key: &str) -> String {
    let Status::Partial(reason) = status(checkpoint, key) else {
        panic!("{key} ended as {:?}", status(checkpoint, key));
    };
    reason
}

#[tokio::test]
async fn a_parent_that_answers_404_leaves_its_resource_partial() {
    let answers = |sent: &Sent| match sent.target() {
        "/api/v1/groups/g2/roles" => answer(404, &[], r#"{"errorCode":"E0000007"}"#),
        _ => small_org(sent),
    };
    let (outcome, checkpoint, sent) = run(&Store::default(), answers, endpoints::scopes(), 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    assert_eq!(
        partial(&checkpoint, "group-roles"),
        "1 of 3 parents answered 404: deleted during the scan, or not readable"
    );
    assert_eq!((checkpoint.resources["group-roles"].gone, checkpoint.resources["group-roles"].rows), (1, 1));
    assert!(sent.iter().any(|s| s.target() == "/api/v1/groups/g3/roles"), "the others are read all the same");
    assert_eq!(partial(&checkpoint, "group-role-members"), "group-roles is not complete");
}

#[tokio::test]
async fn a_404_behind_a_page_that_is_kept_is_no_vanished_parent() {
    let next = [("link", "<https://acme.okta.com/api/v1/groups/g1/users?after=2>; rel=\"next\"")];
    let answers = |sent: &Sent| match sent.target() {
        "/api/v1/groups/g1/users?limit=200" => answer(200, &next, r#"[{"id":"u1"}]"#),
        "/api/v1/groups/g1/users?after=2" => answer(404, &[], r#"{"errorCode":"E0000007"}"#),
        _ => small_org(sent),
    };
    let (outcome, checkpoint, _) = run(&Store::default(), answers, endpoints::scopes(), 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    assert_eq!(partial(&checkpoint, "group-role-members"), "the object is gone");
    assert_eq!(checkpoint.resources["group-role-members"].rows, 1, "what was read is kept");
}

#[tokio::test]
async fn a_next_link_that_cannot_be_read_leaves_its_resource_partial() {
    let next = [("link", "https://acme.okta.com/api/v1/users?after=u2; rel=\"next\"")];
    let answers = |sent: &Sent| match sent.target() {
        t if t.starts_with("/api/v1/users?") => answer(200, &next, r#"[{"id":"u1"}]"#),
        t if t.starts_with("/api/v1/iam/assignees") => {
            answer(200, &[], r#"{"value":[{"id":"u1"}],"_links":{"next":{"href":7}}}"#)
        }
        _ => small_org(sent),
    };
    let (outcome, checkpoint, _) = run(&Store::default(), answers, endpoints::scopes(), 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    for key in ["users", "iam-assignees"] {
        assert_eq!(partial(&checkpoint, key), "the next page's link cannot be read");
        assert_eq!(checkpoint.resources[key].rows, 1, "what was read is kept");
    }
    assert_eq!(partial(&checkpoint, "user-roles"), "iam-assignees is not complete");
}

#[tokio::test]
async fn a_row_that_may_be_a_parent_leaves_its_fan_out_partial() {
    let answers = |sent: &Sent| match sent.target() {
        t if t.starts_with("/api/v1/groups?") => answer(200, &[], r#"[{"id":"g1"},{"id":2}]"#),
        "/api/v1/authenticators" => {
            answer(200, &[], r#"[{"id":"a1","key":"okta_verify"},{"id":"a2","key":"webauthn"}]"#)
        }
        _ => small_org(sent),
    };
    let (outcome, checkpoint, sent) = run(&Store::default(), answers, endpoints::scopes(), 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    assert_eq!(partial(&checkpoint, "group-roles"), "a row of groups does not say whom to ask for");
    assert!(sent.iter().any(|s| s.target() == "/api/v1/groups/g1/roles"), "the others are read all the same");
    assert_eq!(status(&checkpoint, "groups"), Status::Complete);
    assert_eq!(status(&checkpoint, "okta-verify-methods"), Status::Complete, "the other is none");
}

#[tokio::test]
async fn a_next_link_out_of_the_org_stops_the_scan() {
    let answers = |sent: &Sent| match sent.target() {
        t if t.starts_with("/api/v1/users?") => {
            answer(200, &[("link", "<https://evil.example/>; rel=\"next\"")], r#"[{"id":"u1"}]"#)
        }
        _ => small_org(sent),
    };
    let (outcome, checkpoint, sent) = run(&Store::default(), answers, endpoints::scopes(), 1000).await;
    assert_eq!(outcome, Err(CollectError::BadNext(BadNext)));
    assert!(Manifest::seal(&checkpoint, subject(), now()).is_err());
    assert!(sent.iter().all(|s| s.url.starts_with("https://acme.okta.com/")));
}

#[tokio::test]
async fn cursors_in_a_circle_end_as_partial() {
    let answers = |sent: &Sent| match sent.target() {
        t if t.starts_with("/api/v1/users?") => {
            let to = if t.ends_with("after=a") { "b" } else { "a" };
            let link = format!("<https://acme.okta.com/api/v1/users?after={to}>; rel=\"next\"");
            answer(200, &[("link", &link)], r#"[{"id":"u1"}]"#)
        }
        _ => small_org(sent),
    };
    let (outcome, checkpoint, _) = run(&Store::default(), answers, endpoints::scopes(), 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    assert!(matches!(status(&checkpoint, "users"), Status::Partial(_)));
    assert!(checkpoint.resources["users"].pages < 10);
}

#[tokio::test]
async fn a_full_bucket_is_waited_for_and_other_buckets_go_on() {
    let answers = |sent: &Sent| match sent.target() {
        t if t.starts_with("/api/v1/users?") => answer(429, &[], r#"{"errorCode":"E0000047"}"#),
        _ => small_org(sent),
    };
    let (outcome, checkpoint, sent) = run(&Store::default(), answers, endpoints::scopes(), 1000).await;
    let StepOutcome::Continue { not_before } = outcome.unwrap() else { panic!() };
    assert!(not_before >= now() + SignedDuration::from_secs(60));
    assert_eq!(sent.iter().filter(|s| s.url.contains("/api/v1/users?")).count(), 1);
    assert_eq!(status(&checkpoint, "log-streams"), Status::Complete);
}

#[tokio::test]
async fn a_failing_page_is_tried_three_times() {
    let store = Store::default();
    let mut tries = 0;
    for later in 0..3 {
        let fake = FakeOrg::answering(|sent: &Sent| {
            let failing = sent.url.contains("/api/v1/zones");
            tries += u32::from(failing);
            Ok(limited(if failing { answer(503, &[], "") } else { small_org(sent) }))
        });
        let clock = OffsetClock::starting_at(now() + SignedDuration::from_mins(2) * later);
        let random = counting_random();
        let app = ServiceApp { client_id: "0oaClient".into(), key: assertion_key() };
        let scopes = endpoints::scopes().into_iter().map(str::to_owned).collect();
        let mut client = Client::new(&fake, org(), app, scopes, &clock, &random).unwrap();
        let budget = Budget { calls: 1000, until: clock.now() + SignedDuration::from_mins(1) };
        let mut checkpoint = store.checkpoint();
        let mut context =
            Context { client: &mut client, sink: &store, checkpoints: &store, clock: &clock, budget };
        step(&mut context, &mut checkpoint).await.unwrap();
    }
    assert_eq!(tries, 3);
    assert!(matches!(status(&store.checkpoint(), "zones"), Status::Partial(_)));
}

#[tokio::test]
async fn an_expired_cursor_begins_the_resource_again_once() {
    let mut expired = 0;
    let answers = |sent: &Sent| match sent.target() {
        "/api/v1/users?after=u2" if expired == 0 => {
            expired += 1;
            answer(400, &[], r#"{"errorCode":"E0000031"}"#)
        }
        _ => small_org(sent),
    };
    let store = Store::default();
    let (outcome, checkpoint, _) = run(&store, answers, endpoints::scopes(), 1000).await;
    assert_eq!(outcome.unwrap(), StepOutcome::Collected);
    assert_eq!((status(&checkpoint, "users"), checkpoint.resources["users"].rows), (Status::Complete, 3));
    assert_eq!(checkpoint.parts.iter().filter(|p| p.resource == "users").count(), 2);
}

#[tokio::test]
async fn nothing_is_read_without_leave_and_for_15_seconds_only_with_it() {
    let store = Store::default();
    *store.renewals_left.lock().unwrap() = Some(0);
    let (outcome, _, sent) = run(&store, small_org, endpoints::scopes(), 1000).await;
    assert_eq!((outcome, sent.len()), (Err(CollectError::Renew(RenewError::Ended)), 0));

    // Each answer takes four seconds: of a leave, calls are begun at 0, 4, 8 and 12 s.
    let clock = OffsetClock::starting_at(now());
    let fake = FakeOrg::answering(|sent: &Sent| {
        if sent.method == Method::Get {
            clock.advance(SignedDuration::from_secs(4));
        }
        Ok(limited(small_org(sent)))
    });
    let random = counting_random();
    let app = ServiceApp { client_id: "0oaClient".into(), key: assertion_key() };
    let scopes = endpoints::scopes().into_iter().map(str::to_owned).collect();
    let mut client = Client::new(&fake, org(), app, scopes, &clock, &random).unwrap();
    let budget = Budget { calls: 1000, until: clock.now() + SignedDuration::from_mins(10) };
    *store.renewals_left.lock().unwrap() = Some(2);
    // The second time they run out after five seconds: at 16 and 20 s, then not at 24 s.
    *store.closes.lock().unwrap() = Some(now() + SignedDuration::from_secs(21));
    let mut checkpoint = store.checkpoint();
    let mut context =
        Context { client: &mut client, sink: &store, checkpoints: &store, clock: &clock, budget };
    let outcome = step(&mut context, &mut checkpoint).await;
    assert_eq!(outcome, Err(CollectError::Renew(RenewError::Ended)));
    assert_eq!(client.calls(), 6);
}
