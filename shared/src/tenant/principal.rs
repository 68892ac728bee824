//! Who makes this request, and what proved it.
//!
//! One rule: a `Principal` comes only from a proof (a judged session, a verified token, a live approval), each
//! named by its constructor, and only for the workspace that the request's host names. Everything that opens a
//! tenant's data asks for one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Permission, Role, TenantId, UserId, WorkspaceKind, session, token};

/// A live approval of a customer that lets an operator in. Only `delivery::approval` builds one, from an
/// approval that it found live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorGrant {
    customer: TenantId,
    approval: String,
    /// When it stops; `None` is "until revoked".
    until: Option<Timestamp>,
}

impl OperatorGrant {
    pub(crate) fn new(customer: TenantId, approval: String, until: Option<Timestamp>) -> Self {
        Self { customer, approval, until }
    }

    /// The customer that let the operator in.
    pub fn customer(&self) -> &TenantId {
        &self.customer
    }

    /// The approval it rests on.
    pub fn approval(&self) -> &str {
        &self.approval
    }

    /// When it stops; `None` is "until revoked".
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

/// Who did something, as the audit log and the ledger keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Actor {
    /// A person of the workspace.
    User { user: UserId },
    /// The customer's identity provider, by a SCIM token.
    ScimToken { token: String },
    /// A person of the operator's, let in by an approval.
    Operator { operator_workspace: TenantId, user: UserId, approval: String },
    /// A person of a partner firm, whose workspace is a workspace of its own.
    Partner { partner_workspace: TenantId, user: UserId },
    /// Ourselves: a schedule, the end of a lease, an expiry.
    System { component: String },
}

/// Why a request was not allowed. The permission's key goes into the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("needs the permission {}", .permission.key())]
pub struct Forbidden {
    pub permission: Permission,
}

/// Why a proof makes no principal here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    #[error("the proof is for another workspace than the request's host")]
    OtherWorkspace,
    #[error("not a person signed in to the operator workspace")]
    NotAnOperator,
}

/// Who makes this request, in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    tenant: TenantId,
    proof: Proof,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Proof {
    Session { user: UserId, role: Role, kind: WorkspaceKind, method: session::Method, fresh: bool },
    ScimToken { token: String },
    Operator { home: TenantId, user: UserId, role: Role, approval: String },
}

impl Principal {
    /// A person, by a session that was judged alive. `host` is the workspace that the request's host names,
    /// `role` the effective role as derived for this request.
    pub fn from_session(
        session: &session::Live,
        host: &TenantId,
        kind: WorkspaceKind,
        role: Role,
    ) -> Result<Self, NotProven> {
        if session.tenant() != host {
            return Err(NotProven::OtherWorkspace);
        }
        let (user, method, fresh) = (session.user().clone(), session.method(), session.is_fresh());
        Ok(Self { tenant: host.clone(), proof: Proof::Session { user, role, kind, method, fresh } })
    }

    /// The customer's identity provider, by a verified SCIM token.
    pub fn from_scim_token(token: &token::VerifiedToken, host: &TenantId) -> Result<Self, NotProven> {
        if token.tenant() != host {
            return Err(NotProven::OtherWorkspace);
        }
        Ok(Self { tenant: host.clone(), proof: Proof::ScimToken { token: token.id().to_owned() } })
    }

    /// An operator's reach into a customer's workspace: this operator, resting on this live approval.
    pub fn operator_with_approval(operator: &Self, grant: &OperatorGrant) -> Result<Self, NotProven> {
        match &operator.proof {
            Proof::Session { user, role, kind: WorkspaceKind::Operator, .. } => Ok(Self {
                tenant: grant.customer.clone(),
                proof: Proof::Operator {
                    home: operator.tenant.clone(),
                    user: user.clone(),
                    role: *role,
                    approval: grant.approval.clone(),
                },
            }),
            Proof::Session { kind: WorkspaceKind::Customer | WorkspaceKind::Partner, .. }
            | Proof::ScimToken { .. }
            | Proof::Operator { .. } => Err(NotProven::NotAnOperator),
        }
    }

