//! How an approval comes to be, goes live and ends. Pure: the caller writes the result, on the condition that
//! the version is still the one that was read, together with the ledger entry.
//!
//! One rule: only people of the customer's own workspace decide, by the role they hold at the commit.

use jiff::Timestamp;

use super::{
    Approval, AuthContext, Consent, Ended, State, Terms, Until,
    consent::text_sha256,
    limits::{self, LimitError},
};
use crate::{
    delivery::{ApprovalId, Destination},
    tenant::{
        Digest, Permission, Principal, Role, TenantId, UserId,
        principal::{Actor, Forbidden},
    },
};

/// What somebody asks the customer for.
#[derive(Debug, Clone)]
pub struct Request {
    pub id: ApprovalId,
    /// The customer.
    pub tenant: TenantId,
    pub terms: Terms,
    /// When access opens; now or earlier means with the approval.
    pub not_before: Timestamp,
    pub until: Until,
    pub requested_by: Actor,
}

/// Why a request cannot even be put to the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error("want an end after the start and after now")]
    EmptyWindow,
    #[error("want at least one data class, got none")]
    NoClass,
    #[error("want only scopes that end in .read, got {got}")]
    WriteScope { got: String },
    #[error("want at least one scope, got none")]
    NoScope,
    #[error("want a destination of the kind that {kind:?} approves")]
    DestinationKind { kind: super::Kind },
    #[error("the destination hash is not the destination's")]
    DestinationHash,
    #[error("the terms cannot be written down canonically")]
    Unwritable,
    #[error("want 1 to 512 bytes of visible text without control or direction characters in {field}")]
    Text { field: &'static str },
}

/// Puts a request to the customer. Its window opens and ends at whole seconds: people read them.
pub fn request(request: Request, now: Timestamp) -> Result<Approval, RequestError> {
    let Request { id, tenant, terms, not_before, until, requested_by } = request;
    let not_before = whole_second(not_before);
    let until = match until {
        Until::At(end) => Until::At(whole_second(end)),
        Until::Revoked => Until::Revoked,
    };
    check_terms(&terms)?;
    limits::check(&terms, now, until)?;
    if let Until::At(end) = until
        && (end <= now || end <= not_before)
    {
        return Err(RequestError::EmptyWindow);
    }
    Ok(Approval {
        id,
        tenant,
        terms,
        not_before,
        until,
        requested_by,
        requested_at: now,
        state: State::Requested,
        consents: Vec::new(),
        ended: None,
        epoch: 0,
        version: 0,
    })
}

/// The second that has begun by then; an end comes no later by it.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn check_terms(terms: &Terms) -> Result<(), RequestError> {
    let kind = terms.kind();
    let text = |field, value: &str| if is_plain(value) { Ok(()) } else { Err(RequestError::Text { field }) };
    match terms {
        Terms::WorkspaceCreation { subdomain, sponsor } => {
            text("subdomain", subdomain)?;
            text("sponsor", sponsor.as_str())?;
        }
        Terms::ApiAccess { org, okta_url, scopes } => {
            text("org", org.as_str())?;
            text("okta_url", okta_url)?;
            if scopes.is_empty() {
                return Err(RequestError::NoScope);
            }
            for scope in scopes {
                text("scopes", scope)?;
                if scope.rsplit_once('.').is_none_or(|(_, verb)| verb != "read") {
                    return Err(RequestError::WriteScope { got: scope.clone() });
                }
            }
        }
        Terms::Scim { okta_url } => text("okta_url", okta_url)?,
        Terms::FirstScan { org, okta_url } => {
            text("org", org.as_str())?;
            text("okta_url", okta_url)?;
        }
        Terms::EvidenceRoute { route } => match &route.destination {
            Destination::CustomerBucket { .. } | Destination::Person { .. } => {}
            Destination::Workspace {} | Destination::PartnerRead { .. } | Destination::PartnerPush { .. } => {
                return Err(RequestError::DestinationKind { kind });
            }
        },
        Terms::PartnerAccess { partner, partner_name, route } => {
            text("partner", partner.as_str())?;
            text("partner_name", partner_name)?;
            match &route.destination {
                Destination::PartnerRead { partner: to } | Destination::PartnerPush { partner: to, .. }
                    if to == partner => {}
                Destination::PartnerRead { .. }
                | Destination::PartnerPush { .. }
                | Destination::Workspace {}
                | Destination::CustomerBucket { .. }
                | Destination::Person { .. } => return Err(RequestError::DestinationKind { kind }),
            }
        }
    }
    let Some(route) = terms.route() else { return Ok(()) };
    text("org", route.org.as_str())?;
    if route.classes.is_empty() {
        return Err(RequestError::NoClass);
    }
    match &route.destination {
        Destination::CustomerBucket { bucket } | Destination::PartnerPush { bucket, .. } => {
            text("account", &bucket.account)?;
            text("bucket", &bucket.bucket)?;
            text("prefix", &bucket.prefix)?;
            text("region", &bucket.region)?;
            text("role_arn", &bucket.role_arn)?;
            text("kms_key_arn", &bucket.kms_key_arn)?;
        }
        Destination::Workspace {} | Destination::Person { .. } | Destination::PartnerRead { .. } => {}
    }
    if route.destination.hash() == Some(route.destination_hash) {
        Ok(())
    } else {
        Err(RequestError::DestinationHash)
    }
}

