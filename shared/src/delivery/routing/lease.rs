//! The short time in which an authorised delivery must happen.
//!
//! One rule: a lease is longer than whoever answers under it can take (`store::deliveries`), so that nothing arrives
//! after its end; and no lease outlives its approval.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Decision, Facts, Recipient, decide};
use crate::{
    delivery::{Approval, ApprovalId, approval::limits, ledger::Access},
    tenant::Digest,
};

/// One authorised delivery, as the store keeps the intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// H(tenant, object, approval, destination): the same delivery has the same id, however often it is tried.
    pub delivery_id: Digest,
    /// Nothing arrives after this.
    pub lease_until: Timestamp,
}

/// The leave to deliver one object once. Only [`authorise`] gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    lease: Lease,
    rule: &'static str,
    approval: Option<(ApprovalId, u64)>,
}

impl Grant {
    /// The lease to write with the intent.
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// The rule that allowed it, for the access log.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The approval it rests on and the epoch it was read at: the transaction must find both unchanged.
    pub fn approval(&self) -> Option<(&ApprovalId, u64)> {
        self.approval.as_ref().map(|(id, epoch)| (id, *epoch))
    }
}

/// Decides, and on a yes gives a lease for a delivery ([`limits::LEASE`]).
pub fn authorise(facts: &Facts<'_>, now: Timestamp) -> Result<Grant, Decision> {
    let decision = decide(facts, now);
    if !decision.allow {
        return Err(decision);
    }
    let late = Decision { allow: false, rule: "lease.time" };
    let destination = facts.destination.hash().ok_or(late)?;
    let approval = counting(facts);
    let closes = approval.map_or(Timestamp::MAX, |approval| approval.window().1);
    let lease_until = now.checked_add(limits::LEASE).map_err(|_| late)?.min(closes);
    let delivery_id = delivery_id(facts, approval, destination);
    let approval = approval.map(|approval| (approval.id.clone(), approval.epoch));
    Ok(Grant { lease: Lease { delivery_id, lease_until }, rule: decision.rule, approval })
}

/// The approval that the decision counts: members read by their role, so one that lies about is none of theirs.
fn counting<'a>(facts: &Facts<'a>) -> Option<&'a Approval> {
    match facts.recipient {
        Recipient::Member { .. } => None,
        Recipient::Operator { .. }
        | Recipient::Partner { .. }
        | Recipient::CustomerBucket
        | Recipient::Person { .. } => facts.approval,
    }
}

/// H(tenant, object, approval, destination).
fn delivery_id(facts: &Facts<'_>, approval: Option<&Approval>, destination: Digest) -> Digest {
    Digest::framed([
        &b"atomation.delivery.v1"[..],
        facts.object.tenant.as_str().as_bytes(),
        facts.object.sha256.as_bytes(),
        approval.map_or("", |approval| approval.id.as_str()).as_bytes(),
        destination.as_bytes(),
    ])
}

/// What the ledger keeps of a read or a delivery, whether it was allowed or refused. None when the destination
/// cannot be written down: then there is nothing to deliver either.
pub fn access(facts: &Facts<'_>, rule: &str) -> Option<Access> {
    let destination_hash = facts.destination.hash()?;
    let approval = counting(facts);
    Some(Access {
        delivery_id: delivery_id(facts, approval, destination_hash),
        approval: approval.map(|approval| approval.id.clone()),
        object_sha256: facts.object.sha256,
        class: facts.object.class,
        destination_hash,
        rule: rule.to_owned(),
    })
}
