//! One message, one bounded step of one scan: read some pages, or seal and judge what was read.
//!
//! One rule: what a step did is in the table before its message is gone, so a step that dies at any point is done
//! again and ends the same.

mod allowed;
mod collect;
mod refusal;
mod seal;

use std::sync::Arc;

use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use shared::{
    okta::Transport,
    ops::{Clock, Random, telemetry},
    store::{
        Evidence, Queue, Secrets, ServiceError, Signer, StoreError, TenantStore, Workspaces,
        audit::Acting,
        scans::{self, ClaimError, Claimed, Receiver, ScanMessage, ScanRecord, ScanState},
    },
    tenant::{Workspace, WorkspaceState},
};

use self::refusal::Refusal;

/// What a step needs. `T` is the way out to the orgs.
#[derive(Clone)]
pub struct ScanWorker<T> {
    pub workspaces: Workspaces,
    pub evidence: Evidence,
    pub secrets: Secrets,
    pub signer: Signer,
    pub queue: Queue,
    pub transport: T,
    /// Origins beside Okta's own that an org may have: the local stack's twin, and none anywhere else.
    pub extra_origins: Vec<String>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// How a step ends badly.
#[derive(Debug, thiserror::Error)]
enum StepError {
    /// It can never succeed: the scan ends, the message is done with.
    #[error("{0}")]
    Refused(Refusal),
    /// It may succeed later: the message comes again.
    #[error("{0}")]
    Passing(String),
}

impl From<Refusal> for StepError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Passing(error.to_string())
    }
}

impl From<ServiceError> for StepError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Unavailable { .. } => Self::Passing(error.to_string()),
            // Evidence that is gone or changed does not come back by waiting.
            ServiceError::Missing { .. } | ServiceError::Digest { .. } | ServiceError::Exists { .. } => {
                tracing::error!(error.message = %error, "evidence");
                Self::Refused(refusal::EVIDENCE)
            }
        }
    }
}

/// A step under way: whose scan, and the message it works for.
struct Step<'a, T> {
    worker: &'a ScanWorker<T>,
    workspace: &'a Workspace,
    store: TenantStore,
    message: &'a ScanMessage,
    /// The queue's id of the message, which is also the correlation id.
    id: &'a str,
}

/// Handles a batch; messages that must come again are named in the answer.
pub async fn handle<T: Transport>(worker: &ScanWorker<T>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    let batch = async { Ok(scans::receive_all(worker, payload).await?) };
    telemetry::invocation("scan-worker", &context.request_id, &*worker.clock, batch).await
}

impl<T: Transport> Receiver for ScanWorker<T> {
    async fn receive(&self, message: &ScanMessage, id: &str) -> Result<(), String> {
        let workspace = self.workspaces.read(&message.tenant).await.map_err(|error| error.to_string())?;
        let Some(workspace) = workspace else { return Ok(()) };
        let store = self.workspaces.table().tenant(&workspace);
        let step = Step { worker: self, workspace: &workspace, store, message, id };
        step.run().await
    }
}

impl<T: Transport> Step<'_, T> {
    async fn run(&self) -> Result<(), String> {
        let Claimed { scan, checkpoint } =
            match self.store.claim_scan(&self.message.scan, self.id, self.now()).await {
                Ok(claimed) if claimed.scan.org == self.message.org => claimed,
                // Over, or somebody else's: their message does the rest.
                Ok(_) | Err(ClaimError::Unknown | ClaimError::Over | ClaimError::Held) => return Ok(()),
                Err(ClaimError::Early(until)) => return self.go_on(until).await.map_err(|e| e.to_string()),
                Err(ClaimError::Store(error)) => return Err(error.to_string()),
            };
        let done = match self.allowed(&scan).await {
            Err(error) => Err(error),
            Ok(allowed) => match (&scan.state, checkpoint) {
                (ScanState::Sealing { at }, Some(checkpoint)) if checkpoint.is_collected() => {
                    self.seal(&scan, &checkpoint, &allowed, *at).await
                }
                (_, checkpoint) => self.collect(scan.clone(), checkpoint, &allowed).await,
            },
        };
        match done {
            Ok(()) => Ok(()),
            Err(StepError::Passing(error)) => Err(error),
            Err(StepError::Refused(refusal)) => self.fail(refusal).await.map_err(|error| error.to_string()),
        }
    }

    /// Ends the scan, as it stands now, with what to do next.
    async fn fail(&self, refusal: Refusal) -> Result<(), StoreError> {
        let Some(scan) = self.store.scan(&self.message.scan).await? else { return Ok(()) };
        let ours = scan.lease.as_ref().is_some_and(|lease| lease.holder == self.id);
        if scan.is_over() || !ours {
            return Ok(());
        }
        tracing::warn!(
            scan = scan.id,
            correlation_id = self.id,
            reason = refusal.reason,
            "the scan ends without a result"
        );
        self.store.fail_scan(&scan, refusal.reason, refusal.next, &self.acting()).await.map(drop)
    }

    /// Sends the message that goes on with the scan, to come at `at` or, if that is far, on the way there.
    async fn go_on(&self, at: Timestamp) -> Result<(), ServiceError> {
        // Rounded up: a message that comes a moment early would only be sent again.
        let wait = (at.as_millisecond() - self.now().as_millisecond()).max(0).div_euclid(1000) + 1;
        let delay = if at <= self.now() { 0 } else { i32::try_from(wait).unwrap_or(i32::MAX) };
        self.worker.queue.send(self.message, delay).await
    }

    fn now(&self) -> Timestamp {
        self.worker.clock.now()
    }

    fn acting(&self) -> Acting<'_> {
        Acting {
            actor: "job:scan-worker".to_owned(),
            at: self.now(),
            correlation_id: self.id,
            random: &*self.worker.random,
        }
    }

    fn is_open(&self) -> bool {
        self.workspace.state == WorkspaceState::Active
    }

    fn log(&self, scan: &ScanRecord, what: &'static str) {
        let progress = scan.progress;
        tracing::info!(
            tenant = %self.workspace.tenant, org = %scan.org, scan = scan.id, correlation_id = self.id,
            calls = progress.calls, rows = progress.rows,
            done = progress.resources_done, of = progress.resources_total, "{what}"
        );
    }
}
