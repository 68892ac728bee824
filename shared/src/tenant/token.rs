//! SCIM bearer tokens: `atm_scim_<tenant>_<id>_<secret><crc>`.
//!
//! The tenant and the id say where to look, the secret is 256 random bits, the CRC-32 lets junk and typing
//! errors go without a database call. One rule: a token is text once, when it is issued; afterwards only its
//! SHA-256 exists (256 random bits need no slow hash), and it opens only the workspace it was issued for.

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Digest, TenantId};
use crate::ops::{Random, random};

/// NEVER CHANGE: secret scanners and customers know tokens by it.
const PREFIX: &str = "atm_scim_";
const SECRET_DIGITS: usize = 64;
const CRC_DIGITS: usize = 8;
/// Longer than any token of ours; what is longer is not read.
const MAX_LENGTH: usize = 256;

/// How many tokens of a workspace may be live: the old and the new one, while Okta is switched over.
pub const MAX_LIVE: usize = 2;
/// The longest life of a token.
pub const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A token as text. It exists from issue to the one answer that shows it.
pub struct PlainToken(SecretString);

impl PlainToken {
    /// The text, for the one page that shows it. Takes the token, so that it is shown once.
    pub fn reveal(self) -> String {
        self.0.expose_secret().to_owned()
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken")
    }
}

/// What the store keeps of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    pub tenant: TenantId,
    pub id: String,
    /// SHA-256 of the whole token text.
    pub hash: Digest,
    pub created: Timestamp,
    pub expires: Timestamp,
    /// Must be there, if only as null: a record that lost the field is not a token that was never revoked.
    #[serde(deserialize_with = "Option::deserialize")]
    pub revoked: Option<Timestamp>,
    /// The UTC day of the last use: exact enough for people, and one write a day.
    #[serde(default)]
    pub last_used_day: Option<Date>,
    /// When it was first seen in an address, where logs of others keep it: to be replaced.
    #[serde(default)]
    pub exposed: Option<Timestamp>,
    /// The minute (Unix time / 60) that `requests` counts for.
    #[serde(default)]
    pub minute: Option<i64>,
    /// Requests in that minute, a few that are not yet reported aside.
    #[serde(default)]
    pub requests: u64,
}

/// Where a token stands at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    Live,
    Expired,
    Revoked,
}

impl TokenRecord {
    /// The state at `now`. Live up to the expiry, not at it.
    pub fn state(&self, now: Timestamp) -> TokenState {
        if self.revoked.is_some() {
            TokenState::Revoked
        } else if now >= self.expires {
            TokenState::Expired
        } else {
            TokenState::Live
        }
    }

    /// Requests that were counted in `minute`.
    pub fn requests_in(&self, minute: i64) -> u64 {
        if self.minute == Some(minute) { self.requests } else { 0 }
    }

    /// The day to record for a use at `now`, or `None` when it is recorded already.
    pub fn day_to_record(&self, now: Timestamp) -> Option<Date> {
        let today = now.to_zoned(TimeZone::UTC).date();
        (self.last_used_day != Some(today)).then_some(today)
    }
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IssueError {
    #[error("want fewer than {MAX_LIVE} live tokens, got {live}: revoke one first")]
    TooManyLive { live: usize },
    #[error("want a lifetime of more than 0 and at most {} hours, got {} seconds", MAX_LIFETIME.as_hours(), .got.as_secs())]
    Lifetime { got: SignedDuration },
}

/// Issues a token for `tenant`, beside the tokens it has in `existing`.
pub fn issue(
    tenant: &TenantId,
    existing: &[TokenRecord],
    lifetime: SignedDuration,
    now: Timestamp,
    random: &(impl Random + ?Sized),
) -> Result<(PlainToken, TokenRecord), IssueError> {
    let live = existing.iter().filter(|t| t.state(now) == TokenState::Live).count();
    if live >= MAX_LIVE {
        return Err(IssueError::TooManyLive { live });
    }
    if lifetime <= SignedDuration::ZERO || lifetime > MAX_LIFETIME {
        return Err(IssueError::Lifetime { got: lifetime });
    }
    let expires = now.checked_add(lifetime).map_err(|_| IssueError::Lifetime { got: lifetime })?;
    let id = random::id(random, "");
    let body = format!("{PREFIX}{tenant}_{id}_{}", hex::encode(random::bytes::<32>(random)));
    let text = format!("{body}{}", crc(&body));
    let hash = Digest::of(text.as_bytes());
    let record = TokenRecord {
        tenant: tenant.clone(),
        id,
        hash,
        created: now,
        expires,
        revoked: None,
        last_used_day: None,
        exposed: None,
        minute: None,
        requests: 0,
    };
    Ok((PlainToken(text.into()), record))
}

/// A token as a request presented it: well formed, not yet proven.
#[derive(Clone)]
pub struct PresentedToken {
    tenant: TenantId,
    id: String,
    hash: Digest,
}

impl PresentedToken {
    /// Reads a bearer token. `None` is junk: no database call is worth it.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (body, sum) = text.split_at_checked(text.len().checked_sub(CRC_DIGITS)?)?;
        if crc(body) != sum {
            return None;
        }
        // From the right, since only the tenant's id could hold an underscore.
        let (rest, secret) = body.strip_prefix(PREFIX)?.rsplit_once('_')?;
        let (tenant, id) = rest.rsplit_once('_')?;
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let well_formed = secret.len() == SECRET_DIGITS
            && secret.bytes().all(lower_hex)
            && !id.is_empty()
            && id.bytes().all(plain)
            && !tenant.is_empty()
            && tenant.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        well_formed.then(|| Self {
            tenant: TenantId::new(tenant),
            id: id.to_owned(),
            hash: Digest::of(text.as_bytes()),
        })
    }

