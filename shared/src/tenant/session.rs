//! A signed-in person's session: when it is alive and why it ended.
//!
//! One rule: a session is judged afresh on each request against its record and its user, read then; the cookie
//! says nothing but which record. The cookie is 256 random bits, the store knows their SHA-256.

mod limits;

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use self::limits::{Limits, OutOfRange};
use super::{Digest, TenantId, UserId};
use crate::ops::{Random, random};

/// A session without a request for this long has ended.
pub const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// No session is older than this.
pub const ABSOLUTE: SignedDuration = SignedDuration::from_hours(12);
/// How long a sign-in or second factor counts as fresh, for changes to the front door.
pub const STEP_UP: SignedDuration = SignedDuration::from_mins(10);
/// How far the clocks of two of our machines may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// `last_seen` is written at most this often. The session can only end earlier by it.
const TOUCH: SignedDuration = SignedDuration::from_secs(60);

/// The cookie's value: 256 random bits as base64url.
pub struct SessionSecret(SecretString);

impl SessionSecret {
    /// A fresh one. Every sign-in draws its own, so a planted cookie is worth nothing (ASVS 7.2.4).
    pub fn generate(random: &(impl Random + ?Sized)) -> Self {
        Self(random::secret_256(random).into())
    }

    /// Reads a cookie's value: exactly 43 characters of base64url.
    pub fn parse(value: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        (bytes.len() == 32).then(|| Self(value.to_owned().into()))
    }

    /// The value, for the cookie.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the record is kept under.
    pub fn hash(&self) -> Digest {
        Digest::of(self.expose().as_bytes())
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}

/// What a form must send back to show that it came from our page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The value, for the form.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the form sent this very value. In constant time; an empty token matches nothing.
    pub fn matches(&self, sent: &str) -> bool {
        !self.0.is_empty() && verify_slices_are_equal(self.0.as_bytes(), sent.as_bytes()).is_ok()
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken")
    }
}

/// How the person signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A signed SAML assertion of the workspace's identity provider.
    Saml,
    /// E-mail one-time link and TOTP.
    Email,
    /// E-mail and TOTP while SSO is on: a named break-glass Admin, and all Admins hear of it.
    BreakGlass,
}

impl Method {
    /// Whether we saw a second factor ourselves. An identity provider does not tell us which factors it saw.
    pub fn proves_second_factor(self) -> bool {
        match self {
            Self::Email | Self::BreakGlass => true,
            Self::Saml => false,
        }
    }
}

/// What the identity provider said of a sign-in, for whoever decides later what it was worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdpSession {
    /// Its entity id.
    pub entity_id: String,
    /// When the person authenticated there (`AuthnInstant`, saml-core 2.7.2).
    pub authn_instant: Timestamp,
    /// How (`AuthnContextClassRef`).
    pub acr: Option<String>,
    /// The connection's count of withdrawals, as read with the keys that verified the sign-in.
    pub withdrawals: u64,
}

/// What the store keeps of a session, under the hash of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    pub tenant: TenantId,
    pub user: UserId,
    pub method: Method,
    pub opened: Timestamp,
    pub last_seen: Timestamp,
    pub absolute_expiry: Timestamp,
    /// Seconds. A workspace may shorten it; more than [`IDLE`] counts as [`IDLE`].
    pub idle_seconds: u32,
    /// The assertion's `SessionNotOnOrAfter`. The field must be there, if only as null.
    #[serde(deserialize_with = "Option::deserialize")]
    pub saml_not_on_or_after: Option<Timestamp>,
    /// The user's epoch at sign-in: raising the user's epoch ends all sessions opened under the old one.
    pub epoch: u64,
    /// When the person last showed a sign-in or a second factor.
    #[serde(deserialize_with = "Option::deserialize")]
    pub strong_auth_at: Option<Timestamp>,
    /// None for a sign-in by e-mail.
    #[serde(default)]
    pub idp: Option<IdpSession>,
    pub csrf: CsrfToken,
}

impl SessionRecord {
    /// When it ends if nobody uses it any more and nothing else ends it before.
    pub fn ends(&self) -> Timestamp {
        self.end().0
    }

    fn end(&self) -> (Timestamp, Ended) {
        let idle = SignedDuration::from_secs(self.idle_seconds.into()).min(IDLE);
        let absolute = self.absolute_expiry.min(plus(self.opened, ABSOLUTE));
        let mut ends = [
            (plus(self.last_seen, idle), Ended::Idle),
            (absolute, Ended::Absolute),
            (self.saml_not_on_or_after.unwrap_or(Timestamp::MAX), Ended::IdpLimit),
        ];
        ends.sort_by_key(|(at, _)| *at);
        ends[0]
    }
}

