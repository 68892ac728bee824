//! The web functions behind one door, without sockets of their own: a request goes straight to the router that
//! Lambda would run, with API Gateway's word on the host. The table, mail and secrets are the local stack's, and
//! the identity provider is the Okta twin.

use std::sync::Arc;

use anyhow::Context;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use housekeeping::Housekeeping;
use jiff::Timestamp;
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};
use lambda_runtime::LambdaEvent;
use local::cloud::{Cloud, CloudOptions, TableSpec};
use okta_twin::{SamlApp, Twin, TwinOptions};
use saml_acs::SamlAcs;
use saml_login::SamlLogin;
use serde_json::{Value, json};
use shared::{
    http::{Door, Outbound},
    ops::{Clock, Config, OffsetClock, SystemRandom, meter},
    store::{Aws, onboarding::NewWorkspace, users::UserRecord},
    tenant::{PublicBase, Subdomain, Workspace, WorkspaceKind, session::Method},
};
use tower::ServiceExt;

use crate::{people, sign_on::acting};

/// The base domain of the tests: https, so that cookies have their real names.
pub const BASE: &str = "atomation.example";
const TABLE: &str = "front";
/// The twin's clock and ours start here.
const START: &str = "2026-03-02T09:00:00Z";

/// The running functions.
pub struct Front {
    pub cloud: Cloud,
    pub twin: Twin,
    pub clock: Arc<OffsetClock>,
    pub door: Door,
    acs: Router,
    login: Router,
    console: Router,
    chores: Housekeeping,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub cost: meter::Cost,
}

/// A workspace with its first administrator.
#[derive(Debug, Clone)]
pub struct Acme {
    pub workspace: Workspace,
    pub admin: UserRecord,
}

impl Front {
    /// Starts the stand-ins and mounts the functions.
    pub async fn start() -> anyhow::Result<Self> {
        let clock = Arc::new(OffsetClock::starting_at(START.parse()?));
        let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = {
            let clock = clock.clone();
            Arc::new(move || clock.now())
        };
        let cloud = Cloud::start(CloudOptions { data: None, now: now.clone(), seed: None }).await?;
        let text = |text: &str| text.to_owned();
        let table =
            TableSpec { name: text(TABLE), pk: text("PK"), sk: Some(text("SK")), ttl: Some(text("ttl")) };
        cloud.create_table(&table).await?;
        let twin = Twin::start(TwinOptions { users: 10, ..TwinOptions::new(now) }).await?;

        let settings = [
            ("TABLE_NAME", TABLE),
            ("BASE_DOMAIN", BASE),
            ("SECRET_PREFIX", "front"),
            // Sign-in touches neither; the console wants to know where they are.
            ("EVIDENCE_BUCKET", "front-evidence"),
            ("REPORT_QUEUE_URL", "http://127.0.0.1:9/reports"),
            ("MAIL_FROM", "no-reply@atomation.example"),
        ];
        let config: Config = settings.map(|(name, value)| (text(name), text(value))).into_iter().collect();
        let aws = Aws::new(cloud.sdk_config(), config);
        let random = Arc::new(SystemRandom::default());
        let table = aws.table(random.clone())?;
        let door = Door::new(PublicBase::of(aws.config())?, table, clock.clone(), random);
        let outbound = Outbound::new([twin.base_url()])?;
        let chores = Housekeeping {
            base: door.base.clone(),
            workspaces: door.workspaces.clone(),
            mailer: aws.mailer()?,
            outbound: outbound.clone(),
            clock: door.clock.clone(),
            random: door.random.clone(),
        };
        let console = console::router(console::Console::new(&aws, door.clone(), outbound)?);
        let (acs, login) = (
            saml_acs::router(SamlAcs::new(door.clone(), aws.secrets()?)),
            saml_login::router(SamlLogin::new(door.clone(), aws.secrets()?)),
        );
        Ok(Self { cloud, twin, clock, door, acs, login, console, chores })
    }