/// Text that shows as what it is: nothing invisible, no second line, no turned direction.
fn is_plain(text: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    !text.trim().is_empty() && text.len() <= 512 && !text.contains(hidden)
}

/// A person who decides.
#[derive(Debug, Clone)]
pub struct Approver<'a> {
    /// Proven for this very request, so the role is the one at the commit.
    pub principal: &'a Principal,
    /// The hash of the text that the person saw ([`text_sha256`]).
    pub saw: Digest,
    pub context: AuthContext,
}

/// Why a decision was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    #[error("want an approval that is {want:?}, got one that is {got:?}")]
    WrongState { want: State, got: State },
    #[error("the approval is of another workspace")]
    OtherWorkspace,
    #[error("only a person of the customer's own workspace decides")]
    NotAMember,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error("only the invited sponsor accepts the workspace")]
    NotTheSponsor,
    #[error("nobody approves their own partner request")]
    OwnRequest,
    #[error("this person has approved already; another person is needed")]
    AlreadyApproved,
    #[error("the text that was shown is not the text of this approval")]
    TextChanged,
    #[error("the request has lapsed")]
    Lapsed,
    #[error("not due yet")]
    NotDue,
    #[error("deliveries may be under way until {until}")]
    LeasesOpen { until: Timestamp },
}

/// One person's yes. Live when enough different people, each still holding the permission, have said it.
///
/// `standing` are the present roles of the earlier approvers, read for this commit: an earlier yes of somebody
/// who is not in it, or whose role no longer decides, does not count any more.
pub fn approve(
    approval: &Approval,
    approver: &Approver<'_>,
    standing: &[(UserId, Role)],
    now: Timestamp,
) -> Result<Approval, ApprovalError> {
    want_state(approval, State::Requested)?;
    let (user, role) = decider(approval, approver.principal)?;
    if let Terms::WorkspaceCreation { sponsor, .. } = &approval.terms
        && sponsor != user
    {
        return Err(ApprovalError::NotTheSponsor);
    }
    let own = approval.requested_by == Actor::User { user: user.clone() };
    if own && matches!(approval.terms, Terms::PartnerAccess { .. }) {
        return Err(ApprovalError::OwnRequest);
    }
    let still_decides = |consent: &Consent| {
        standing.iter().any(|(who, role)| *who == consent.user && role.allows(Permission::ApprovalsDecide))
    };
    let mut next = step(approval);
    next.consents.retain(|consent| consent.user != *user && still_decides(consent));
    if approval.consents.iter().any(|consent| consent.user == *user) {
        return Err(ApprovalError::AlreadyApproved);
    }
    if approver.saw != text_sha256(approval) {
        return Err(ApprovalError::TextChanged);
    }
    if has_lapsed(approval, now) {
        return Err(ApprovalError::Lapsed);
    }
    next.consents.push(Consent {
        user: user.clone(),
        role,
        at: now,
        text_sha256: approver.saw,
        context: approver.context.clone(),
    });
    if next.approvers() >= limits::approvers_needed(&next.terms) {
        next.state = State::Live;
    }
    Ok(next)
}

