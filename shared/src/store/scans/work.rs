//! A worker's hold on a scan: the lease, the checkpoint, the way from collecting to judged or failed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Finished, Lease, ScanRecord, ScanState, Sealed};
use crate::{
    assessment::{Checkpoint, checkpoint::BadCheckpoint},
    store::{
        StoreError, TenantStore,
        audit::Acting,
        table::{Range, Write},
        text_parts,
    },
};

/// How long a worker holds a scan: longer than a function may run.
pub const LEASE: SignedDuration = SignedDuration::from_mins(16);

/// A scan that this worker holds, with where its collection stands.
#[derive(Debug)]
pub struct Claimed {
    pub scan: ScanRecord,
    /// None before the first page, or if the stored one is of another version of this code: then it starts anew.
    pub checkpoint: Option<Checkpoint>,
}

/// Why a worker has nothing to do.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    #[error("there is no such scan")]
    Unknown,
    #[error("the scan is over")]
    Over,
    #[error("another worker holds the scan")]
    Held,
    /// The org must be waited for.
    #[error("the scan goes on at {0}")]
    Early(Timestamp),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One piece of a checkpoint: an item holds 400 KB at most.
#[derive(Serialize, Deserialize)]
struct Piece {
    /// How many pieces this checkpoint has; those of an older, longer one are left over.
    of: usize,
    text: String,
}

impl TenantStore {
    /// Takes hold of a scan for the message `holder`. The same message again takes over at once: its first receiver
    /// is dead, or it will find that it lost its lease.
    pub async fn claim_scan(&self, id: &str, holder: &str, now: Timestamp) -> Result<Claimed, ClaimError> {
        let scan = self.scan(id).await?.ok_or(ClaimError::Unknown)?;
        if scan.is_over() {
            return Err(ClaimError::Over);
        }
        if scan.lease.as_ref().is_some_and(|lease| lease.until > now && lease.holder != holder) {
            return Err(ClaimError::Held);
        }
        if let ScanState::Waiting { until } = scan.state
            && until > now
        {
            return Err(ClaimError::Early(until));
        }
        let lease = Lease { holder: holder.to_owned(), until: now + LEASE };
        let started = scan.started.or(Some(now));
        let next = ScanRecord { lease: Some(lease), started, ..scan.clone() };
        let scan = match self.save_scan(&scan, next, now).await {
            Err(StoreError::Condition(_)) => return Err(ClaimError::Held),
            saved => saved?,
        };
        let checkpoint = self.checkpoint(id).await?;
        Ok(Claimed { scan, checkpoint })
    }

    /// Saves where the collection stands, if this worker still holds the scan.
    pub async fn save_checkpoint(
        &self,
        scan: &ScanRecord,
        checkpoint: &Checkpoint,
        now: Timestamp,
    ) -> Result<ScanRecord, StoreError> {
        let corrupt = |reason: String| StoreError::Corrupt { kind: "checkpoint", reason };
        let json = checkpoint.to_json().map_err(|error| corrupt(error.to_string()))?;
        let texts = text_parts::split(&json).map_err(|error| corrupt(error.to_string()))?;
        let next = ScanRecord {
            state: ScanState::Collecting,
            progress: checkpoint.progress(),
            touched: now,
            version: scan.version + 1,
            ..scan.clone()
        };
        let of = texts.len();
        let mut writes = vec![self.replace_scan(scan, &next)];
        writes.extend(texts.into_iter().enumerate().map(|(i, text)| {
            Write::put(self.key(&format!("XC#{}", scan.id), format!("{i:04}")), &Piece { of, text })
        }));
        self.table.write(writes).await?;
        Ok(next)
    }

    async fn checkpoint(&self, id: &str) -> Result<Option<Checkpoint>, StoreError> {
        let pk = self.partition(&format!("XC#{id}"));
        let range = Range { pk: &pk, from: None, to: None, newest_first: false, limit: u32::MAX };
        let pieces: Vec<Piece> = self.table.list(&range).await?;
        let Some(of) = pieces.first().map(|piece| piece.of) else { return Ok(None) };
        let text: String = pieces.into_iter().take(of).map(|piece| piece.text).collect();
        let json = text_parts::join(&text)
            .map_err(|error| StoreError::Corrupt { kind: "checkpoint", reason: error.to_string() })?;
        match Checkpoint::from_json(&json) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(BadCheckpoint) => Ok(None),
        }
    }

    /// Lets go of a scan that is to be gone on with at `until`.
    pub async fn pause_scan(
        &self,
        scan: &ScanRecord,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<ScanRecord, StoreError> {
        let next = ScanRecord { state: ScanState::Waiting { until }, lease: None, ..scan.clone() };
        self.save_scan(scan, next, now).await
    }

    /// Fixes the time of the seal and lets go: from here on the snapshot does not change.
    pub async fn begin_sealing(&self, scan: &ScanRecord, now: Timestamp) -> Result<ScanRecord, StoreError> {
        let next = ScanRecord { state: ScanState::Sealing { at: now }, lease: None, ..scan.clone() };
        self.save_scan(scan, next, now).await
    }

    /// Keeps the manifest's digest and signature.
    pub async fn keep_seal(
        &self,
        scan: &ScanRecord,
        sealed: Sealed,
        now: Timestamp,
    ) -> Result<ScanRecord, StoreError> {
        self.save_scan(scan, ScanRecord { manifest: Some(sealed), ..scan.clone() }, now).await
    }

    /// Ends a scan with what it came to.
    pub async fn finish_scan(
        &self,
        scan: &ScanRecord,
        finished: Finished,
        acting: &Acting<'_>,
    ) -> Result<ScanRecord, StoreError> {
        let Finished { coverage, outcomes, findings, evaluation } = finished;
        let next = ScanRecord {
            state: ScanState::Judged,
            coverage: Some(coverage),
            outcomes,
            findings,
            evaluation: Some(evaluation),
            ..scan.clone()
        };
        self.end_scan(scan, next, "scan.judged", acting).await
    }

    /// Ends a scan that can never succeed, with what to do about it.
    pub async fn fail_scan(
        &self,
        scan: &ScanRecord,
        reason: &str,
        next_step: &str,
        acting: &Acting<'_>,
    ) -> Result<ScanRecord, StoreError> {
        let state = ScanState::Failed { reason: reason.to_owned(), next: next_step.to_owned() };
        self.end_scan(scan, ScanRecord { state, ..scan.clone() }, "scan.failed", acting).await
    }

    async fn end_scan(
        &self,
        scan: &ScanRecord,
        next: ScanRecord,
        action: &str,
        acting: &Acting<'_>,
    ) -> Result<ScanRecord, StoreError> {
        let next = ScanRecord {
            lease: None,
            finished: Some(acting.at),
            touched: acting.at,
            version: scan.version + 1,
            ..next
        };
        let audit = acting.record(action, format!("scan:{}", scan.id), "");
        self.change(vec![self.replace_scan(scan, &next), self.close_scan(scan)], &audit).await?;
        Ok(next)
    }

    async fn save_scan(
        &self,
        scan: &ScanRecord,
        next: ScanRecord,
        now: Timestamp,
    ) -> Result<ScanRecord, StoreError> {
        let next = ScanRecord { touched: now, version: scan.version + 1, ..next };
        self.table.write(vec![self.replace_scan(scan, &next)]).await?;
        Ok(next)
    }
}
