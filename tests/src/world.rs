//! A deployment in this process: embedded DynamoDB and S3 behind the real SDK, a clock that can be moved, people of
//! several workspaces with sessions, and the web functions as Lambda runs them.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, request::Builder},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};
use lambda_runtime::LambdaEvent;
use local::cloud::{Cloud, CloudOptions, TableSpec, sqs::QueueSpec};
use serde_json::{Value, json};
use shared::{
    delivery::{
        ApprovalId, ClassSet, DataClass, Destination, PartnerId,
        approval::{Approver, Route, Terms, Until},
    },
    http::{Door, Outbound},
    ops::{Clock, Config, Random, SystemRandom, clock::OffsetClock},
    store::{
        Aws, Evidence, TenantStore,
        approvals::{Asked, WORKSPACE_APPROVAL},
        audit::Acting,
        connections::{Cadence, Connection},
        evidence::Document,
        objects::{NewObject, ObjectRecord},
        users::UserRecord,
    },
    tenant::{OrgId, Principal, PublicBase, Role, Workspace, WorkspaceKind, session::Method},
};
use tower::ServiceExt;

use crate::people;

const DOMAIN: &str = "atomation.example";

/// The deployment.
pub struct World {
    pub clock: Arc<OffsetClock>,
    pub door: Door,
    pub evidence: Evidence,
    /// The services beside the table, as the functions get them.
    pub aws: Aws,
    pub cloud: Cloud,
    deliveries: Router,
    console: Router,
}

/// A signed-in person.
pub struct Someone {
    pub workspace: Workspace,
    pub user: UserRecord,
    pub principal: Principal,
    cookie: String,
}

