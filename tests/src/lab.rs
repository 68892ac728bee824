//! A connected Okta org beside the [`World`]: the twin, and the functions that scan it, driven message by message.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use anyhow::{Context, ensure};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Context as LambdaContext, LambdaEvent};
use local::cloud::sqs::Counts;
use okta_twin::{RateLimits, ServiceApp as TwinApp, Twin, TwinOptions};
use report_export::ReportExport;
use scan_trigger::ScanTrigger;
use scan_worker::ScanWorker;
use serde_json::{Value, json};
use shared::{
    assessment::Evaluation,
    delivery::{
        Approval,
        approval::{Terms, Until},
    },
    http::Outbound,
    okta::{Client, OrgUrl, Preflight, ServiceApp, endpoints, preflight},
    ops::{Clock, SystemRandom},
    store::{
        TenantStore,
        approvals::Asked,
        connections::{Cadence, Connection, PreflightResult},
        scans::{ScanMessage, ScanRecord, ScanState},
    },
    tenant::OrgId,
};

use crate::world::{Someone, World, http_event};

const CLIENT: &str = "0oaAssessment";

/// A clock that stands until it is moved: what is stamped twice is stamped the same.
pub struct StandingClock(Mutex<Timestamp>);

impl StandingClock {
    fn lock(&self) -> std::sync::MutexGuard<'_, Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves on to `at`, never back.
    pub fn reach(&self, at: Timestamp) {
        let mut now = self.lock();
        *now = at.max(*now);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.lock()
    }
}

/// The twin and the scanning functions.
pub struct Lab {
    pub world: World,
    pub twin: Twin,
    pub clock: Arc<StandingClock>,
    pub worker: ScanWorker<Outbound>,
    pub trigger: ScanTrigger,
}

/// A customer whose org is connected, checked and approved.
pub struct Customer {
    pub sponsor: Someone,
    pub org: OrgId,
    pub store: TenantStore,
    pub first_scan: Approval,
}

impl Lab {
    /// A twin of `users` people. `limits` are its rate limits; none that can be felt if left out.
    pub async fn start(users: usize, limits: Option<RateLimits>) -> anyhow::Result<Self> {
        let world = World::start().await?;
        // A second late: approvals that open now are open.
        let clock = Arc::new(StandingClock(Mutex::new(world.now() + SignedDuration::from_secs(1))));
        let now = clock.clone();
        let options = TwinOptions {
            users,
            rate_limits: limits.unwrap_or(RateLimits { scale: 1000.0, ..RateLimits::default() }),
            ..TwinOptions::new(Arc::new(move || now.now()))
        };
        let twin = Twin::start(options).await?;
        let mut door = world.door.clone();
        door.clock = clock.clone();
        let worker = ScanWorker {
            workspaces: door.workspaces.clone(),
            evidence: world.evidence.clone(),
            secrets: world.aws.secrets()?,
            signer: world.aws.signer()?,
            queue: world.aws.queue("SCAN_QUEUE_URL")?,
            transport: Outbound::new([twin.base_url()])?,
            extra_origins: vec![twin.base_url().to_owned()],
            clock: clock.clone(),
            random: Arc::new(SystemRandom::default()),
        };
        let trigger = ScanTrigger::new(&world.aws, door)?;
        Ok(Self { world, twin, clock, worker, trigger })
    }

