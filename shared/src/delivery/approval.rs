//! What the customer allowed: six kinds of approval, each naming what, for whom and until when.
//!
//! One rule: an approval says exactly what it says. Classes are listed, the destination is bound by hash, the
//! end is a date, and the terms never change after the request; whoever wants more asks anew.
//!
//! `requested -> live` (when enough different people approved) `-> revoking -> revoked`, or `refused`, or
//! `expired`. The transitions are in [`transition`], the numbers in [`limits`], the text in [`consent`].

pub mod consent;
pub mod limits;
pub mod transition;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ApprovalId, ClassSet, Destination, PartnerId};
use crate::tenant::{
    Digest, OrgId, Role, TenantId, UserId,
    principal::{Actor, OperatorGrant},
    session::Method,
};

pub use consent::{consent_text, text_sha256};
pub use transition::{
    ApprovalError, Approver, Request, approve, ends_at, expire, refuse, request, revoke, settle,
};

/// The six things a customer approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    WorkspaceCreation,
    ApiAccess,
    Scim,
    FirstScan,
    /// Evidence to a bucket of the customer's, or a report to a recipient.
    EvidenceRoute,
    PartnerAccess,
}

impl Kind {
    /// The stored key.
    pub fn key(self) -> &'static str {
        match self {
            Self::WorkspaceCreation => "workspace_creation",
            Self::ApiAccess => "api_access",
            Self::Scim => "scim",
            Self::FirstScan => "first_scan",
            Self::EvidenceRoute => "evidence_route",
            Self::PartnerAccess => "partner_access",
        }
    }
}

/// Evidence of one org, of exactly these classes, to exactly this destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub org: OrgId,
    pub classes: ClassSet,
    pub destination: Destination,
    /// [`Destination::hash`] at the request. The router compares it with the destination as it is then.
    pub destination_hash: Digest,
}

/// What is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Terms {
    /// The workspace itself; only the invited sponsor accepts it.
    WorkspaceCreation { subdomain: String, sponsor: UserId },
    /// A read-only API service app in the Okta org.
    ApiAccess { org: OrgId, okta_url: String, scopes: Vec<String> },
    /// Provisioning of the workspace's users from Okta.
    Scim { okta_url: String },
    /// The first scan of an org, and the scheduled ones after it; lets the operator review its findings.
    FirstScan { org: OrgId, okta_url: String },
    /// To the customer's own bucket or to a report recipient.
    EvidenceRoute { route: Route },
    /// To a partner, to read or as a copy.
    PartnerAccess { partner: PartnerId, partner_name: String, route: Route },
}

impl Terms {
    /// Which of the six it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::WorkspaceCreation { .. } => Kind::WorkspaceCreation,
            Self::ApiAccess { .. } => Kind::ApiAccess,
            Self::Scim { .. } => Kind::Scim,
            Self::FirstScan { .. } => Kind::FirstScan,
            Self::EvidenceRoute { .. } => Kind::EvidenceRoute,
            Self::PartnerAccess { .. } => Kind::PartnerAccess,
        }
    }

    /// The route, of the two kinds that have one.
    pub fn route(&self) -> Option<&Route> {
        match self {
            Self::EvidenceRoute { route } | Self::PartnerAccess { route, .. } => Some(route),
            Self::WorkspaceCreation { .. }
            | Self::ApiAccess { .. }
            | Self::Scim { .. }
            | Self::FirstScan { .. } => None,
        }
    }
}

/// How long an approval holds. Written out, so that a lost field is not "for ever".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// Until somebody revokes it. Only where no evidence leaves the workspace.
    Revoked,
    /// Up to this instant, not at it.
    At(Timestamp),
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Requested,
    Live,
    /// Nothing new is authorised; what was authorised may still be under way.
    Revoking,
    /// Nothing is under way any more.
    Revoked,
    Expired,
    Refused,
}

/// How an approver was signed in, as far as the identity provider said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthContext {
    pub method: Method,
    /// The identity provider's entity id.
    pub idp: Option<String>,
    /// `AuthnInstant` (saml-core 2.7.2).
    pub authn_instant: Option<Timestamp>,
    /// `AuthnContextClassRef`.
    pub acr: Option<String>,
}