/// One person's no ends the request. The requester may take it back this way too.
pub fn refuse(approval: &Approval, by: &Principal, now: Timestamp) -> Result<Approval, ApprovalError> {
    want_state(approval, State::Requested)?;
    decider(approval, by)?;
    Ok(end(approval, State::Refused, by.actor(), now, Some(now)))
}

/// Begins the revocation: from this commit on nothing new is authorised. One person suffices.
pub fn revoke(approval: &Approval, by: &Principal, now: Timestamp) -> Result<Approval, ApprovalError> {
    want_state(approval, State::Live)?;
    decider(approval, by)?;
    Ok(end(approval, State::Revoking, by.actor(), now, None))
}

/// Ends the revocation, once every lease (`open_until`: their ends) has ended by every clock. Only then may anybody be
/// told "revoked".
pub fn settle(
    approval: &Approval,
    open_until: impl IntoIterator<Item = Timestamp>,
    now: Timestamp,
) -> Result<Approval, ApprovalError> {
    want_state(approval, State::Revoking)?;
    if let Some(last) = open_until.into_iter().max() {
        let until = last.checked_add(limits::SKEW).unwrap_or(Timestamp::MAX);
        if now <= until {
            return Err(ApprovalError::LeasesOpen { until });
        }
    }
    let mut next = step(approval);
    next.state = State::Revoked;
    if let Some(ended) = &mut next.ended {
        ended.effective_at = Some(now);
    }
    Ok(next)
}

/// When [`expire`] or [`settle`] may have something to end: `None` if nothing ends by itself.
pub fn ends_at(approval: &Approval) -> Option<Timestamp> {
    match (approval.state, approval.until) {
        (State::Requested, _) => Some(lapses_at(approval)),
        (State::Live, Until::At(end)) => Some(end),
        (State::Revoking, _) => {
            let longest = limits::LEASE.max(limits::READING) + limits::SKEW;
            approval.ended.as_ref().and_then(|ended| ended.at.checked_add(longest).ok())
        }
        (State::Live, Until::Revoked) | (State::Revoked | State::Expired | State::Refused, _) => None,
    }
}

/// Ends what has run out: a live approval at its end, a request that nobody decided.
///
/// The router does not wait for this: it refuses by the clock.
pub fn expire(approval: &Approval, now: Timestamp) -> Result<Approval, ApprovalError> {
    let due = match (approval.state, approval.until) {
        (State::Requested, _) => has_lapsed(approval, now),
        (State::Live, Until::At(end)) => now >= end,
        (State::Live, Until::Revoked) => false,
        (got @ (State::Revoking | State::Revoked | State::Expired | State::Refused), _) => {
            return Err(ApprovalError::WrongState { want: State::Live, got });
        }
    };
    if !due {
        return Err(ApprovalError::NotDue);
    }
    let by = Actor::System { component: "expiry".into() };
    Ok(end(approval, State::Expired, by, now, Some(now)))
}

fn want_state(approval: &Approval, want: State) -> Result<(), ApprovalError> {
    let got = approval.state;
    if got == want { Ok(()) } else { Err(ApprovalError::WrongState { want, got }) }
}

/// The person, if it is one of the approval's own workspace who may decide.
fn decider<'a>(approval: &Approval, principal: &'a Principal) -> Result<(&'a UserId, Role), ApprovalError> {
    if *principal.tenant() != approval.tenant {
        return Err(ApprovalError::OtherWorkspace);
    }
    let member = principal.member().ok_or(ApprovalError::NotAMember)?;
    principal.require(Permission::ApprovalsDecide)?;
    Ok(member)
}

fn has_lapsed(approval: &Approval, now: Timestamp) -> bool {
    now >= lapses_at(approval)
}

fn lapses_at(approval: &Approval) -> Timestamp {
    let undecided = approval.requested_at.saturating_add(limits::REQUEST_LIFETIME).unwrap_or(Timestamp::MAX);
    match approval.until {
        Until::Revoked => undecided,
        Until::At(end) => undecided.min(end),
    }
}

fn step(approval: &Approval) -> Approval {
    Approval { version: approval.version + 1, ..approval.clone() }
}

fn end(
    approval: &Approval,
    state: State,
    by: Actor,
    at: Timestamp,
    effective_at: Option<Timestamp>,
) -> Approval {
    let ended = Some(Ended { by, at, effective_at });
    Approval { state, ended, epoch: approval.epoch + 1, ..step(approval) }
}
