//! Approvals: what the customer allowed, kept beside the ledger that proves it.
//!
//! One rule: a step of an approval is one transaction: the approval (on the version that was read), the ledger's
//! head and entry, the row that makes a retry find what it did, and the audit record; with them the conditions
//! that the decision rests on: the deciders still hold their role, the workspace is in the state it must be in.

pub mod ends;
mod founding;
mod item;
mod steps;

use jiff::Timestamp;

pub use self::founding::WORKSPACE_APPROVAL;
use self::item::{ApprovalItem, Once};
use super::{
    StoreError, TenantStore,
    audit::Acting,
    keys::Key,
    table::{Range, Write},
    users::UserRecord,
};
use crate::{
    canonical,
    delivery::{
        Approval, ApprovalId,
        approval::{self, ApprovalError, Request, Terms, Until, transition::RequestError},
        ledger::{Entry, Event, Step},
    },
    ops::random,
    tenant::{Digest, OrgId, Role, WorkspaceState, principal::Actor, resource_id},
};

const PARTITION: &str = "P";

/// Why a request or a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    #[error("there is no such approval")]
    Unknown,
    #[error("the workspace is not in the state that this needs")]
    Workspace,
    #[error("a workspace is closed with its operator, not by revoking its creation")]
    Closing,
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Rule(#[from] ApprovalError),
    /// The approval, or the role of somebody who decided, changed under the decision.
    #[error("the approval or a decider's role was changed in the meantime")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody asks the customer for.
#[derive(Debug, Clone)]
pub struct Asked {
    pub terms: Terms,
    /// When access opens; now or earlier means with the approval.
    pub not_before: Timestamp,
    pub until: Until,
    pub requested_by: Actor,
}

impl TenantStore {
    /// The approval with this id, as the latest committed step left it.
    pub async fn approval(&self, id: &ApprovalId) -> Result<Option<Approval>, StoreError> {
        let item: Option<ApprovalItem> = self.table.read(&self.approval_key(id)).await?;
        item.map(|item| item.open(&self.tenant)).transpose()
    }

    /// All approvals, the latest request first. One that cannot be read is an error: it could be the one that
    /// matters.
    pub async fn approvals(&self) -> Result<Vec<Approval>, StoreError> {
        let pk = self.partition(PARTITION);
        let range = Range { pk: &pk, from: None, to: None, newest_first: false, limit: u32::MAX };
        let items: Vec<ApprovalItem> = self.table.list(&range).await?;
        let mut approvals: Vec<_> =
            items.into_iter().map(|item| item.open(&self.tenant)).collect::<Result<_, _>>()?;
        approvals.sort_by(|a, b| (b.requested_at, &b.id).cmp(&(a.requested_at, &a.id)));
        Ok(approvals)
    }

    /// The approval in force that lets the service use the API of `org`.
    pub async fn api_access(&self, org: &OrgId, now: Timestamp) -> Result<Option<Approval>, StoreError> {
        self.in_force(now, |terms| matches!(terms, Terms::ApiAccess { org: of, .. } if of == org)).await
    }

    /// The approval in force that lets `org` be scanned and its findings be reviewed.
    pub async fn first_scan(&self, org: &OrgId, now: Timestamp) -> Result<Option<Approval>, StoreError> {
        self.in_force(now, |terms| matches!(terms, Terms::FirstScan { org: of, .. } if of == org)).await
    }

    /// The approval in force that lets Okta provision this workspace: what a SCIM token is made under.
    pub async fn scim_approval(&self, now: Timestamp) -> Result<Option<Approval>, StoreError> {
        self.in_force(now, |terms| matches!(terms, Terms::Scim { .. })).await
    }

    async fn in_force(
        &self,
        now: Timestamp,
        wanted: impl Fn(&Terms) -> bool,
    ) -> Result<Option<Approval>, StoreError> {
        let approvals = self.approvals().await?;
        Ok(approvals.into_iter().find(|one| wanted(&one.terms) && one.in_force(now).is_ok()))
    }

    /// Puts a request to the customer. The same request once more, under the same correlation id, is the first one.
    pub async fn request_approval(
        &self,
        asked: Asked,
        acting: &Acting<'_>,
    ) -> Result<Approval, DecisionError> {
        let Asked { terms, not_before, until, requested_by } = asked;
        let what = canonical::to_string(&(&terms, until)).map_err(|_| RequestError::Unwritable)?;
        let once = self.once_key(acting, Step::Requested, &what);
        let id = ApprovalId::new(random::id(acting.random, "ap-"));
        let tenant = self.tenant.clone();
        let request = Request { id, tenant, terms, not_before, until, requested_by };
        let asked = approval::request(request, acting.at)?;
        let entry = entry(Step::Requested, &asked, asked.requested_by.clone(), acting);
        let audit = acting.record("approval.request", target(&asked), asked.terms.kind().key());
        let writes = || {
            vec![
                Write::create(self.approval_key(&asked.id), &ApprovalItem::of(&asked)),
                self.workspace_is(WorkspaceState::Active),
                Write::create(once.clone(), &Once { approval: asked.id.clone() }),
                self.look_at_its_end(&asked),
            ]
        };
        match self.append(&entry, &audit, writes).await {
            Ok(_) => Ok(asked),
            Err(error) if error.refused(2) => self.done_before(&once).await?.ok_or(DecisionError::Changed),
            Err(error) if error.refused(1) => Err(DecisionError::Workspace),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes one step: `after` in the place of `before`, with `conditions` (and changes) that belong to it.
    async fn take(
        &self,
        step: Step,
        before: &Approval,
        after: &Approval,
        actor: Actor,
        conditions: impl Fn() -> Vec<Write>,
        acting: &Acting<'_>,
    ) -> Result<(), DecisionError> {
        let entry = entry(step, after, actor, acting);
        let audit = acting.record(entry.name(), target(after), after.terms.kind().key());
        let once = self.once_key(acting, step, before.id.as_str());
        let writes = || {
            let mut writes = vec![
                Write::put(self.approval_key(&after.id), &ApprovalItem::of(after))
                    .when("#version = :read")
                    .bind(":read", before.version),
                Write::put(once.clone(), &Once { approval: after.id.clone() }),
                self.look_at_its_end(after),
            ];
            writes.extend(conditions());
            writes
        };
        match self.append(&entry, &audit, writes).await {
            Ok(_) => Ok(()),
            Err(StoreError::Condition(_)) => Err(DecisionError::Changed),
            Err(error) => Err(error.into()),
        }
    }

    /// The approval that this very request has changed already, if it did.
    async fn done_before(&self, once: &Key) -> Result<Option<Approval>, StoreError> {
        let Some(done) = self.table.read::<Once>(once).await? else { return Ok(None) };
        self.approval(&done.approval).await
    }

    /// A write that changes nothing and is refused unless `user` still holds `role`.
    pub(super) fn still_holds(&self, user: &UserRecord, role: Role) -> Write {
        let write = self.still_active(user);
        let linked = user.groups.iter().find(|id| resource_id::role_of_group(&self.tenant, id) == Some(role));
        match linked {
            Some(group) if !user.grants.contains(&role) => {
                write.when("contains(#groups, :group)").bind(":group", group)
            }
            _ => write.when("contains(#grants, :role)").bind(":role", role),
        }
    }

    /// A write that changes nothing and is refused unless `user` may still be signed in.
    pub(super) fn still_active(&self, user: &UserRecord) -> Write {
        Write::check(self.user_key_of(user))
            .when("#id = :id AND #active = :yes AND #deleted = :no AND #epoch = :epoch")
            .bind(":id", &user.id)
            .bind(":yes", true)
            .bind(":no", false)
            .bind(":epoch", user.epoch)
    }

    /// A write that changes nothing and is refused unless the workspace is in `state`.
    pub(super) fn workspace_is(&self, state: WorkspaceState) -> Write {
        Write::check(self.key("W", "W")).when("#state = :state").bind(":state", state)
    }

    /// A write that changes nothing and is refused unless the approval is live as it was read.
    pub(super) fn approval_unchanged(&self, id: &ApprovalId, epoch: u64) -> Write {
        Write::check(self.approval_key(id))
            .when("#state = :live AND #epoch = :epoch")
            .bind(":live", approval::State::Live)
            .bind(":epoch", epoch)
    }

    fn approval_key(&self, id: &ApprovalId) -> Key {
        self.key(PARTITION, id.as_str())
    }

    /// Where it is noted that this request took this step: who, what and under which correlation id.
    fn once_key(&self, acting: &Acting<'_>, step: Step, what: &str) -> Key {
        let step = format!("{step:?}");
        let parts = [acting.actor.as_str(), &step, what, acting.correlation_id].map(str::as_bytes);
        self.key(&format!("I#{}", Digest::framed(parts)), "I")
    }
}

fn entry(step: Step, approval: &Approval, actor: Actor, acting: &Acting<'_>) -> Entry {
    let event = Event::Approval { step, approval: Box::new(approval.clone()) };
    Entry { at: acting.at, actor, request: acting.correlation_id.to_owned(), event }
}

fn target(approval: &Approval) -> String {
    format!("approval:{}", approval.id)
}