    /// A customer whose org is the twin, with everything approved.
    pub async fn customer(&self, name: &str) -> anyhow::Result<Customer> {
        let sponsor = self.world.customer(name).await?;
        let store = self.world.store(&sponsor.workspace);
        let (tenant, org) = (&sponsor.workspace.tenant, OrgId::new(format!("org-{name}")));
        let random = &*self.world.door.random;
        let key = self.worker.secrets.new_okta_key(tenant, &org, random).await?;
        let client_id = format!("{CLIENT}-{name}");
        self.twin.put_service_app(TwinApp {
            client_id: client_id.clone(),
            jwks: Some(json!({ "keys": [key.public.clone()] })),
            scopes: endpoints::scopes().into_iter().map(str::to_owned).collect(),
            roles: BTreeSet::from(["READ_ONLY_ADMIN".to_owned()]),
            ..TwinApp::default()
        });
        let mut connection = Connection {
            org: org.clone(),
            okta_url: self.twin.base_url().to_owned(),
            label: "Production".into(),
            client_id: Some(client_id.clone()),
            key_id: key.kid,
            public_key: key.public,
            cadence: Cadence::Weekly,
            preflight: None,
            last_scan_at: None,
            created: self.clock.now(),
            version: 1,
        };
        let acting = self.world.acting(&sponsor.actor(), "c-connect");
        let audit = acting.record("org.add", format!("org:{org}"), "");
        store.add_connection(&connection, &audit).await?;
        connection.preflight = Some(self.preflight(&sponsor, &connection).await?);
        store.save_connection(&connection, &acting.record("org.preflight", format!("org:{org}"), "")).await?;

        let okta_url = connection.okta_url.clone();
        let scopes = endpoints::scopes().into_iter().map(str::to_owned).collect();
        self.approve(&sponsor, Terms::ApiAccess { org: org.clone(), okta_url: okta_url.clone(), scopes })
            .await?;
        let first_scan = self.approve(&sponsor, Terms::FirstScan { org: org.clone(), okta_url }).await?;
        // What was approved by the world's clock is approved by this one too.
        self.clock.reach(self.world.now() + SignedDuration::from_secs(1));
        Ok(Customer { sponsor, org, store, first_scan })
    }

    async fn preflight(&self, of: &Someone, connection: &Connection) -> anyhow::Result<PreflightResult> {
        let key = self.worker.secrets.okta_key(&of.workspace.tenant, connection).await?;
        let client_id = connection.client_id.clone().context("a client")?;
        let app = ServiceApp { client_id, key: key.context("a key")? };
        let url = OrgUrl::parse_with(&connection.okta_url, &self.worker.extra_origins)?;
        let random = SystemRandom::default();
        let mut client = Client::new(&self.worker.transport, url, app, vec![], &*self.clock, &random)?;
        let table: Preflight = preflight::run(&mut client).await?;
        ensure!(table.passes(), "the permission check: {:?}", table.permissions);
        Ok(PreflightResult { at: self.clock.now(), passed: true, table: serde_json::to_value(&table)? })
    }

    /// Asks for `terms` and approves them.
    pub async fn approve(&self, by: &Someone, terms: Terms) -> anyhow::Result<Approval> {
        let store = self.world.store(&by.workspace);
        let id = format!("c-{}", terms.kind().key());
        let acting = self.world.acting(&by.actor(), &id);
        let requested_by = by.principal.actor();
        let asked = Asked { terms, not_before: acting.at, until: Until::Revoked, requested_by };
        let asked = store.request_approval(asked, &acting).await?;
        Ok(store.approve(&asked.id, &by.approver(&asked), &acting).await?)
    }

    /// "Scan now", as API Gateway passes it on.
    pub async fn scan_now(&self, by: &Someone, org: &OrgId) -> anyhow::Result<Value> {
        self.triggered(http_event(by, "POST", &format!("/orgs/{org}/scans"))).await
    }

    /// One tick of the schedule.
    pub async fn tick(&self) -> anyhow::Result<Value> {
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        self.triggered(event).await
    }

    /// What the trigger answers to an event.
    pub async fn triggered(&self, event: Value) -> anyhow::Result<Value> {
        let answer = scan_trigger::handle(&self.trigger, lambda(event)).await;
        answer.map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// Delivers the message `id` of a scan to the worker; whether it was done with.
    pub async fn deliver(&self, of: &Customer, scan: &str, id: &str) -> anyhow::Result<bool> {
        let answer = scan_worker::handle(&self.worker, lambda(message(of, scan, id)?)).await;
        let answer = answer.map_err(|error| anyhow::anyhow!("{error}"))?;
        let failures = answer["batchItemFailures"].as_array().context("a batch answer")?;
        Ok(failures.is_empty())
    }

    /// As [`Lab::deliver`], but the worker dies at its `awaits`-th await. `None` if it died.
    pub async fn deliver_and_kill(
        &self,
        of: &Customer,
        scan: &str,
        id: &str,
        awaits: u32,
    ) -> anyhow::Result<Option<bool>> {
        let mut left = awaits;
        let mut work = pin!(self.deliver(of, scan, id));
        std::future::poll_fn(move |context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            work.as_mut().poll(context).map(Some)
        })
        .await
        .transpose()
    }