    /// The workspace it claims.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The record it claims.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken")
    }
}

/// Why a well-formed token was refused: for the audit row. The wire says 401 and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    #[error("the token is for another workspace")]
    OtherWorkspace,
    #[error("no such token")]
    Unknown,
    #[error("the token has expired")]
    Expired,
    #[error("the token was revoked")]
    Revoked,
}

/// A token that was proven: what makes a [`super::Principal`]. Only [`verify`] builds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    tenant: TenantId,
    id: String,
}

impl VerifiedToken {
    /// The workspace it opens.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Its record.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Proves `token` at the workspace `host` against the record that its id names.
pub fn verify(
    token: &PresentedToken,
    host: &TenantId,
    record: Option<&TokenRecord>,
    now: Timestamp,
) -> Result<VerifiedToken, TokenRefusal> {
    if token.tenant != *host {
        return Err(TokenRefusal::OtherWorkspace);
    }
    let record = record.filter(|r| r.tenant == *host && r.id == token.id).ok_or(TokenRefusal::Unknown)?;
    if record.hash != token.hash {
        return Err(TokenRefusal::Unknown);
    }
    match record.state(now) {
        TokenState::Live => Ok(VerifiedToken { tenant: host.clone(), id: token.id.clone() }),
        TokenState::Expired => Err(TokenRefusal::Expired),
        TokenState::Revoked => Err(TokenRefusal::Revoked),
    }
}

fn crc(body: &str) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    format!("{:08x}", crc.sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ops::SystemRandom;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn now() -> Timestamp {
        "2026-03-01T23:59:59Z".parse().unwrap()
    }

    fn issued(tenant: &str) -> (String, TokenRecord) {
        let (plain, record) =
            issue(&TenantId::new(tenant), &[], DAY, now(), &SystemRandom::default()).unwrap();
        (plain.reveal(), record)
    }

    fn check(
        text: &str,
        host: &str,
        record: &TokenRecord,
        at: Timestamp,
    ) -> Result<VerifiedToken, TokenRefusal> {
        verify(&PresentedToken::parse(text).unwrap(), &TenantId::new(host), Some(record), at)
    }

    #[test]
    fn a_token_opens_its_own_workspace_only() {
        for tenant in ["t0123", "t_with_underscores", "a-b"] {
            let (text, record) = issued(tenant);
            let verified = check(&text, tenant, &record, now()).unwrap();
            assert_eq!((verified.tenant().as_str(), verified.id()), (tenant, record.id.as_str()));
            assert_eq!(check(&text, "other", &record, now()), Err(TokenRefusal::OtherWorkspace));
            let stolen = TokenRecord { tenant: TenantId::new("other"), ..record };
            assert_eq!(check(&text, tenant, &stolen, now()), Err(TokenRefusal::Unknown));
        }
    }

    #[test]
    fn another_secret_under_the_same_id_is_unknown() {
        let (text, record) = issued("t1");
        let (_, other) = issued("t1");
        let swapped = TokenRecord { hash: other.hash, ..record };
        assert_eq!(check(&text, "t1", &swapped, now()), Err(TokenRefusal::Unknown));
        let presented = PresentedToken::parse(&text).unwrap();
        assert_eq!(verify(&presented, &TenantId::new("t1"), None, now()), Err(TokenRefusal::Unknown));
    }

    #[test]
    fn it_ends_on_the_second() {
        let (text, record) = issued("t1");
        let end = now() + DAY;
        assert!(check(&text, "t1", &record, end - SignedDuration::from_secs(1)).is_ok());
        assert_eq!(check(&text, "t1", &record, end), Err(TokenRefusal::Expired));
        let revoked = TokenRecord { revoked: Some(now()), ..record };
        assert_eq!(check(&text, "t1", &revoked, now()), Err(TokenRefusal::Revoked));
        assert_eq!(check(&text, "t1", &revoked, end), Err(TokenRefusal::Revoked));
    }

    #[test]
    fn two_live_tokens_at_most() {
        let random = SystemRandom::default();
        let tenant = TenantId::new("t1");
        let (_, a) = issued("t1");
        let (_, b) = issued("t1");
        let more = |existing: &[TokenRecord], at| issue(&tenant, existing, DAY, at, &random).map(|_| ());
        assert_eq!(more(std::slice::from_ref(&a), now()), Ok(()));
        assert_eq!(more(&[a.clone(), b.clone()], now()), Err(IssueError::TooManyLive { live: 2 }));
        let dead = TokenRecord { revoked: Some(now()), ..b.clone() };
        assert_eq!(more(&[a.clone(), dead], now()), Ok(()));
        assert_eq!(more(&[a, b], now() + DAY), Ok(()));
    }

    #[test]
    fn a_lifetime_is_bounded() {
        for bad in
            [SignedDuration::ZERO, -DAY, MAX_LIFETIME + SignedDuration::from_secs(1), SignedDuration::MAX]
        {
            let got = issue(&TenantId::new("t1"), &[], bad, now(), &SystemRandom::default()).map(|_| ());
            assert_eq!(got, Err(IssueError::Lifetime { got: bad }));
        }
    }

    #[test]
    fn a_use_is_written_once_a_day() {
        let (_, record) = issued("t1");
        let day = record.day_to_record(now()).unwrap();
        assert_eq!(day.to_string(), "2026-03-01");
        let used = TokenRecord { last_used_day: Some(day), ..record };
        assert_eq!(used.day_to_record(now()), None);
        assert_eq!(
            used.day_to_record(now() + SignedDuration::from_secs(1)).unwrap().to_string(),
            "2026-03-02"
        );
    }

    #[test]
    fn every_changed_character_is_junk_before_any_lookup() {
        let (text, _) = issued("t1");
        for at in 0..text.len() {
            for with in ["0", "z", "_", "A"] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, with);
                assert!(changed == text || PresentedToken::parse(&changed).is_none(), "{at} {with}");
            }
        }
        let mangled =
            [text.to_uppercase(), format!("{text} "), format!(" {text}"), text[..text.len() - 1].into()];
        assert!(mangled.iter().all(|t| PresentedToken::parse(t).is_none()));
    }

    #[test]
    fn a_right_crc_does_not_excuse_a_wrong_shape() {
        let secret = "0".repeat(64);
        for body in [
            format!("atm_scim_t1__{secret}"),
            format!("atm_scim__id_{secret}"),
            format!("atm_scim_id_{secret}"),
            format!("atm_mail_t1_id_{secret}"),
            format!("atm_scim_t1_id_{}", &secret[1..]),
            format!("atm_scim_t1_ID_{secret}"),
            format!("atm_scim_t#1_id_{secret}"),
            format!("atm_scim_t1_id_{}", secret.replace('0', "g")),
            format!("atm_scim_{}_id_{secret}", "t".repeat(300)),
        ] {
            assert!(PresentedToken::parse(&format!("{body}{}", crc(&body))).is_none(), "{body}");
        }
    }

    #[test]
    fn no_debug_text_holds_the_secret() {
        let (plain, _) = issue(&TenantId::new("t1"), &[], DAY, now(), &SystemRandom::default()).unwrap();
        assert_eq!(format!("{plain:?}"), "PlainToken");
        let text = plain.reveal();
        assert_eq!(format!("{:?}", PresentedToken::parse(&text).unwrap()), "PresentedToken");
    }

    #[test]
    fn dynamodb_items_read_back_the_same() {
        let (_, record) = issued("t1");
        let used = TokenRecord { last_used_day: record.day_to_record(now()), ..record.clone() };
        for record in [record, used] {
            let item: serde_dynamo::Item = serde_dynamo::to_item(&record).unwrap();
            assert_eq!(serde_dynamo::from_item::<_, TokenRecord>(item).unwrap(), record);
        }
    }

    #[test]
    fn a_record_without_its_revoked_field_does_not_read() {
        let (_, record) = issued("t1");
        let mut json = serde_json::to_value(&record).unwrap();
        assert_eq!(serde_json::from_value::<TokenRecord>(json.clone()).unwrap(), record);
        json.as_object_mut().unwrap().shift_remove("revoked");
        assert!(serde_json::from_value::<TokenRecord>(json).is_err());
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text: String) {
            let _ = PresentedToken::parse(&text);
            let _ = PresentedToken::parse(&format!("{PREFIX}{text}"));
        }
    }
}