/// What a verified sign-in says, for [`open`].
#[derive(Debug, Clone)]
pub struct SignIn {
    pub tenant: TenantId,
    pub user: UserId,
    pub method: Method,
    /// The user's epoch, as read with the sign-in.
    pub epoch: u64,
    /// `SessionNotOnOrAfter` of a SAML assertion (saml-core 2.7.2).
    pub saml_not_on_or_after: Option<Timestamp>,
    /// When the second factor or the sign-in at the identity provider (`AuthnInstant`) took place.
    pub strong_auth_at: Option<Timestamp>,
    /// What the identity provider said, if one did.
    pub idp: Option<IdpSession>,
}

/// Opens a session: the secret goes into the cookie, the record into the store.
pub fn open(
    sign_in: SignIn,
    limits: Limits,
    now: Timestamp,
    random: &(impl Random + ?Sized),
) -> (SessionSecret, SessionRecord) {
    let record = SessionRecord {
        tenant: sign_in.tenant,
        user: sign_in.user,
        method: sign_in.method,
        opened: now,
        last_seen: now,
        absolute_expiry: plus(now, limits.absolute()),
        idle_seconds: limits.idle().as_secs().try_into().unwrap_or_default(),
        saml_not_on_or_after: sign_in.saml_not_on_or_after,
        epoch: sign_in.epoch,
        strong_auth_at: sign_in.strong_auth_at,
        idp: sign_in.idp,
        csrf: CsrfToken(random::secret_256(random)),
    };
    (SessionSecret::generate(random), record)
}

/// What the user's row says at the time of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserState {
    pub active: bool,
    pub epoch: u64,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    #[error("the user was deactivated")]
    Deactivated,
    #[error("the user's sessions were ended")]
    EpochChanged,
    #[error("the workspace withdrew its trust from what signed the person in")]
    Withdrawn,
    #[error("no request for the idle time")]
    Idle,
    #[error("the session reached its longest life")]
    Absolute,
    #[error("the identity provider's limit (SessionNotOnOrAfter) was reached")]
    IdpLimit,
}

/// A session that was judged alive. Only [`judge`] builds one; it makes a [`super::Principal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    tenant: TenantId,
    user: UserId,
    method: Method,
    judged_at: Timestamp,
    ends: Timestamp,
    strong_auth_at: Option<Timestamp>,
    last_seen: Timestamp,
    idp: Option<IdpSession>,
}

impl Live {
    /// The workspace it was opened in.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Whose it is.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// How the person signed in.
    pub fn method(&self) -> Method {
        self.method
    }

    /// What the identity provider said at the sign-in, if one did.
    pub fn idp(&self) -> Option<&IdpSession> {
        self.idp.as_ref()
    }

    /// When it ends if no other request comes.
    pub fn ends(&self) -> Timestamp {
        self.ends
    }

    /// Whether the person showed a sign-in or second factor within [`STEP_UP`]: needed to change SSO, SCIM
    /// tokens and break-glass.
    pub fn is_fresh(&self) -> bool {
        self.strong_auth_at.is_some_and(|at| {
            let age = self.judged_at.duration_since(at);
            age >= -SKEW && age < STEP_UP
        })
    }

    /// The `last_seen` to write, when the kept one is a minute old.
    pub fn touch(&self) -> Option<Timestamp> {
        (self.judged_at.duration_since(self.last_seen) >= TOUCH).then_some(self.judged_at)
    }
}

/// Judges a session at `now`. Alive before the earliest of its ends, over at it. `withdrawals` is the workspace's
/// count at the time of the request.
pub fn judge(
    record: &SessionRecord,
    user: UserState,
    withdrawals: u64,
    now: Timestamp,
) -> Result<Live, Ended> {
    if !user.active {
        return Err(Ended::Deactivated);
    }
    if user.epoch != record.epoch {
        return Err(Ended::EpochChanged);
    }
    let opened_under = record.idp.as_ref().map_or(0, |idp| idp.withdrawals);
    if record.method == Method::Saml && opened_under != withdrawals {
        return Err(Ended::Withdrawn);
    }
    let (end, reason) = record.end();
    if now >= end {
        return Err(reason);
    }
    Ok(Live {
        tenant: record.tenant.clone(),
        user: record.user.clone(),
        method: record.method,
        judged_at: now,
        ends: end,
        strong_auth_at: record.strong_auth_at,
        last_seen: record.last_seen,
        idp: record.idp.clone(),
    })
}

fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    // Past the end of time a session has ended already, not begun to last for ever.
    at.checked_add(by).unwrap_or(at)
}

#[cfg(test)]
mod tests;