    /// Creates an active workspace, and a SAML app for it at the twin under the same name.
    pub async fn workspace(&self, subdomain: &str) -> anyhow::Result<Acme> {
        let new = NewWorkspace {
            subdomain: Subdomain::parse(subdomain)?,
            name: subdomain.to_owned(),
            // Active from the start; a customer's waits for its sponsor.
            kind: WorkspaceKind::Partner,
            email: format!("admin@{subdomain}.example.com"),
        };
        let created = self.door.workspaces.create_with_sponsor(&new, &acting(self)).await?;
        let origin = origin(subdomain);
        let app = SamlApp {
            acs_url: format!("{origin}/auth/saml/acs"),
            audience: format!("{origin}/saml/metadata"),
            ..SamlApp::default()
        };
        self.twin.put_saml_app(subdomain, app);
        Ok(Acme { workspace: created.workspace, admin: created.sponsor })
    }

    /// A workspace whose SSO an administrator has connected to the twin through the console.
    pub async fn workspace_with_sso(&self, subdomain: &str) -> anyhow::Result<Acme> {
        let acme = self.workspace(subdomain).await?;
        let reply = self.connect(&acme).await?;
        anyhow::ensure!(reply.status == StatusCode::OK, "{reply:?}");
        Ok(acme)
    }

    /// Save & verify with the metadata URL of the workspace's app.
    pub async fn connect(&self, acme: &Acme) -> anyhow::Result<Reply> {
        let url = self.twin.metadata_url(acme.workspace.subdomain.as_str());
        self.change(acme, "/security/sso", &json!({ "metadata_url": url })).await
    }

    /// One tick of the housekeeping's schedule; gives what became of the metadata that was due.
    pub async fn tick(&self) -> anyhow::Result<Value> {
        let event = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        let event = LambdaEvent::new(event, lambda_runtime::Context::default());
        let done = housekeeping::handle(&self.chores, event).await;
        Ok(done.map_err(|error| anyhow::anyhow!("{error}"))?["metadata"].clone())
    }

    /// A change that the workspace's administrator makes, as JSON.
    pub async fn change(&self, acme: &Acme, path: &str, body: &Value) -> anyhow::Result<Reply> {
        let cookie = self.session(acme, &acme.admin).await?;
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::ORIGIN, origin(acme.workspace.subdomain.as_str()))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))?;
        self.send(acme.workspace.subdomain.as_str(), request).await
    }

    /// What the workspace's administrator reads, as JSON.
    pub async fn read(&self, acme: &Acme, path: &str) -> anyhow::Result<Value> {
        let cookie = self.session(acme, &acme.admin).await?;
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty())?;
        let reply = self.send(acme.workspace.subdomain.as_str(), request).await?;
        serde_json::from_str(&reply.body).with_context(|| format!("{reply:?}"))
    }

    /// A live session of a user, as its cookie.
    pub async fn session(&self, acme: &Acme, user: &UserRecord) -> anyhow::Result<String> {
        let (workspace, store) = (&acme.workspace, self.door.table().tenant(&acme.workspace));
        let (secret, _) = people::signed_in(&store, workspace, user, Method::Email, &acting(self)).await?;
        Ok(format!("__Host-atm_session={}", secret.expose()))
    }

    /// A request to a workspace's host.
    pub async fn send(&self, subdomain: &str, mut request: Request<Body>) -> anyhow::Result<Reply> {
        let context: ApiGatewayV2httpRequestContext = serde_json::from_value(json!({
            "domainName": format!("{subdomain}.{BASE}"),
            "http": { "method": request.method().as_str(), "path": request.uri().path() },
        }))?;
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        let function = match request.uri().path() {
            "/auth/saml/acs" => &self.acs,
            "/auth/saml/login" | "/saml/metadata" => &self.login,
            _ => &self.console,
        };
        let (response, cost) = meter::measured(function.clone().oneshot(request)).await;
        let response = response.map_err(|never| match never {})?;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await?;
        let body = String::from_utf8(body.to_vec())?;
        Ok(Reply { status: parts.status, headers: parts.headers, body, cost })
    }
}

impl Reply {
    /// A header's one value.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The `Set-Cookie` of a cookie whose name ends so.
    pub fn set_cookie(&self, name: &str) -> Option<&str> {
        let all = self.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        all.into_iter().find(|cookie| cookie.split('=').next().is_some_and(|key| key.ends_with(name)))
    }

    /// `name=value` of that cookie, to send back.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.set_cookie(name)?.split(';').next()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// The origin of a workspace.
pub fn origin(subdomain: &str) -> String {
    format!("https://{subdomain}.{BASE}")
}
