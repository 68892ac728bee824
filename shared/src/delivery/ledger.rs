//! The append-only record of every approval and every read of a workspace's evidence: a hash chain.
//!
//! ```text
//! hash(n) = SHA-256( 0x02 | be64(len(tenant)) | tenant | be64(n) | hash(n-1) | canonical JSON of the entry )
//! ```
//! with `hash(0)` 32 zero bytes. One rule: an entry is written in the transaction of the change it records, on the
//! condition that the head is still the one it was chained to. A changed, dropped, moved or added entry then shows
//! to anybody who has the entries and a head. A record keeps the very text that was hashed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Approval, ApprovalId, DataClass, approval::State};
use crate::canonical::{self, CanonicalError};
use crate::tenant::{Digest, TenantId, principal::Actor};

/// Where a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub seq: u64,
    pub hash: Digest,
}

impl Head {
    /// Before the first entry.
    pub const GENESIS: Self = Self { seq: 0, hash: Digest::ZERO };
}

/// What a step did to an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Requested,
    /// A yes, though more are needed or not: the approval's state says which.
    Approved,
    Refused,
    Revoking,
    Revoked,
    Expired,
}

/// What was read, or was to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    pub delivery_id: Digest,
    /// None for a member of the workspace, who reads by role.
    #[serde(deserialize_with = "Option::deserialize")]
    pub approval: Option<ApprovalId>,
    pub object_sha256: Digest,
    pub class: DataClass,
    pub destination_hash: Digest,
    /// The rule of [`super::routing::Decision`] that allowed or refused it.
    pub rule: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A step of an approval, with the whole approval after it: replaying the chain gives the approvals.
    Approval { step: Step, approval: Box<Approval> },
    /// Somebody read.
    Read { access: Access },
    /// A read was refused.
    Refused { access: Access },
}

/// One entry: who, when, what, and for which request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub at: Timestamp,
    pub actor: Actor,
    /// The request's id, the same on a retry: the store keeps one entry for it.
    pub request: String,
    pub event: Event,
}

impl Entry {
    /// The stored and published name of what happened, such as `approval.revoked` or `read`.
    pub fn name(&self) -> &'static str {
        match &self.event {
            Event::Approval { step, .. } => match step {
                Step::Requested => "approval.requested",
                Step::Approved => "approval.approved",
                Step::Refused => "approval.refused",
                Step::Revoking => "approval.revoking",
                Step::Revoked => "approval.revoked",
                Step::Expired => "approval.expired",
            },
            Event::Read { .. } => "read",
            Event::Refused { .. } => "refused",
        }
    }
}

/// An entry as the store and the customer keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub tenant: TenantId,
    pub seq: u64,
    pub prev: Digest,
    pub hash: Digest,
    /// The canonical JSON that was hashed.
    pub entry: String,
}

impl Record {
    /// The entry, read from its text.
    pub fn entry(&self) -> Result<Entry, LedgerError> {
        serde_json::from_str(&self.entry).map_err(|_| LedgerError { seq: self.seq, fault: Fault::Unreadable })
    }

    /// Where the chain ends with this record.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

/// The first bad entry and what is bad about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ledger entry {seq}: {fault}")]
pub struct LedgerError {
    pub seq: u64,
    pub fault: Fault,
}

/// What is bad about a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("belongs to another workspace")]
    Tenant,
    #[error("want the sequence number {want}, got {got}")]
    Sequence { want: u64, got: u64 },
    #[error("does not follow the entry before it")]
    Previous,
    #[error("its text does not have its hash")]
    Hash,
    #[error("cannot be read")]
    Unreadable,
    #[error("the step does not fit the approval's state")]
    Step,
    #[error("the chain does not end at the head")]
    Head,
}

/// Chains `entry` to `head`. The caller writes both on the condition that the head is still `head`.
pub fn append(head: &Head, tenant: &TenantId, entry: &Entry) -> Result<(Head, Record), CanonicalError> {
    let seq = head.seq + 1;
    let text = canonical::to_string(entry)?;
    let hash = entry_hash(tenant, seq, &head.hash, &text);
    let record = Record { tenant: tenant.clone(), seq, prev: head.hash, hash, entry: text };
    Ok((Head { seq, hash }, record))
}

/// Checks that `records` follow `from` (the genesis, or the head of an earlier page) without a gap or a change,
/// and says where they end.
///
/// A tail that was cut off leaves a good, shorter chain: compare with a head kept elsewhere, or use
/// [`verify_up_to`].
pub fn verify<'a>(
    tenant: &TenantId,
    from: Head,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<Head, LedgerError> {
    records.into_iter().try_fold(from, |head, record| {
        let seq = head.seq + 1;
        let bad = |fault| Err(LedgerError { seq, fault });
        if record.tenant != *tenant {
            return bad(Fault::Tenant);
        }
        if record.seq != seq {
            return bad(Fault::Sequence { want: seq, got: record.seq });
        }
        if record.prev != head.hash {
            return bad(Fault::Previous);
        }
        if record.hash != entry_hash(tenant, seq, &head.hash, &record.entry) {
            return bad(Fault::Hash);
        }
        Ok(record.head())
    })
}

/// [`verify`] from the genesis, and that the chain ends at `head`.
pub fn verify_up_to<'a>(
    tenant: &TenantId,
    records: impl IntoIterator<Item = &'a Record>,
    head: Head,
) -> Result<(), LedgerError> {
    let end = verify(tenant, Head::GENESIS, records)?;
    if end == head { Ok(()) } else { Err(LedgerError { seq: end.seq, fault: Fault::Head }) }
}

/// The approvals as the chain tells them. An entry that this code cannot read is an error, not a gap.
pub fn replay<'a>(
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<BTreeMap<ApprovalId, Approval>, LedgerError> {
    let mut approvals = BTreeMap::new();
    for record in records {
        match record.entry()?.event {
            Event::Approval { step, approval } => {
                if approval.tenant != record.tenant || !fits(step, approval.state) {
                    return Err(LedgerError { seq: record.seq, fault: Fault::Step });
                }
                approvals.insert(approval.id.clone(), *approval);
            }
            Event::Read { .. } | Event::Refused { .. } => {}
        }
    }
    Ok(approvals)
}

fn fits(step: Step, state: State) -> bool {
    match step {
        Step::Requested => state == State::Requested,
        Step::Approved => matches!(state, State::Requested | State::Live),
        Step::Refused => state == State::Refused,
        Step::Revoking => state == State::Revoking,
        Step::Revoked => state == State::Revoked,
        Step::Expired => state == State::Expired,
    }
}

fn entry_hash(tenant: &TenantId, seq: u64, prev: &Digest, entry: &str) -> Digest {
    let tenant = tenant.as_str().as_bytes();
    Digest::of_parts([
        &[0x02][..],
        &(tenant.len() as u64).to_be_bytes(),
        tenant,
        &seq.to_be_bytes(),
        prev.as_bytes(),
        entry.as_bytes(),
    ])
}

#[cfg(test)]
mod tests;
