//! The one decision whether an object may go to a recipient: a pure matrix, enumerated in full by its tests.
//!
//! One rule: default deny. Every `match` on recipient, class, destination and state names all its cases, so a new
//! one breaks the build until somebody decides it. Facts are read consistently for this very decision.
//!
//! The invariants the tests name: I1 authorised at commit, I3 exact class, I4 destination binding, I5 default
//! deny, I6 tenant wall, I10 two persons, I12 expiry, I15 no exemption for the operator. I2 (nothing after
//! acknowledgement) rests on [`lease`] and [`super::approval::settle`].

pub mod lease;

use jiff::Timestamp;

use super::{
    Approval, DataClass, Destination, Email, PartnerId,
    approval::{Route, Terms},
};
use crate::tenant::{Digest, OrgId, Permission, Principal, Role, TenantId};

pub use lease::{Grant, Lease, authorise};

/// The object in question, as its manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub tenant: TenantId,
    pub org: OrgId,
    pub sha256: Digest,
    pub class: DataClass,
    /// Whether the operator has published the findings or the report; for other classes, those of its scan.
    pub published: bool,
}

/// Who would receive it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A person of the workspace.
    Member { role: Role },
    /// An operator. `mfa`: signed in with a second factor.
    Operator { role: Role, mfa: bool },
    /// A partner: its people or its bucket.
    Partner { partner: PartnerId },
    /// A bucket of the customer's own.
    CustomerBucket,
    /// A report recipient.
    Person { email: Email },
}

impl Recipient {
    /// What a principal is to the workspace `owner` of an object. A SCIM token is nobody, and so is a person of
    /// another workspace, unless that is a partner's.
    pub fn of(principal: &Principal, owner: &TenantId, mfa: bool) -> Option<Self> {
        if principal.tenant() != owner {
            let firm = principal.partner_firm()?;
            return Some(Self::Partner { partner: PartnerId::new(firm.as_str()) });
        }
        if let Some((_, role)) = principal.member() {
            return Some(Self::Member { role });
        }
        principal.operator_approval()?;
        principal.role().map(|role| Self::Operator { role, mfa })
    }

    /// Where bytes go when this recipient reads them here, as things are now. None for who does not read here.
    pub fn reading_at(&self) -> Option<Destination> {
        match self {
            Self::Member { .. } | Self::Operator { .. } => Some(Destination::Workspace {}),
            Self::Partner { partner } => Some(Destination::PartnerRead { partner: partner.clone() }),
            Self::CustomerBucket | Self::Person { .. } => None,
        }
    }
}

/// All that the decision rests on.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The workspace that the request or the plan is in.
    pub workspace: &'a TenantId,
    pub workspace_active: bool,
    pub object: &'a Object,
    pub recipient: &'a Recipient,
    /// Whether the person, the partner and the partner's user are active.
    pub recipient_active: bool,
    /// As it is now, not as it was approved.
    pub destination: &'a Destination,
    /// As read now; none if it could not be read.
    pub approval: Option<&'a Approval>,
}

/// Yes or no, and the rule that said so: for the access log and the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub allow: bool,
    pub rule: &'static str,
}

/// Decides.
pub fn decide(facts: &Facts<'_>, now: Timestamp) -> Decision {
    match judge(facts, now) {
        Ok(rule) => Decision { allow: true, rule },
        Err(rule) => Decision { allow: false, rule },
    }
}

type Verdict = Result<&'static str, &'static str>;

fn judge(facts: &Facts<'_>, now: Timestamp) -> Verdict {
    if !facts.workspace_active {
        return Err("workspace.inactive");
    }
    if !facts.recipient_active {
        return Err("recipient.inactive");
    }
    if facts.object.tenant != *facts.workspace {
        return Err("tenant.wall");
    }
    match facts.recipient {
        Recipient::Member { role } => member(facts, *role),
        Recipient::Operator { role, mfa } => operator(facts, *role, *mfa, now),
        Recipient::Partner { partner } => to_partner(facts, partner, now),
        Recipient::CustomerBucket => to_customer_bucket(facts, now),
        Recipient::Person { email } => to_person(facts, email, now),
    }
}

/// A person of the workspace reads in the workspace, by role. Drafts are for who takes the next step with them.
fn member(facts: &Facts<'_>, role: Role) -> Verdict {
    stays_in_workspace(facts.destination)?;
    let class = facts.object.class;
    if !role.allows(reading(class)) {
        return Err("member.role");
    }
    if !facts.object.published && draft_needs(class).is_some_and(|permission| !role.allows(permission)) {
        return Err("member.draft");
    }
    Ok("member.role")
}

/// An operator reads what a review needs, in the workspace, under the customer's live approval for that scan.
fn operator(facts: &Facts<'_>, role: Role, mfa: bool, now: Timestamp) -> Verdict {
    let class = facts.object.class;
    match class {
        DataClass::RawIdentity | DataClass::Normalized => return Err("operator.raw"),
        DataClass::AccessLog => return Err("operator.access_log"),
        DataClass::FindingsFull | DataClass::FindingsSanitized | DataClass::Report | DataClass::Manifest => {}
    }
    stays_in_workspace(facts.destination)?;
    if !mfa {
        return Err("operator.mfa");
    }
    if !role.allows(reading(class)) {
        return Err("operator.role");
    }
    let approval = own_approval(facts)?;
    approval.in_force(now)?;
    match &approval.terms {
        Terms::FirstScan { org, .. } if *org == facts.object.org => Ok("operator.first_scan"),
        Terms::FirstScan { .. } => Err("approval.org"),
        Terms::WorkspaceCreation { .. }
        | Terms::ApiAccess { .. }
        | Terms::Scim { .. }
        | Terms::EvidenceRoute { .. }
        | Terms::PartnerAccess { .. } => Err("approval.kind"),
    }
}

