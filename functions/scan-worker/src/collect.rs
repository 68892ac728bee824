//! Reading on, within a budget.

use jiff::{SignedDuration, Timestamp};
use shared::{
    assessment::{
        Checkpoint, StepOutcome,
        checkpoint::{CheckpointStore, RenewError, SaveError},
        collect::{self, Budget, Context},
    },
    delivery::Approval,
    okta::{Client, ServiceApp, Transport},
    ops::Clock,
    store::{StoreError, TenantStore, parts::Parts, scans::ScanRecord},
};
use tokio::sync::Mutex;

use super::{Step, StepError, allowed::Allowed, refusal};

/// How long one step reads: the function has 15 minutes.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// Calls of one step.
const MOST_CALLS: u64 = 5_000;

/// The scan as this worker holds it: each checkpoint is saved on the version that the last one made, and calls are made
/// under leases of the approvals.
struct Hold<'a> {
    store: &'a TenantStore,
    approvals: [&'a Approval; 2],
    clock: &'a dyn Clock,
    scan: Mutex<ScanRecord>,
}

impl CheckpointStore for Hold<'_> {
    async fn save(&self, checkpoint: &Checkpoint) -> Result<(), SaveError> {
        let mut scan = self.scan.lock().await;
        let saved = self.store.save_checkpoint(&scan, checkpoint, self.clock.now()).await;
        *scan = saved.map_err(|error| SaveError(error.to_string()))?;
        Ok(())
    }

    async fn renew(&self) -> Result<Timestamp, RenewError> {
        let scan = self.scan.lock().await;
        match self.store.lease_reading(&self.approvals, &scan.id, self.clock.now()).await {
            Err(StoreError::Condition(_)) => Err(RenewError::Ended),
            done => done.map_err(|error| RenewError::Failed(error.to_string())),
        }
    }
}

impl<T: Transport> Step<'_, T> {
    /// Reads until all is read, the budget is spent or the org must be waited for; then sends what goes on.
    pub(crate) async fn collect(
        &self,
        scan: ScanRecord,
        checkpoint: Option<Checkpoint>,
        allowed: &Allowed,
    ) -> Result<(), StepError> {
        let worker = self.worker;
        let now = self.now();
        let begun = scan.started.unwrap_or(now);
        let mut checkpoint = checkpoint.unwrap_or_else(|| Checkpoint::new(&scan.id, begun));
        let app = ServiceApp { client_id: allowed.client_id.clone(), key: allowed.key.clone() };
        let (clock, random) = (&*worker.clock, &*worker.random);
        let mut client =
            Client::new(&worker.transport, allowed.url.clone(), app, allowed.scopes.clone(), clock, random)
                .map_err(|_| refusal::KEY)?;
        let parts = Parts { evidence: &worker.evidence, tenant: &self.workspace.tenant, scan: &scan.id };
        let approvals = allowed.approvals.each_ref();
        let hold = Hold { store: &self.store, approvals, clock, scan: Mutex::new(scan.clone()) };
        let budget = Budget { calls: MOST_CALLS, until: now + LONGEST };
        let mut context = Context { client: &mut client, sink: &parts, checkpoints: &hold, clock, budget };
        let outcome = collect::step(&mut context, &mut checkpoint).await;

        let scan = hold.scan.into_inner();
        match outcome {
            Ok(StepOutcome::Continue { not_before }) => {
                let scan = self.store.pause_scan(&scan, not_before, self.now()).await?;
                self.log(&scan, "the scan goes on later");
                self.go_on(not_before).await?;
            }
            Ok(StepOutcome::Collected) => {
                let scan = self.store.begin_sealing(&scan, self.now()).await?;
                self.log(&scan, "the scan has read everything");
                self.go_on(self.now()).await?;
            }
            Err(error) => match refusal::of(&error) {
                Some(refusal) => return Err(refusal.into()),
                None => return Err(StepError::Passing(error.to_string())),
            },
        }
        Ok(())
    }
}