    /// Steps on, as the queue would, until the scan is over. Time moves to where the org allows the next call.
    pub async fn run(&self, of: &Customer, scan: &str) -> anyhow::Result<ScanRecord> {
        for step in 0..1_000 {
            let record = self.scan(of, scan).await?;
            match record.state {
                ScanState::Judged | ScanState::Failed { .. } => return Ok(record),
                ScanState::Waiting { until } => self.clock.reach(until),
                ScanState::Queued | ScanState::Collecting | ScanState::Sealing { .. } => {}
            }
            ensure!(self.deliver(of, scan, &format!("m-{step}")).await?, "a step that should have worked");
        }
        anyhow::bail!("the scan never ended")
    }

    /// Lets a second pass, and says what time it is then.
    pub fn a_second_later(&self) -> Timestamp {
        self.clock.reach(self.clock.now() + SignedDuration::from_secs(1));
        self.clock.now()
    }

    /// A scan from "scan now" to its end. Its id is later than any before.
    pub async fn scanned(&self, of: &Customer) -> anyhow::Result<ScanRecord> {
        self.a_second_later();
        let answer = self.scan_now(&of.sponsor, &of.org).await?;
        ensure!(answer["statusCode"] == 202, "{answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().context("a body")?)?;
        self.run(of, body["scan"].as_str().context("a scan")?).await
    }

    /// The scan as it stands.
    pub async fn scan(&self, of: &Customer, scan: &str) -> anyhow::Result<ScanRecord> {
        of.store.scan(scan).await?.context("the scan")
    }

    /// Every rule's outcome, from the bucket.
    pub async fn evaluations(&self, of: &Customer, scan: &ScanRecord) -> anyhow::Result<Vec<Evaluation>> {
        let stored = scan.evaluation.as_ref().context("an evaluation")?;
        let tenant = &of.sponsor.workspace.tenant;
        let bytes = self.world.evidence.read(tenant, &stored.name, &stored.sha256).await?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Delivers a scan to the report export; whether it was done with.
    pub async fn export(&self, of: &Customer, scan: &str, id: &str) -> anyhow::Result<bool> {
        let export = ReportExport {
            workspaces: self.worker.workspaces.clone(),
            evidence: self.worker.evidence.clone(),
            secrets: self.worker.secrets.clone(),
            clock: self.clock.clone(),
            random: self.worker.random.clone(),
        };
        let answer = report_export::handle(&export, lambda(message(of, scan, id)?)).await;
        let answer = answer.map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(answer["batchItemFailures"].as_array().context("a batch answer")?.is_empty())
    }

    /// How many messages wait in the scan queue.
    pub fn queued(&self) -> Counts {
        self.world.cloud.sqs().counts("scans")
    }
}

/// Whether an ECDSA P-256 signature (DER) over SHA-256 of `message` holds under a public key (SubjectPublicKeyInfo).
pub fn verifies(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    // The 65 bytes of the point end the 91 bytes of a P-256 SubjectPublicKeyInfo.
    let point = &public_key[public_key.len().saturating_sub(65)..];
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    key.verify(message, signature).is_ok()
}

/// The event that brings one message of a scan.
fn message(of: &Customer, scan: &str, id: &str) -> anyhow::Result<Value> {
    let (tenant, org) = (of.sponsor.workspace.tenant.clone(), of.org.clone());
    let body = serde_json::to_string(&ScanMessage { tenant, org, scan: scan.to_owned() })?;
    Ok(json!({ "Records": [{ "messageId": id, "body": body, "eventSource": "aws:sqs" }] }))
}

fn lambda(payload: Value) -> LambdaEvent<Value> {
    LambdaEvent::new(payload, LambdaContext::default())
}