/// What the evidence router answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answered {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl World {
    /// Starts an empty deployment.
    pub async fn start() -> anyhow::Result<Self> {
        let clock = Arc::new(OffsetClock::default());
        let now = Arc::clone(&clock);
        let options = CloudOptions { data: None, now: Arc::new(move || now.now()), seed: None };
        let cloud = Cloud::start(options).await?;
        let spec =
            TableSpec { name: "app".into(), pk: "PK".into(), sk: Some("SK".into()), ttl: Some("ttl".into()) };
        cloud.create_table(&spec).await?;
        // The name of a bucket is one account's alone, on AWS and in an emulator that tests share.
        let bucket = format!("evidence-{}", hex::encode(SystemRandom::default().bytes::<8>()));
        cloud.create_bucket(&bucket).await?;
        let queue = |name: &str| QueueSpec {
            name: name.to_owned(),
            visibility_timeout: Duration::from_secs(5400),
            dead_letter: None,
        };
        let (scans, reports) =
            (cloud.create_queue(&queue("scans")).await?, cloud.create_queue(&queue("reports")).await?);
        let signing_key = signing_key(&cloud).await?;
        let settings = [
            ("SCAN_QUEUE_URL", scans.as_str()),
            ("REPORT_QUEUE_URL", reports.as_str()),
            ("SIGNING_KEY_ID", signing_key.as_str()),
            ("TABLE_NAME", "app"),
            ("EVIDENCE_BUCKET", bucket.as_str()),
            ("SECRET_PREFIX", "atomation"),
            ("MAIL_FROM", "no-reply@example.com"),
            ("REPORT_QUEUE_URL", "http://127.0.0.1/reports"),
        ];
        let config: Config =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let aws = Aws::new(cloud.sdk_config(), config);
        let random = Arc::new(SystemRandom::default());
        let base = PublicBase::parse(DOMAIN).context("the base domain")?;
        let door = Door::new(base, aws.table(random.clone())?, clock.clone(), random);
        let evidence = aws.evidence()?;
        let deliveries = evidence_router::Deliveries { door: door.clone(), evidence: evidence.clone() };
        let deliveries = evidence_router::router(deliveries);
        let console = console::router(console::Console::new(&aws, door.clone(), Outbound::public()?)?);
        Ok(Self { clock, door, evidence, aws, cloud, deliveries, console })
    }

    /// The time there.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets `seconds` pass.
    pub fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Who acts in a request of its own.
    pub fn acting<'a>(&'a self, actor: &str, correlation_id: &'a str) -> Acting<'a> {
        Acting { actor: actor.to_owned(), at: self.now(), correlation_id, random: &*self.door.random }
    }

    /// The store of a workspace.
    pub fn store(&self, workspace: &Workspace) -> TenantStore {
        self.door.table().tenant(workspace)
    }

    /// A workspace as an operator creates it, and its first administrator, signed in. A customer's is pending.
    pub async fn workspace(&self, name: &str, kind: WorkspaceKind) -> anyhow::Result<Someone> {
        let acting = self.acting("operator:o1", "c-onboarding");
        let created = people::workspace(&self.door.workspaces, name, kind, &acting).await?;
        self.sign_in(&created.workspace, created.sponsor).await
    }

    /// A customer whose sponsor has accepted the workspace.
    pub async fn customer(&self, name: &str) -> anyhow::Result<Someone> {
        let sponsor = self.workspace(name, WorkspaceKind::Customer).await?;
        let (store, own) = (self.store(&sponsor.workspace), ApprovalId::new(WORKSPACE_APPROVAL));
        let acting = self.acting(&sponsor.actor(), "c-accept");
        people::approve(&store, &sponsor.principal, &own, &acting).await?;
        self.again(&sponsor).await
    }

    /// One tick of the housekeeping's schedule.
    pub async fn tick(&self) -> anyhow::Result<Value> {
        let chores = housekeeping::Housekeeping {
            base: self.door.base.clone(),
            workspaces: self.door.workspaces.clone(),
            mailer: self.aws.mailer()?,
            outbound: Outbound::public()?,
            clock: self.door.clock.clone(),
            random: self.door.random.clone(),
        };
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        let event = LambdaEvent::new(event, lambda_runtime::Context::default());
        housekeeping::handle(&chores, event).await.map_err(|error| anyhow::anyhow!("{error}"))
    }

    /// One more person of a workspace, signed in.
    pub async fn person(&self, of: &Workspace, name: &str, role: Role) -> anyhow::Result<Someone> {
        let acting = self.acting("job:test", "c-person");
        let user = people::person(&self.store(of), of, name, role, &acting).await?;
        self.sign_in(of, user).await
    }

    /// The same person after a change of the workspace or the user, signed in anew.
    pub async fn again(&self, someone: &Someone) -> anyhow::Result<Someone> {
        let tenant = &someone.workspace.tenant;
        let workspace = self.door.workspaces.read(tenant).await?.context("the workspace")?;
        let user = self.store(&workspace).user(someone.user.id.as_str()).await?.context("the user")?;
        self.sign_in(&workspace, user).await
    }

    async fn sign_in(&self, workspace: &Workspace, user: UserRecord) -> anyhow::Result<Someone> {
        let (store, acting) = (self.store(workspace), self.acting("sign-in", "c-sign-in"));
        let (secret, principal) = people::signed_in(&store, workspace, &user, Method::Email, &acting).await?;
        let cookie = format!("__Host-atm_session={}", secret.expose());
        Ok(Someone { workspace: workspace.clone(), user, principal, cookie })
    }

    /// GET as a tool, on the person's own workspace: `/deliveries` of the evidence router, the rest of the console.
    pub async fn get(&self, someone: &Someone, path: &str) -> anyhow::Result<Answered> {
        let request = Request::get(path).header("x-correlation-id", "c-the-same-each-time");
        self.send(someone, request, Body::empty()).await
    }

    /// GET as a browser.
    pub async fn page(&self, someone: &Someone, path: &str) -> anyhow::Result<Answered> {
        self.send(someone, Request::get(path).header("accept", "text/html"), Body::empty()).await
    }

    /// POST of JSON.
    pub async fn post(&self, someone: &Someone, path: &str, body: &Value) -> anyhow::Result<Answered> {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(someone, request, Body::from(body.to_string())).await
    }

    async fn send(&self, someone: &Someone, request: Builder, body: Body) -> anyhow::Result<Answered> {
        let host = format!("{}.{DOMAIN}", someone.workspace.subdomain.as_str());
        let request = request.header("cookie", &someone.cookie).header("origin", format!("https://{host}"));
        let mut request = request.body(body)?;
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.domain_name = Some(host);
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        let delivery = request.uri().path().starts_with("/deliveries");
        let function = if delivery { &self.deliveries } else { &self.console };
        let response = function.clone().oneshot(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answered { status: parts.status, headers: parts.headers, body })
    }

    /// Connects the Okta org of these tests.
    pub async fn connect(&self, by: &Someone) -> anyhow::Result<()> {
        let connection = Connection {
            org: org(),
            okta_url: "https://acme.okta.com".into(),
            label: "Production".into(),
            client_id: None,
            key_id: "k1".into(),
            public_key: json!({}),
            cadence: Cadence::Off,
            preflight: None,
            last_scan_at: None,
            created: self.now(),
            version: 1,
        };
        let audit = self.acting(&by.actor(), "c-connect").record("org.add", "org:org1", "");
        Ok(self.store(&by.workspace).add_connection(&connection, &audit).await?)
    }

    /// Puts an object into the bucket and describes it.
    pub async fn object(
        &self,
        of: &Workspace,
        class: DataClass,
        file: &str,
        bytes: &[u8],
    ) -> anyhow::Result<ObjectRecord> {
        let content_type =
            if class == DataClass::Report { "text/html; charset=utf-8" } else { "application/json" };
        let document = Document { scan: "s1", file, class, content_type, bytes: bytes.to_vec() };
        let stored = self.evidence.keep(&of.tenant, document, self.now()).await?;
        let new = NewObject {
            org: org(),
            scan: "s1".into(),
            class,
            name: stored.name,
            sha256: stored.sha256,
            size: stored.bytes,
            content_type: content_type.into(),
            published: false,
        };
        Ok(self.store(of).add_object(new, &self.acting("job:scan", "c-scan")).await?)
    }
}