    /// The workspace it may touch.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The person, if it is one. An operator's id is of the operator's workspace.
    pub fn user(&self) -> Option<&UserId> {
        match &self.proof {
            Proof::Session { user, .. } | Proof::Operator { user, .. } => Some(user),
            Proof::ScimToken { .. } => None,
        }
    }

    /// The person, if it is one of this workspace: neither a token nor an operator.
    pub fn member(&self) -> Option<(&UserId, Role)> {
        match &self.proof {
            Proof::Session { user, role, .. } => Some((user, *role)),
            Proof::ScimToken { .. } | Proof::Operator { .. } => None,
        }
    }

    /// The person's role in the workspace it comes from.
    pub fn role(&self) -> Option<Role> {
        match &self.proof {
            Proof::Session { role, .. } | Proof::Operator { role, .. } => Some(*role),
            Proof::ScimToken { .. } => None,
        }
    }

    /// How a person of this workspace signed in.
    pub fn method(&self) -> Option<session::Method> {
        match &self.proof {
            Proof::Session { method, .. } => Some(*method),
            Proof::ScimToken { .. } | Proof::Operator { .. } => None,
        }
    }

    /// Whether it is a person of this workspace with a sign-in or second factor of the last ten minutes.
    pub fn is_fresh(&self) -> bool {
        match &self.proof {
            Proof::Session { fresh, .. } => *fresh,
            Proof::ScimToken { .. } | Proof::Operator { .. } => false,
        }
    }

    /// The approval an operator's reach rests on.
    pub fn operator_approval(&self) -> Option<&str> {
        match &self.proof {
            Proof::Operator { approval, .. } => Some(approval),
            Proof::Session { .. } | Proof::ScimToken { .. } => None,
        }
    }

    /// The partner firm, if this is a person signed in to a partner's workspace: the firm is its workspace. The
    /// role without permissions opens nothing, here neither.
    pub fn partner_firm(&self) -> Option<&TenantId> {
        match &self.proof {
            Proof::Session { kind: WorkspaceKind::Partner, role, .. } => {
                role.allows(Permission::ReportsView).then_some(&self.tenant)
            }
            Proof::Session { kind: WorkspaceKind::Customer | WorkspaceKind::Operator, .. }
            | Proof::ScimToken { .. }
            | Proof::Operator { .. } => None,
        }
    }

    /// Who the audit log and the ledger of `workspace` name: a person of another workspace is named with it.
    pub fn actor_at(&self, workspace: &TenantId) -> Actor {
        match &self.proof {
            Proof::Session { user, kind: WorkspaceKind::Partner, .. } if self.tenant != *workspace => {
                Actor::Partner { partner_workspace: self.tenant.clone(), user: user.clone() }
            }
            Proof::Session { .. } | Proof::ScimToken { .. } | Proof::Operator { .. } => self.actor(),
        }
    }

    /// Who the audit record names.
    pub fn actor(&self) -> Actor {
        match &self.proof {
            Proof::Session { user, .. } => Actor::User { user: user.clone() },
            Proof::ScimToken { token } => Actor::ScimToken { token: token.clone() },
            Proof::Operator { home, user, approval, .. } => Actor::Operator {
                operator_workspace: home.clone(),
                user: user.clone(),
                approval: approval.clone(),
            },
        }
    }

    /// Whether it holds `permission` in [`Principal::tenant`].
    pub fn may(&self, permission: Permission) -> bool {
        match &self.proof {
            Proof::Session { role, kind, .. } => {
                role.allows(permission)
                    && (*kind == WorkspaceKind::Operator || !is_about_customers(permission))
            }
            Proof::ScimToken { .. } => scim_may(permission),
            Proof::Operator { role, .. } => role.allows(permission) && operator_may(permission),
        }
    }

