//! The steps after the request: yes, no, the end.

use jiff::Timestamp;

use super::{DecisionError, TenantStore};
use crate::{
    delivery::{
        Approval, ApprovalId,
        approval::{self, ApprovalError, Approver, Kind, State},
        ledger::Step,
    },
    store::{StoreError, audit::Acting, users::UserRecord},
    tenant::{Principal, Role, UserId, Workspace, WorkspaceState, principal::Actor},
};

/// How often a decision is taken anew when what it rests on changed before it was committed.
const ATTEMPTS: u32 = 4;

impl TenantStore {
    /// One person's yes. The earlier approvers' roles are read again, and all of them must hold at the commit.
    pub async fn approve(
        &self,
        id: &ApprovalId,
        approver: &Approver<'_>,
        acting: &Acting<'_>,
    ) -> Result<Approval, DecisionError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_approve(id, approver, acting).await {
                Err(DecisionError::Changed) if attempt < ATTEMPTS => self.table.pause(attempt).await,
                other => return self.or_done_before(other, Step::Approved, id, acting).await,
            }
        }
    }

    async fn try_approve(
        &self,
        id: &ApprovalId,
        approver: &Approver<'_>,
        acting: &Acting<'_>,
    ) -> Result<Approval, DecisionError> {
        let before = self.approval(id).await?.ok_or(DecisionError::Unknown)?;
        let mut people = self.earlier_approvers(&before).await?;
        let standing: Vec<(UserId, Role)> =
            people.iter().map(|(user, role)| (user.id.clone(), *role)).collect();
        let after = approval::approve(&before, approver, &standing, acting.at)?;
        people.retain(|(user, _)| after.consents.iter().any(|consent| consent.user == user.id));
        people.push(self.decider(approver.principal).await?);
        let founded = self.founded(&after).await?;
        let conditions = || {
            let mut writes: Vec<_> =
                people.iter().map(|(user, role)| self.still_holds(user, *role)).collect();
            writes.push(match &founded {
                Some(workspace) => self.workspace_write(workspace),
                None => self.workspace_is(WorkspaceState::Active),
            });
            writes
        };
        let actor = approver.principal.actor();
        self.take(Step::Approved, &before, &after, actor, conditions, acting).await?;
        Ok(after)
    }

    /// One person's no ends the request.
    pub async fn refuse(
        &self,
        id: &ApprovalId,
        by: &Principal,
        acting: &Acting<'_>,
    ) -> Result<Approval, DecisionError> {
        let done = self.end(Step::Refused, id, by, acting, approval::refuse).await;
        self.or_done_before(done, Step::Refused, id, acting).await
    }

    /// Begins a revocation: from this commit on nothing new is authorised, and the SCIM tokens of an approved
    /// provisioning are revoked. [`TenantStore::settle`] ends it.
    pub async fn revoke(
        &self,
        id: &ApprovalId,
        by: &Principal,
        acting: &Acting<'_>,
    ) -> Result<Approval, DecisionError> {
        let done = self.end(Step::Revoking, id, by, acting, approval::revoke).await;
        self.or_done_before(done, Step::Revoking, id, acting).await
    }

    async fn end(
        &self,
        step: Step,
        id: &ApprovalId,
        by: &Principal,
        acting: &Acting<'_>,
        decide: impl Fn(&Approval, &Principal, Timestamp) -> Result<Approval, ApprovalError>,
    ) -> Result<Approval, DecisionError> {
        let before = self.approval(id).await?.ok_or(DecisionError::Unknown)?;
        let after = decide(&before, by, acting.at)?;
        if after.state == State::Revoking && after.terms.kind() == Kind::WorkspaceCreation {
            return Err(DecisionError::Closing);
        }
        let (user, role) = self.decider(by).await?;
        let ends_provisioning = after.state == State::Revoking && after.terms.kind() == Kind::Scim;
        let tokens = if ends_provisioning { Some(self.tokens().await?) } else { None };
        let conditions = || {
            let mut writes = vec![self.still_holds(&user, role)];
            writes.extend(tokens.iter().flat_map(|tokens| self.revoke_tokens(tokens, acting.at)));
            writes
        };
        self.take(step, &before, &after, by.actor(), conditions, acting).await?;
        Ok(after)
    }

    /// Ends a revocation once the last lease under the approval has died; an error says when that will be.
    pub async fn settle(&self, id: &ApprovalId, acting: &Acting<'_>) -> Result<Approval, DecisionError> {
        let before = self.approval(id).await?.ok_or(DecisionError::Unknown)?;
        // Read after the approval was seen revoking: no lease can be added any more.
        let last_lease = self.last_lease(id).await?;
        let after = approval::settle(&before, last_lease, acting.at)?;
        let by = Actor::System { component: "leases".to_owned() };
        self.take(Step::Revoked, &before, &after, by, Vec::new, acting).await?;
        Ok(after)
    }

    /// Ends what has run out: a live approval at its end, a request that nobody decided.
    pub async fn expire(&self, id: &ApprovalId, acting: &Acting<'_>) -> Result<Approval, DecisionError> {
        let before = self.approval(id).await?.ok_or(DecisionError::Unknown)?;
        let after = approval::expire(&before, acting.at)?;
        let by = Actor::System { component: "expiry".to_owned() };
        self.take(Step::Expired, &before, &after, by, Vec::new, acting).await?;
        Ok(after)
    }

    /// A retry of a request that took its step already finds the approval as it is now.
    async fn or_done_before(
        &self,
        result: Result<Approval, DecisionError>,
        step: Step,
        id: &ApprovalId,
        acting: &Acting<'_>,
    ) -> Result<Approval, DecisionError> {
        let repeated = matches!(
            result,
            Err(DecisionError::Changed
                | DecisionError::Rule(ApprovalError::WrongState { .. } | ApprovalError::AlreadyApproved))
        );
        if !repeated {
            return result;
        }
        let before = self.done_before(&self.once_key(acting, step, id.as_str())).await?;
        before.map_or(result, Ok)
    }

    /// The earlier approvers who are still there, with the roles they hold now.
    async fn earlier_approvers(&self, approval: &Approval) -> Result<Vec<(UserRecord, Role)>, StoreError> {
        let mut people = Vec::new();
        for consent in &approval.consents {
            let Some(user) = self.user(consent.user.as_str()).await? else { continue };
            if let Some(role) = user.role(&self.tenant) {
                people.push((user, role));
            }
        }
        Ok(people)
    }

    /// The person who decides, as just read; the role must be the one that was proven.
    async fn decider(&self, principal: &Principal) -> Result<(UserRecord, Role), DecisionError> {
        let (id, role) = principal.member().ok_or(ApprovalError::NotAMember)?;
        let user = self.user(id.as_str()).await?.ok_or(DecisionError::Changed)?;
        if user.role(&self.tenant) == Some(role) { Ok((user, role)) } else { Err(DecisionError::Changed) }
    }

    /// The workspace that a live founding approval activates.
    async fn founded(&self, after: &Approval) -> Result<Option<Workspace>, DecisionError> {
        if after.terms.kind() != Kind::WorkspaceCreation || after.state != State::Live {
            return Ok(None);
        }
        let workspace: Option<Workspace> = self.table.read(&self.key("W", "W")).await?;
        match workspace {
            Some(workspace) if workspace.state == WorkspaceState::Pending => {
                Ok(Some(Workspace { state: WorkspaceState::Active, ..workspace }))
            }
            _ => Err(DecisionError::Workspace),
        }
    }
}