impl Someone {
    /// The person in audit records.
    pub fn actor(&self) -> String {
        format!("user:{}", self.user.id)
    }

    /// The person as one who has read the text of `approval`.
    pub fn approver(&self, approval: &shared::delivery::Approval) -> Approver<'_> {
        people::approver(&self.principal, approval)
    }

    /// A request of this person's for `terms`, for 30 days.
    pub fn asks(&self, terms: Terms, now: Timestamp) -> anyhow::Result<Asked> {
        let end = now.checked_add(SignedDuration::from_hours(24 * 30))?;
        let requested_by = self.principal.actor();
        Ok(Asked { terms, not_before: now, until: Until::At(end), requested_by })
    }
}

/// A request of a person's as API Gateway hands it to a function (HTTP API, payload 2.0).
pub fn http_event(by: &Someone, method: &str, path: &str) -> Value {
    let host = format!("{}.{DOMAIN}", by.workspace.subdomain.as_str());
    let (raw_path, query) = path.split_once('?').unwrap_or((path, ""));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": raw_path,
        "rawQueryString": query,
        "cookies": [by.cookie],
        "headers": { "origin": format!("https://{host}"), "accept": "application/json", "host": host },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "test",
            "domainName": host,
            "http": { "method": method, "path": raw_path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1" },
            "requestId": "request-of-a-test",
            "stage": "$default",
            "timeEpoch": 0,
        },
        "isBase64Encoded": false,
    })
}

async fn signing_key(cloud: &Cloud) -> anyhow::Result<String> {
    let create = aws_sdk_kms::Client::new(&cloud.sdk_config()).create_key();
    let key = create.key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify).send().await?;
    Ok(key.key_metadata.context("a key without metadata")?.key_id)
}

/// The one Okta org of these tests.
pub fn org() -> OrgId {
    OrgId::new("org1")
}

/// A partner's access to `classes`, by reading.
pub fn partner_terms(partner: &Workspace, classes: &[DataClass]) -> anyhow::Result<Terms> {
    let id = PartnerId::new(partner.tenant.as_str());
    let destination = Destination::PartnerRead { partner: id.clone() };
    access_terms(id, classes, destination)
}

/// A partner's access to `classes` at `destination`.
pub fn access_terms(
    partner: PartnerId,
    classes: &[DataClass],
    destination: Destination,
) -> anyhow::Result<Terms> {
    let destination_hash = destination.hash().context("a hash")?;
    let classes: ClassSet = classes.iter().copied().collect();
    let route = Route { org: org(), classes, destination, destination_hash };
    Ok(Terms::PartnerAccess { partner, partner_name: "Partner Example".into(), route })
}