fn to_partner(facts: &Facts<'_>, partner: &PartnerId, now: Timestamp) -> Verdict {
    let rule = match facts.destination {
        Destination::PartnerRead { partner: to } if to == partner => "partner.read",
        Destination::PartnerPush { partner: to, .. } if to == partner => "partner.push",
        Destination::PartnerRead { .. }
        | Destination::PartnerPush { .. }
        | Destination::Workspace {}
        | Destination::CustomerBucket { .. }
        | Destination::Person { .. } => return Err("partner.destination"),
    };
    if !facts.object.published {
        return Err("partner.unpublished");
    }
    let approval = own_approval(facts)?;
    match &approval.terms {
        Terms::PartnerAccess { partner: named, route, .. } if named == partner => {
            routed(facts, approval, route, now)?;
            Ok(rule)
        }
        Terms::PartnerAccess { .. } => Err("approval.recipient"),
        Terms::WorkspaceCreation { .. }
        | Terms::ApiAccess { .. }
        | Terms::Scim { .. }
        | Terms::FirstScan { .. }
        | Terms::EvidenceRoute { .. } => Err("approval.kind"),
    }
}

fn to_customer_bucket(facts: &Facts<'_>, now: Timestamp) -> Verdict {
    match facts.destination {
        Destination::CustomerBucket { .. } => {}
        Destination::Workspace {}
        | Destination::Person { .. }
        | Destination::PartnerRead { .. }
        | Destination::PartnerPush { .. } => return Err("customer_bucket.destination"),
    }
    if !facts.object.published && draft_needs(facts.object.class).is_some() {
        return Err("customer_bucket.draft");
    }
    evidence_route(facts, now)?;
    Ok("customer_bucket.route")
}

fn to_person(facts: &Facts<'_>, email: &Email, now: Timestamp) -> Verdict {
    match facts.destination {
        Destination::Person { email: to } if to == email => {}
        Destination::Person { .. }
        | Destination::Workspace {}
        | Destination::CustomerBucket { .. }
        | Destination::PartnerRead { .. }
        | Destination::PartnerPush { .. } => return Err("person.destination"),
    }
    if !facts.object.published {
        return Err("person.unpublished");
    }
    evidence_route(facts, now)?;
    Ok("person.route")
}

fn evidence_route(facts: &Facts<'_>, now: Timestamp) -> Result<(), &'static str> {
    let approval = own_approval(facts)?;
    match &approval.terms {
        Terms::EvidenceRoute { route } => routed(facts, approval, route, now),
        Terms::WorkspaceCreation { .. }
        | Terms::ApiAccess { .. }
        | Terms::Scim { .. }
        | Terms::FirstScan { .. }
        | Terms::PartnerAccess { .. } => Err("approval.kind"),
    }
}

/// The approval at hand, if it is of the object's workspace.
fn own_approval<'a>(facts: &Facts<'a>) -> Result<&'a Approval, &'static str> {
    let approval = facts.approval.ok_or("approval.missing")?;
    if approval.tenant == facts.object.tenant { Ok(approval) } else { Err("approval.tenant") }
}

/// In force, for this org, exactly this class, and exactly this destination as it is now.
fn routed(facts: &Facts<'_>, approval: &Approval, route: &Route, now: Timestamp) -> Result<(), &'static str> {
    approval.in_force(now)?;
    if route.org != facts.object.org {
        return Err("approval.org");
    }
    if !route.classes.contains(facts.object.class) {
        return Err("approval.class");
    }
    let hash = facts.destination.hash().ok_or("destination.unreadable")?;
    if route.destination_hash != hash || route.destination != *facts.destination {
        return Err("destination.drift");
    }
    Ok(())
}

fn stays_in_workspace(destination: &Destination) -> Result<(), &'static str> {
    match destination {
        Destination::Workspace {} => Ok(()),
        Destination::CustomerBucket { .. }
        | Destination::Person { .. }
        | Destination::PartnerRead { .. }
        | Destination::PartnerPush { .. } => Err("workspace.destination"),
    }
}

/// The permission that reading a class inside the workspace needs.
fn reading(class: DataClass) -> Permission {
    match class {
        DataClass::RawIdentity | DataClass::Normalized => Permission::EvidenceView,
        DataClass::FindingsFull | DataClass::FindingsSanitized => Permission::FindingsView,
        DataClass::Report | DataClass::Manifest => Permission::ReportsView,
        DataClass::AccessLog => Permission::LogsView,
    }
}

/// The permission that a draft of the class needs besides, of the classes that are published.
fn draft_needs(class: DataClass) -> Option<Permission> {
    match class {
        DataClass::FindingsFull | DataClass::FindingsSanitized => Some(Permission::FindingsTriage),
        DataClass::Report => Some(Permission::ReportsPublish),
        DataClass::RawIdentity | DataClass::Normalized | DataClass::Manifest | DataClass::AccessLog => None,
    }
}

#[cfg(test)]
mod tests;
