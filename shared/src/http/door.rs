//! The door of a workspace: which one a request is for, when it came and under which id.

use std::sync::Arc;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use jiff::Timestamp;
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};

use super::{
    After, Problem,
    rate::{REQUESTS_PER_MINUTE, Rate},
};
use crate::{
    ops::{Clock, Random, random},
    store::{Table, TenantStore, Workspaces, audit::Acting},
    tenant::{PublicBase, Subdomain, Workspace, WorkspaceState, cookie::Cookies},
};

/// What every web function needs: the deployment's origin, its workspaces, time and randomness.
#[derive(Clone)]
pub struct Door {
    pub base: PublicBase,
    pub workspaces: Workspaces,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub after: After,
    pub rate: Rate,
}

/// A request that found its workspace.
#[derive(Clone)]
pub struct Visit {
    pub door: Door,
    pub workspace: Workspace,
    pub at: Timestamp,
    pub correlation_id: String,
}

impl Door {
    /// The door of the deployment whose table this is.
    pub fn new(base: PublicBase, table: Table, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let (workspaces, after) = (Workspaces::new(table), After::default());
        Self { base, workspaces, clock, random, after, rate: Rate::per_minute(REQUESTS_PER_MINUTE) }
    }

    /// The table that workspaces live in.
    pub fn table(&self) -> &Table {
        self.workspaces.table()
    }
}

impl Visit {
    /// The workspace's public origin, such as `https://acme.example.com`.
    pub fn origin(&self) -> String {
        self.door.base.origin(self.workspace.subdomain.as_str())
    }

    /// Our entity id in the workspace: the URL of its metadata (setup guide, section 2).
    pub fn entity_id(&self) -> String {
        format!("{}/saml/metadata", self.origin())
    }

    /// Our assertion consumer service in the workspace (setup guide, section 2).
    pub fn acs_url(&self) -> String {
        format!("{}/auth/saml/acs", self.origin())
    }

    /// The workspace's store, for what comes before a principal: sign-in.
    pub fn store(&self) -> TenantStore {
        self.door.table().tenant(&self.workspace)
    }

    /// The workspace's cookies.
    pub fn cookies(&self) -> Result<Cookies, Problem> {
        let origin = self.origin().parse().map_err(|_| Problem::internal())?;
        Cookies::of(&origin, self.workspace.subdomain.as_str()).map_err(|_| Problem::internal())
    }

    /// Who acts in this request, for audit records.
    pub fn acting(&self, actor: impl Into<String>) -> Acting<'_> {
        Acting {
            actor: actor.into(),
            at: self.at,
            correlation_id: &self.correlation_id,
            random: &*self.door.random,
        }
    }
}

/// The host as API Gateway verified it. A `Host` or `X-Forwarded-Host` header is never asked.
pub fn domain_name(parts: &Parts) -> Option<&str> {
    gateway_context(parts)?.domain_name.as_deref()
}

/// What API Gateway (HTTP API, payload 2.0) says of the request; no other source is known here.
fn gateway_context(parts: &Parts) -> Option<&ApiGatewayV2httpRequestContext> {
    match parts.extensions.get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => Some(context),
        _ => None,
    }
}

/// The path as the gateway got it; what the router sees was parsed as a URL on the way.
pub fn raw_path(parts: &Parts) -> String {
    let path = gateway_context(parts).and_then(|context| context.http.path.clone());
    path.unwrap_or_else(|| parts.uri.path().to_owned())
}

/// `X-Correlation-Id` if well formed, else API Gateway's request id, else a fresh one.
pub fn correlation_id(parts: &Parts, random: &dyn Random) -> String {
    let well_formed = |id: &&str| {
        (8..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let sent = parts.headers.get("x-correlation-id").and_then(|id| id.to_str().ok()).filter(well_formed);
    let gateway = gateway_context(parts).and_then(|context| context.request_id.as_deref());
    sent.or(gateway.filter(well_formed)).map_or_else(|| random::id(random, "c-"), ToOwned::to_owned)
}

/// The subdomain that the request's host names.
pub fn subdomain_of(door: &Door, parts: &Parts) -> Result<Subdomain, Problem> {
    let subdomain = domain_name(parts).and_then(|host| door.base.subdomain(host));
    subdomain.and_then(|s| Subdomain::parse(s).ok()).ok_or_else(Problem::no_workspace)
}

/// A workspace that may be visited. Suspended and gone look like never there.
pub fn open_to_visits(workspace: Option<Workspace>) -> Result<Workspace, Problem> {
    let open = |workspace: &Workspace| match workspace.state {
        WorkspaceState::Active | WorkspaceState::Pending => true,
        WorkspaceState::Suspended | WorkspaceState::Offboarded => false,
    };
    workspace.filter(open).ok_or_else(Problem::no_workspace)
}

/// The workspace that a host names, as found in the store.
pub async fn workspace_of(door: &Door, parts: &Parts) -> Result<Workspace, Problem> {
    open_to_visits(door.workspaces.find(&subdomain_of(door, parts)?).await?)
}

impl<S: Send + Sync> FromRequestParts<S> for Visit
where
    Door: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let door = &Door::from_ref(state);
        let correlation_id = correlation_id(parts, &*door.random);
        let workspace = workspace_of(door, parts).await?;
        Ok(Self { door: door.clone(), workspace, at: door.clock.now(), correlation_id })
    }
}