    /// Refuses unless it holds `permission`.
    pub fn require(&self, permission: Permission) -> Result<(), Forbidden> {
        if self.may(permission) { Ok(()) } else { Err(Forbidden { permission }) }
    }
}

fn is_about_customers(permission: Permission) -> bool {
    use Permission as P;
    matches!(permission, P::CustomersView | P::CustomersManage | P::CustomersImpersonate)
}

/// Provisioning manages users; roles follow from the groups that the customer linked.
fn scim_may(permission: Permission) -> bool {
    use Permission as P;
    matches!(permission, P::UsersView | P::UsersManage)
}

/// What an operator may do at a customer (seed: scan operation, finding review, report packaging), whatever
/// the operator's role. Never raw evidence, never the front door, never an approval. A new permission breaks
/// the build here until somebody decides.
fn operator_may(permission: Permission) -> bool {
    use Permission as P;
    match permission {
        P::OrgsView
        | P::ScansView
        | P::ScansRun
        | P::FindingsView
        | P::FindingsTriage
        | P::ReportsView
        | P::ReportsPublish => true,
        P::CustomersView
        | P::CustomersManage
        | P::CustomersImpersonate
        | P::OrgsManage
        | P::EvidenceView
        | P::EvidenceRoute
        | P::ApprovalsDecide
        | P::SecurityManage
        | P::UsersView
        | P::UsersManage
        | P::RolesManage
        | P::LogsView
        | P::LogsExport
        | P::DebugView => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::ops::SystemRandom;

    fn now() -> Timestamp {
        "2026-03-01T08:00:00Z".parse().unwrap()
    }

    fn live(tenant: &str, user: &str) -> session::Live {
        let sign_in = session::SignIn {
            tenant: TenantId::new(tenant),
            user: UserId::new(user),
            method: session::Method::Saml,
            epoch: 0,
            saml_not_on_or_after: None,
            idp: None,
            strong_auth_at: Some(now()),
        };
        let (_, record) = session::open(sign_in, session::Limits::default(), now(), &SystemRandom::default());
        session::judge(&record, session::UserState { active: true, epoch: 0 }, 0, now()).unwrap()
    }

    /// A person of a workspace, for the tests of this crate.
    pub(crate) fn member(tenant: &str, user: &str, kind: WorkspaceKind, role: Role) -> Principal {
        Principal::from_session(&live(tenant, user), &TenantId::new(tenant), kind, role).unwrap()
    }

    /// A SCIM token of a workspace, for the tests of this crate.
    pub(crate) fn scim(tenant: &str) -> Principal {
        let tenant = TenantId::new(tenant);
        let day = SignedDuration::from_hours(24);
        let (plain, record) = token::issue(&tenant, &[], day, now(), &SystemRandom::default()).unwrap();
        let presented = token::PresentedToken::parse(&plain.reveal()).unwrap();
        let verified = token::verify(&presented, &tenant, Some(&record), now()).unwrap();
        Principal::from_scim_token(&verified, &tenant).unwrap()
    }

    /// An operator at a customer, for the tests of this crate.
    pub(crate) fn operator(customer: &str, role: Role) -> Principal {
        let home = member("ops", "o1", WorkspaceKind::Operator, role);
        let grant = OperatorGrant::new(TenantId::new(customer), "a1".into(), None);
        Principal::operator_with_approval(&home, &grant).unwrap()
    }

    #[test]
    fn a_session_of_another_workspace_proves_nothing() {
        let session = live("t1", "u1");
        let other = TenantId::new("t2");
        let got = Principal::from_session(&session, &other, WorkspaceKind::Customer, Role::Admin);
        assert_eq!(got, Err(NotProven::OtherWorkspace));
    }

    #[test]
    fn customers_permissions_work_in_the_operator_workspace_only() {
        for role in Role::ALL {
            for &permission in Permission::ALL {
                let at = |kind| member("t1", "u1", kind, role).may(permission);
                let customers = permission.key().starts_with("customers.");
                assert_eq!(at(WorkspaceKind::Operator), role.allows(permission));
                assert_eq!(at(WorkspaceKind::Customer), role.allows(permission) && !customers);
            }
        }
    }

    #[test]
    fn an_operator_at_a_customer_never_reads_raw_decides_or_opens_the_door() {
        for role in Role::ALL {
            let operator = operator("t1", role);
            assert_eq!(operator.tenant().as_str(), "t1");
            for &permission in Permission::ALL {
                let allowed = operator.may(permission);
                assert!(!allowed || role.allows(permission), "no more than at home");
                let walled =
                    ["customers.", "evidence.", "approvals.", "security.", "users.", "roles.", "logs."];
                if walled.iter().any(|wall| permission.key().starts_with(wall)) {
                    assert!(!allowed, "{role:?} {}", permission.key());
                }
            }
        }
        assert!(operator("t1", Role::Admin).may(Permission::FindingsTriage));
        assert!(!operator("t1", Role::Viewer).may(Permission::FindingsTriage));
    }

    #[test]
    fn only_a_person_of_the_operator_workspace_reaches_out() {
        let grant = OperatorGrant::new(TenantId::new("t1"), "a1".into(), None);
        let customer = member("t2", "u1", WorkspaceKind::Customer, Role::Admin);
        for who in [customer, scim("ops"), operator("t2", Role::Admin)] {
            assert_eq!(Principal::operator_with_approval(&who, &grant), Err(NotProven::NotAnOperator));
        }
    }

    #[test]
    fn a_scim_token_manages_users_and_nothing_else() {
        let allowed: Vec<_> =
            Permission::ALL.iter().filter(|&&p| scim("t1").may(p)).map(|p| p.key()).collect();
        assert_eq!(allowed, ["users.view", "users.manage"]);
        assert_eq!(scim("t1").role(), None);
    }

    #[test]
    fn the_refusal_names_the_permission() {
        let viewer = member("t1", "u1", WorkspaceKind::Customer, Role::Viewer);
        let refusal = viewer.require(Permission::ScansRun).unwrap_err();
        assert_eq!(refusal.to_string(), "needs the permission scans.run");
        assert!(viewer.require(Permission::ScansView).is_ok());
    }

    #[test]
    fn the_audit_names_who_and_on_what_it_rests() {
        let user = member("t1", "u1", WorkspaceKind::Customer, Role::Admin);
        assert_eq!(user.actor(), Actor::User { user: UserId::new("u1") });
        assert_eq!(
            operator("t1", Role::Admin).actor(),
            Actor::Operator {
                operator_workspace: TenantId::new("ops"),
                user: UserId::new("o1"),
                approval: "a1".into()
            }
        );
        assert!(matches!(scim("t1").actor(), Actor::ScimToken { .. }));
        assert!(user.member().is_some() && operator("t1", Role::Admin).member().is_none());
        assert!(user.is_fresh() && !operator("t1", Role::Admin).is_fresh());
    }

    #[test]
    fn only_a_person_of_a_partner_workspace_stands_for_a_firm() {
        let firm = |kind, role| member("p1", "u1", kind, role).partner_firm().map(|t| t.as_str().to_owned());
        assert_eq!(firm(WorkspaceKind::Partner, Role::Viewer), Some("p1".to_owned()));
        assert_eq!(firm(WorkspaceKind::Partner, Role::User), None);
        assert_eq!(firm(WorkspaceKind::Customer, Role::Admin), None);
        assert_eq!(firm(WorkspaceKind::Operator, Role::Admin), None);
        assert!(scim("p1").partner_firm().is_none() && operator("t1", Role::Admin).partner_firm().is_none());
        let (home, away) = (TenantId::new("p1"), TenantId::new("t1"));
        let person = member("p1", "u1", WorkspaceKind::Partner, Role::Viewer);
        assert_eq!(person.actor_at(&home), person.actor());
        let user = UserId::new("u1");
        assert_eq!(person.actor_at(&away), Actor::Partner { partner_workspace: home, user });
    }
}
