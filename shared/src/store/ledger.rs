//! The ledger as items: where it ends, and one item an entry.
//!
//! One rule: an entry is put in the transaction of the change that it records, and the head moves by a put on the
//! condition that it is still the head that was read. Nothing here is ever updated or deleted
//! (infra/template.yaml denies both to every function).

use serde::{Deserialize, Serialize};

use super::{
    StoreError, TenantStore,
    audit::AuditRecord,
    keys::Key,
    table::{Range, Write},
};
use crate::{
    delivery::{
        Approval, ApprovalId,
        approval::{Kind, State},
        ledger::{self, Entry, Head, LedgerError, Record},
    },
    tenant::Digest,
};

const PARTITION: &str = "LEDGER";

/// How often an entry is chained anew because another one came first.
const RACES: u32 = 100;

/// How many entries one page of a verification reads.
const PAGE: u32 = 500;

/// How often a verification starts again because the chain grew under it.
const LOOKS: u32 = 8;

#[derive(Serialize, Deserialize)]
struct HeadItem {
    seq: u64,
    hash: Digest,
}

#[derive(Serialize, Deserialize)]
struct EntryItem {
    seq: u64,
    prev: Digest,
    hash: Digest,
    /// The very text that was hashed.
    entry: String,
}

/// What a verification of the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Where the chain ends by its own account.
    pub head: Head,
    pub verdict: Result<(), Flaw>,
}

/// The first thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error(transparent)]
    Chain(#[from] LedgerError),
    #[error("the approval {0} is not as the ledger tells it")]
    Approval(ApprovalId),
}

impl TenantStore {
    /// Where the ledger ends.
    pub async fn ledger_head(&self) -> Result<Head, StoreError> {
        let item: Option<HeadItem> = self.table.read(&self.head_key()).await?;
        Ok(item.map_or(Head::GENESIS, |item| Head { seq: item.seq, hash: item.hash }))
    }

    /// Entries from number `from` on, in order, at most `limit`.
    pub async fn ledger(&self, from: u64, limit: u32) -> Result<Vec<Record>, StoreError> {
        let (pk, from) = (self.partition(PARTITION), entry_sk(from));
        let to = entry_sk(u64::MAX);
        let range = Range { pk: &pk, from: Some(&from), to: Some(&to), newest_first: false, limit };
        let items: Vec<EntryItem> = self.table.list(&range).await?;
        Ok(items.into_iter().map(|item| self.record(item)).collect())
    }

    /// Checks the chain from its first entry to its head, and that replaying it gives the approvals as they are.
    pub async fn verify_ledger(&self) -> Result<Verified, StoreError> {
        for look in 0..LOOKS {
            let head = self.ledger_head().await?;
            let approvals = self.approvals().await?;
            let records = self.ledger_up_to(head).await?;
            if self.ledger_head().await? != head {
                // Something was recorded while we looked: the approvals may be newer than the chain we read.
                self.table.pause(look).await;
                continue;
            }
            let verdict = self.judge(&records, head, &approvals);
            return Ok(Verified { head, verdict });
        }
        Err(StoreError::Conflict)
    }

    fn judge(&self, records: &[Record], head: Head, approvals: &[Approval]) -> Result<(), Flaw> {
        ledger::verify_up_to(&self.tenant, records, head)?;
        let mut told = ledger::replay(records)?;
        for approval in approvals {
            // The workspace's own approval is put with the workspace; its acceptance is entry 1.
            let founding =
                approval.terms.kind() == Kind::WorkspaceCreation && approval.state == State::Requested;
            if told.remove(&approval.id).as_ref() != Some(approval) && !founding {
                return Err(Flaw::Approval(approval.id.clone()));
            }
        }
        told.into_keys().next().map_or(Ok(()), |missing| Err(Flaw::Approval(missing)))
    }

    async fn ledger_up_to(&self, head: Head) -> Result<Vec<Record>, StoreError> {
        let mut records: Vec<Record> = Vec::new();
        loop {
            let from = records.last().map_or(1, |last| last.seq.saturating_add(1));
            let page = self.ledger(from, PAGE).await?;
            let full = page.len() >= PAGE as usize;
            records.extend(page.into_iter().filter(|record| record.seq <= head.seq));
            if !full || records.last().is_none_or(|last| last.seq >= head.seq) {
                return Ok(records);
            }
        }
    }

    /// Chains `entry` to the head and makes `writes` with it, all or nothing. A head that moved is read again; a
    /// refused write of the caller's is an error, its index that of `writes`.
    pub(super) async fn append(
        &self,
        entry: &Entry,
        audit: &AuditRecord,
        writes: impl Fn() -> Vec<Write>,
    ) -> Result<Head, StoreError> {
        for race in 0..RACES {
            let head = self.ledger_head().await?;
            let (next, record) = ledger::append(&head, &self.tenant, entry)
                .map_err(|error| StoreError::Corrupt { kind: "ledger entry", reason: error.to_string() })?;
            let mut all = writes();
            let own = all.len();
            all.push(self.head_write(head, next));
            all.push(Write::create(self.key(PARTITION, entry_sk(record.seq)), &item(record)));
            match self.change(all, audit).await {
                Ok(()) => return Ok(next),
                Err(StoreError::Condition(refused)) if refused.iter().all(|index| *index >= own) => {
                    self.table.pause(race).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    fn head_write(&self, from: Head, to: Head) -> Write {
        let write = Write::put(self.head_key(), &HeadItem { seq: to.seq, hash: to.hash });
        if from == Head::GENESIS {
            return write.when("attribute_not_exists(PK)");
        }
        let write = write.when("#seq = :seq AND #hash = :hash");
        write.bind(":seq", from.seq).bind(":hash", from.hash)
    }

    fn head_key(&self) -> Key {
        self.key(PARTITION, "HEAD")
    }

    fn record(&self, item: EntryItem) -> Record {
        let EntryItem { seq, prev, hash, entry } = item;
        Record { tenant: self.tenant.clone(), seq, prev, hash, entry }
    }
}

fn item(record: Record) -> EntryItem {
    EntryItem { seq: record.seq, prev: record.prev, hash: record.hash, entry: record.entry }
}

fn entry_sk(seq: u64) -> String {
    format!("E#{seq:020}")
}
