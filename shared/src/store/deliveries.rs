//! Reading evidence: the decision, made anew on each read from what the table says then, and its proof.
//!
//! One rule: the lease, the ledger entry and the audit record are committed, on the condition that every fact of
//! the decision still holds, before a single byte leaves. Whatever fails on the way is a refusal.
//!
//! The bytes are fetched and their digest checked first, so that between the commit and the answer nothing can
//! fail. The lease (30 s) outlives the function (28 s) and the gateway's patience (30 s), so nothing arrives later
//! than a revocation waits ([`TenantStore::settle`]).

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Evidence, ServiceError, StoreError, TenantStore,
    audit::Acting,
    objects::ObjectRecord,
    table::{Range, Write},
    users::UserRecord,
};
use crate::{
    delivery::{
        Approval, ApprovalId, Destination,
        approval::{Terms, limits},
        ledger::{Entry, Event},
        routing::{Decision, Facts, Grant, Object, Recipient, authorise, lease, lease::Lease},
    },
    ops::random,
    tenant::{Principal, Workspace, WorkspaceKind, WorkspaceState},
};

/// How often the decision is made anew because a fact changed before it was committed.
const ATTEMPTS: u32 = 3;

/// Who wants to read, proven for this request.
pub struct Reader<'a> {
    pub principal: &'a Principal,
    /// As read for this request, in the reader's own workspace.
    pub user: &'a UserRecord,
    /// The reader's own workspace: the object's, a partner's, the operators'.
    pub home: &'a Workspace,
    /// Signed in with a second factor that we saw.
    pub mfa: bool,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Decided, and written down; the rule is for logs.
    #[error("refused by {0}")]
    Refused(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Evidence(#[from] ServiceError),
}

/// Bytes that may leave, and on what that rests.
#[derive(Debug)]
pub struct Released {
    pub bytes: Bytes,
    pub grant: Grant,
}

/// A lease as the table holds it, under the approval it rests on.
#[derive(Serialize, Deserialize)]
struct LeaseItem {
    lease_until: Timestamp,
}

/// What the table says now, as far as decisions for one reader go.
struct Seen {
    workspace: Workspace,
    recipient: Recipient,
    recipient_active: bool,
    destination: Destination,
    /// Those that could open something to this reader.
    approvals: Vec<Approval>,
}

impl TenantStore {
    /// The objects that `reader` may read now; none if no approval in force lets the reader in at all. Nothing is
    /// authorised by this.
    pub async fn readable(
        &self,
        reader: &Reader<'_>,
        now: Timestamp,
    ) -> Result<Option<Vec<ObjectRecord>>, StoreError> {
        let Some(seen) = self.see(reader).await? else { return Ok(None) };
        let is_home = reader.home.tenant == self.tenant;
        if !is_home && !seen.approvals.iter().any(|approval| approval.in_force(now).is_ok()) {
            return Ok(None);
        }
        let mut objects = self.objects(None).await?;
        objects.retain(|object| seen.decide(&self.routed(object), now).is_ok());
        Ok(Some(objects))
    }

    /// Reads `object`, if that is allowed at this moment.
    pub async fn read_object(
        &self,
        object: &ObjectRecord,
        reader: &Reader<'_>,
        evidence: &Evidence,
        acting: &Acting<'_>,
    ) -> Result<Released, ReadError> {
        let routed = self.routed(object);
        let mut fetched = None;
        for _ in 0..ATTEMPTS {
            let Some(seen) = self.see(reader).await? else {
                return self.refused(object, "recipient.unknown", acting).await;
            };
            let grant = match seen.decide(&routed, acting.at) {
                Ok(grant) => grant,
                Err((decision, approval)) => {
                    let event = lease::access(&seen.facts(&routed, approval), decision.rule)
                        .map(|access| Event::Refused { access });
                    self.record_refusal(object, &seen, event, decision.rule, reader, acting).await?;
                    return Err(ReadError::Refused(decision.rule));
                }
            };
            let bytes = match &fetched {
                Some(bytes) => Bytes::clone(bytes),
                None => match evidence.read(&self.tenant, &object.name, &object.sha256).await {
                    Ok(bytes) => fetched.insert(bytes).clone(),
                    Err(error) => {
                        let target = format!("object:{}", object.id);
                        self.note(&acting.record("evidence.failed", target, "the bytes")).await?;
                        return Err(error.into());
                    }
                },
            };
            match self.commit(object, &seen, &routed, &grant, reader, acting).await {
                Ok(()) => return Ok(Released { bytes, grant }),
                // A fact changed under the decision: it is made anew.
                Err(StoreError::Condition(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.refused(object, "facts.changing", acting).await
    }

    /// When the last lease under an approval dies, however many there were.
    pub(super) async fn last_lease(&self, approval: &ApprovalId) -> Result<Option<Timestamp>, StoreError> {
        let pk = self.partition(&leases(approval));
        let range = Range { pk: &pk, from: None, to: None, newest_first: true, limit: 1 };
        let items: Vec<LeaseItem> = self.table.list(&range).await?;
        Ok(items.into_iter().map(|item| item.lease_until).next())
    }

    async fn see(&self, reader: &Reader<'_>) -> Result<Option<Seen>, StoreError> {
        let Some(recipient) = Recipient::of(reader.principal, &self.tenant, reader.mfa) else {
            return Ok(None);
        };
        let Some(destination) = recipient.reading_at() else { return Ok(None) };
        let Some(workspace) = self.table.read::<Workspace>(&self.key("W", "W")).await? else {
            return Ok(None);
        };
        let mut approvals = match recipient {
            // Members read by their role.
            Recipient::Member { .. } => Vec::new(),
            Recipient::Operator { .. }
            | Recipient::Partner { .. }
            | Recipient::CustomerBucket
            | Recipient::Person { .. } => self.approvals().await?,
        };
        approvals.retain(|approval| concerns(approval, &recipient, reader.principal));
        let recipient_active = reader.home.state == WorkspaceState::Active
            && reader.user.session_state().active
            && workspace.kind == WorkspaceKind::Customer;
        Ok(Some(Seen { workspace, recipient, recipient_active, destination, approvals }))
    }

    async fn commit(
        &self,
        object: &ObjectRecord,
        seen: &Seen,
        routed: &Object,
        grant: &Grant,
        reader: &Reader<'_>,
        acting: &Acting<'_>,
    ) -> Result<(), StoreError> {
        let approval = grant.approval().and_then(|(id, _)| seen.approvals.iter().find(|one| one.id == *id));
        let access = lease::access(&seen.facts(routed, approval), grant.rule());
        let access = access.ok_or_else(|| StoreError::Condition(vec![0]))?;
        let entry = self.entry(Event::Read { access }, reader, acting);
        let audit = acting.record("evidence.read", format!("object:{}", object.id), grant.rule());
        let nonce = random::id(acting.random, "");
        let writes = || {
            let mut writes = vec![self.workspace_is(WorkspaceState::Active), self.object_unchanged(object)];
            writes.extend(self.reader_unchanged(seen, reader));
            if let Some((id, epoch)) = grant.approval() {
                writes.push(self.approval_unchanged(id, epoch));
                let Lease { delivery_id, lease_until } = grant.lease();
                writes.push(self.lease_write(id, lease_until, &format!("{delivery_id}#{nonce}")));
            }
            writes
        };
        self.append(&entry, &audit, writes).await.map(drop)
    }

    fn reader_unchanged(&self, seen: &Seen, reader: &Reader<'_>) -> Vec<Write> {
        let home = self.table.tenant(reader.home);
        match (&seen.recipient, reader.principal.role()) {
            (Recipient::Member { role }, _) => vec![home.still_holds(reader.user, *role)],
            (_, Some(role)) => {
                vec![home.workspace_is(WorkspaceState::Active), home.still_holds(reader.user, role)]
            }
            (_, None) => vec![home.workspace_is(WorkspaceState::Active), home.still_active(reader.user)],
        }
    }

    /// Lets `what` (a scan, a check of an org) read on under `approvals` until [`limits::READING`] from `now`, if each is
    /// in force: no revocation is reported as done before. Gives the instant at which the first of them closes;
    /// [`StoreError::Condition`] if one is not in force.
    pub async fn lease_reading(
        &self,
        approvals: &[&Approval],
        what: &str,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let mut writes = Vec::new();
        for (index, approval) in approvals.iter().enumerate() {
            approval.in_force(now).map_err(|_| StoreError::Condition(vec![index]))?;
            writes.extend(self.lease_under(approval, limits::READING, what, now));
        }
        self.table.write(writes).await?;
        Ok(approvals.iter().map(|approval| approval.window().1).min().unwrap_or(now))
    }

    /// The writes that let `what` go on under `approval` for `length`: refused if it is not live as it was read.
    pub(super) fn lease_under(
        &self,
        approval: &Approval,
        length: SignedDuration,
        what: &str,
        now: Timestamp,
    ) -> [Write; 2] {
        let until = now.saturating_add(length).unwrap_or(now).min(approval.window().1);
        [self.approval_unchanged(&approval.id, approval.epoch), self.lease_write(&approval.id, until, what)]
    }

    /// `what` is new for each lease that ends at one instant; a lease put twice is one.
    fn lease_write(&self, approval: &ApprovalId, until: Timestamp, what: &str) -> Write {
        let key = self.key(&leases(approval), format!("{until:.6}#{what}"));
        let keep = until.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        Write::put(key, &LeaseItem { lease_until: until }).expires(keep.as_second())
    }

    fn entry(&self, event: Event, reader: &Reader<'_>, acting: &Acting<'_>) -> Entry {
        // Each read is one of its own, also when a client sends one correlation id twice.
        let request = random::id(acting.random, "r-");
        Entry { at: acting.at, actor: reader.principal.actor_at(&self.tenant), request, event }
    }

    /// The refusal in the ledger and the audit log. A workspace that is not active has no ledger to write to.
    async fn record_refusal(
        &self,
        object: &ObjectRecord,
        seen: &Seen,
        event: Option<Event>,
        rule: &'static str,
        reader: &Reader<'_>,
        acting: &Acting<'_>,
    ) -> Result<(), StoreError> {
        let audit = acting.record("evidence.refused", format!("object:{}", object.id), rule);
        match event {
            Some(event) if seen.workspace.state == WorkspaceState::Active => {
                let entry = self.entry(event, reader, acting);
                self.append(&entry, &audit, Vec::new).await.map(drop)
            }
            _ => self.note(&audit).await,
        }
    }

    async fn refused(
        &self,
        object: &ObjectRecord,
        rule: &'static str,
        acting: &Acting<'_>,
    ) -> Result<Released, ReadError> {
        self.note(&acting.record("evidence.refused", format!("object:{}", object.id), rule)).await?;
        Err(ReadError::Refused(rule))
    }
}

impl Seen {
    fn facts<'a>(&'a self, object: &'a Object, approval: Option<&'a Approval>) -> Facts<'a> {
        Facts {
            workspace: &self.workspace.tenant,
            workspace_active: self.workspace.state == WorkspaceState::Active,
            object,
            recipient: &self.recipient,
            recipient_active: self.recipient_active,
            destination: &self.destination,
            approval,
        }
    }

    /// The first approval that allows it decides; else the refusal under the latest, or under none.
    fn decide<'a>(
        &'a self,
        object: &'a Object,
        now: Timestamp,
    ) -> Result<Grant, (Decision, Option<&'a Approval>)> {
        let mut refusal = None;
        for approval in &self.approvals {
            match authorise(&self.facts(object, Some(approval)), now) {
                Ok(grant) => return Ok(grant),
                Err(decision) => refusal = refusal.or(Some((decision, Some(approval)))),
            }
        }
        match refusal {
            Some(refusal) => Err(refusal),
            None => authorise(&self.facts(object, None), now).map_err(|decision| (decision, None)),
        }
    }
}

/// Whether an approval is about this reader at all; whether it allows anything is decided elsewhere.
fn concerns(approval: &Approval, recipient: &Recipient, principal: &Principal) -> bool {
    match (recipient, &approval.terms) {
        (Recipient::Partner { partner: reader }, Terms::PartnerAccess { partner, .. }) => reader == partner,
        (Recipient::Operator { .. }, _) => principal.operator_approval() == Some(approval.id.as_str()),
        _ => false,
    }
}

fn leases(approval: &ApprovalId) -> String {
    format!("D#{approval}")
}