/// One person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    pub user: UserId,
    /// At the time of the consent.
    pub role: Role,
    pub at: Timestamp,
    /// Of the text that the person saw.
    pub text_sha256: Digest,
    pub context: AuthContext,
}

/// An approval, as the store keeps it. Unknown fields do not read: a later version's approval is no approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub id: ApprovalId,
    pub tenant: TenantId,
    pub terms: Terms,
    pub not_before: Timestamp,
    pub until: Until,
    pub requested_by: Actor,
    pub requested_at: Timestamp,
    pub state: State,
    pub consents: Vec<Consent>,
    /// Who refused, revoked or ended it, and when that was.
    #[serde(deserialize_with = "Option::deserialize")]
    pub ended: Option<Ended>,
    /// Raised when an effect ends: what was planned under an older epoch is not authorised.
    pub epoch: u64,
    /// Raised by every change, for the conditional write.
    pub version: u64,
}

/// The end of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    pub by: Actor,
    /// When the end was decided: refused, revocation begun, expired.
    pub at: Timestamp,
    /// When nothing was under way any more.
    #[serde(deserialize_with = "Option::deserialize")]
    pub effective_at: Option<Timestamp>,
}

impl Approval {
    /// Whether it is in force at `now`, and else why not. Checks again what led to `live`, so that a row that
    /// was written in any other way opens nothing.
    pub fn in_force(&self, now: Timestamp) -> Result<(), &'static str> {
        match self.state {
            State::Live => {}
            State::Requested | State::Revoking | State::Revoked | State::Expired | State::Refused => {
                return Err("approval.not_live");
            }
        }
        if self.approvers() < limits::approvers_needed(&self.terms) {
            return Err("approval.too_few_approvers");
        }
        if limits::check(&self.terms, self.requested_at, self.until).is_err() {
            return Err("approval.over_limit");
        }
        let (opens, closes) = self.window();
        if now < opens {
            return Err("approval.not_yet");
        }
        if now >= closes {
            return Err("approval.expired");
        }
        Ok(())
    }

    /// Where it stands at `now`: what has run out is expired, whether somebody has written that down or not.
    pub fn state_at(&self, now: Timestamp) -> State {
        if expire(self, now).is_ok() { State::Expired } else { self.state }
    }

    /// From when (inclusive) to when (exclusive) it may be used, by a clock that may be wrong by
    /// [`limits::SKEW`]. An approval without an opening date of its own opens with its request.
    pub fn window(&self) -> (Timestamp, Timestamp) {
        let opens = if self.not_before > self.requested_at {
            self.not_before.checked_add(limits::SKEW).unwrap_or(Timestamp::MAX)
        } else {
            self.requested_at
        };
        let closes = match self.until {
            Until::Revoked => Timestamp::MAX,
            Until::At(end) => end.checked_sub(limits::SKEW).unwrap_or(Timestamp::MIN),
        };
        (opens, closes)
    }

    /// How many different people said yes.
    pub fn approvers(&self) -> usize {
        let mut users: Vec<_> = self.consents.iter().map(|c| &c.user).collect();
        users.sort();
        users.dedup();
        users.len()
    }

    /// What lets an operator into this workspace to run and review scans of `org`: a first-scan approval in
    /// force. No other kind does.
    pub fn operator_grant(&self, org: &OrgId, now: Timestamp) -> Option<OperatorGrant> {
        let scans_org = match &self.terms {
            Terms::FirstScan { org: approved, .. } => approved == org,
            Terms::WorkspaceCreation { .. }
            | Terms::ApiAccess { .. }
            | Terms::Scim { .. }
            | Terms::EvidenceRoute { .. }
            | Terms::PartnerAccess { .. } => false,
        };
        if !scans_org || self.in_force(now).is_err() {
            return None;
        }
        let until = match self.until {
            Until::Revoked => None,
            Until::At(end) => Some(end),
        };
        Some(OperatorGrant::new(self.tenant.clone(), self.id.to_string(), until))
    }
}

#[cfg(test)]
pub(crate) mod tests;
