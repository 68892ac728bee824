//! Begins scans: when somebody asks for one (HTTP), and when one is due (schedule).
//!
//! One rule: a scan begins under a first-scan approval in force and a passed permission check, once per slot and one
//! at a time; its message can be sent any number of times.

mod due;
mod request;

use axum::extract::FromRef;
use lambda_http::{Adapter, request::LambdaRequest};
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;
use shared::{
    delivery::{Approval, approval::Terms},
    http::{Door, input, observe::Surface, start},
    ops::{config::ConfigError, telemetry},
    store::{
        Aws, Queue, ServiceError, StoreError, TenantStore,
        audit::Acting,
        connections::Connection,
        scans::{BeginError, Begun, ScanMessage, ScanRecord, ScanState, Trigger},
    },
};
use tower::Service;

/// The function's name in its events.
const NAME: &str = "scan-trigger";

/// What beginning a scan needs.
#[derive(Clone)]
pub struct ScanTrigger {
    pub door: Door,
    pub queue: Queue,
}

impl FromRef<ScanTrigger> for Door {
    fn from_ref(trigger: &ScanTrigger) -> Self {
        trigger.door.clone()
    }
}

/// Why no scan is begun.
#[derive(Debug, thiserror::Error)]
enum NotBegun {
    /// No service app, or a permission check that has not passed.
    #[error("the org's permission check has not passed")]
    Unchecked,
    /// Of API access or of the first scan, for this very address.
    #[error("the org's approvals are not in force")]
    Unapproved,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] ServiceError),
}

impl ScanTrigger {
    /// From the deployment's settings.
    pub fn new(aws: &Aws, door: Door) -> Result<Self, ConfigError> {
        Ok(Self { door, queue: aws.queue("SCAN_QUEUE_URL")? })
    }

    /// Begins a scan of a connection, or finds the one that is under way, and sends its message.
    async fn begin(
        &self,
        store: &TenantStore,
        connection: &Connection,
        trigger: Trigger,
        acting: &Acting<'_>,
    ) -> Result<Begun, NotBegun> {
        if connection.client_id.is_none() || !connection.preflight.as_ref().is_some_and(|check| check.passed)
        {
            return Err(NotBegun::Unchecked);
        }
        let approval = approved(store, connection, acting).await?.ok_or(NotBegun::Unapproved)?;
        let begun = store.begin_scan(&connection.org, trigger, &approval, acting).await;
        let begun = begun.map_err(|error| match error {
            BeginError::Approval => NotBegun::Unapproved,
            BeginError::NoConnection => NotBegun::Unchecked,
            BeginError::Store(error) => NotBegun::Store(error),
        })?;
        match &begun {
            Begun::New(scan) => self.send(store, scan).await?,
            // Its message may never have been sent; a second one does no harm.
            Begun::Before(scan) if scan.state == ScanState::Queued || scan.is_stalled(acting.at) => {
                self.send(store, scan).await?;
            }
            Begun::Before(_) => {}
        }
        Ok(begun)
    }

    async fn send(&self, store: &TenantStore, scan: &ScanRecord) -> Result<(), ServiceError> {
        let (tenant, org) = (store.tenant_id().clone(), scan.org.clone());
        self.queue.send(&ScanMessage { tenant, org, scan: scan.id.clone() }, 0).await
    }
}

/// The first-scan approval in force for this org at this address, if API access is approved for it too.
async fn approved(
    store: &TenantStore,
    connection: &Connection,
    acting: &Acting<'_>,
) -> Result<Option<Approval>, StoreError> {
    let api = store.api_access(&connection.org, acting.at).await?;
    let first = store.first_scan(&connection.org, acting.at).await?;
    let here = |approval: &Approval| match &approval.terms {
        Terms::ApiAccess { okta_url, .. } | Terms::FirstScan { okta_url, .. } => {
            *okta_url == connection.okta_url
        }
        Terms::WorkspaceCreation { .. }
        | Terms::Scim { .. }
        | Terms::EvidenceRoute { .. }
        | Terms::PartnerAccess { .. } => false,
    };
    Ok(first.filter(here).filter(|_| api.as_ref().is_some_and(here)))
}

/// Handles one event: a request that API Gateway passes on, or the schedule's.
pub async fn handle(trigger: &ScanTrigger, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let (request_id, clock) = (&*context.request_id, &*trigger.door.clock);
    // Only EventBridge says so: what a client sends is inside API Gateway's envelope.
    if payload.get("source").and_then(Value::as_str) == Some("aws.events") {
        return telemetry::invocation(NAME, request_id, clock, due::run(trigger, request_id)).await;
    }
    match serde_json::from_value(payload) {
        Ok(request) => answer(trigger, request, context).await,
        Err(error) => {
            // It never came to the routes, which say their own end.
            let unreadable = std::future::ready(Err::<Value, Error>(error.into()));
            telemetry::invocation(NAME, request_id, clock, unreadable).await
        }
    }
}

async fn answer(trigger: &ScanTrigger, request: LambdaRequest, context: Context) -> Result<Value, Error> {
    let router = start::finish(input::checked(request::routes()), trigger.clone(), Surface::Web);
    let answering = Adapter::from(router).call(LambdaEvent::new(request, context));
    Ok(serde_json::to_value(answering.await.map_err(|never| match never {})?)?)
}
