//! Cursors (RFC 9865): the place where the next page begins, sealed.
//!
//! The seal is made with the bearer token that each request brings along: who has no token of this workspace can
//! neither make a cursor nor read one, and nothing has to be kept. A cursor is good for the query it was made for,
//! for [`SECONDS`]. The one rule: it says where to go on, never what may be seen.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};

use crate::{
    ops::{Random, random},
    scim::ScimError,
};

/// How long a cursor is good for.
pub const SECONDS: u32 = 3_600;

/// Makes and opens the cursors of one query.
pub struct Sealer {
    key: LessSafeKey,
    query: String,
}

impl Sealer {
    /// For a `query` (tenant, filter, order, as text) of who brought this token.
    pub fn new(token: &[u8], query: String) -> Result<Self, ScimError> {
        let purpose = hmac::Key::new(hmac::HMAC_SHA256, token);
        let secret = hmac::sign(&purpose, b"atomation.scim.cursor.v1");
        let key = UnboundKey::new(&AES_256_GCM, secret.as_ref()).map_err(|_| ScimError::internal())?;
        Ok(Self { key: LessSafeKey::new(key), query })
    }

    /// The cursor of a page that begins at `place`.
    pub fn seal(&self, place: u64, now: Timestamp, source: &dyn Random) -> Result<String, ScimError> {
        let until = now.as_second() + i64::from(SECONDS);
        let nonce: [u8; NONCE_LEN] = random::bytes(source);
        let mut sealed = [place.to_be_bytes(), until.to_be_bytes()].concat();
        let query = Aad::from(self.query.as_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), query, &mut sealed)
            .map_err(|_| ScimError::internal())?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce, sealed.as_slice()].concat()))
    }

    /// The place that a cursor of ours stands for; 400 `invalidCursor` or `expiredCursor` otherwise.
    pub fn open(&self, cursor: &str, now: Timestamp) -> Result<u64, ScimError> {
        let invalid = || ScimError::invalid_cursor("This cursor was not given for this query.");
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>().ok_or_else(invalid)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let query = Aad::from(self.query.as_bytes());
        let opened = self.key.open_in_place(nonce, query, sealed).map_err(|_| invalid())?;
        let (place, rest) = opened.split_first_chunk().ok_or_else(invalid)?;
        let (until, _) = rest.split_first_chunk().ok_or_else(invalid)?;
        let until = Timestamp::from_second(i64::from_be_bytes(*until)).map_err(|_| invalid())?;
        if now.duration_since(until) > SignedDuration::ZERO {
            return Err(ScimError::expired_cursor("This cursor is too old. Begin again with an empty one."));
        }
        Ok(u64::from_be_bytes(*place))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ops::SystemRandom, scim::ScimType};

    fn sealer(token: &str, query: &str) -> Sealer {
        Sealer::new(token.as_bytes(), query.to_owned()).unwrap()
    }

    fn refusal(sealer: &Sealer, cursor: &str, now: Timestamp) -> Option<ScimType> {
        sealer.open(cursor, now).unwrap_err().scim_type
    }

    #[test]
    fn a_cursor_is_good_for_its_query_and_token_and_an_hour() {
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let own = sealer("token", "acme users");
        let cursor = own.seal(101, now, &SystemRandom::default()).unwrap();
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        assert_eq!(own.open(&cursor, later(3_600)), Ok(101));
        assert_eq!(refusal(&own, &cursor, later(3_601)), Some(ScimType::ExpiredCursor));
        for other in [sealer("token", "acme users sorted"), sealer("Token", "acme users")] {
            assert_eq!(refusal(&other, &cursor, now), Some(ScimType::InvalidCursor));
        }
    }

    proptest! {
        #[test]
        fn nobody_makes_a_cursor(text in "[A-Za-z0-9_-]{0,70}", at in any::<prop::sample::Index>()) {
            let (own, now) = (sealer("token", "q"), Timestamp::UNIX_EPOCH);
            prop_assert_eq!(refusal(&own, &text, now), Some(ScimType::InvalidCursor));
            let mut cursor = own.seal(7, now, &SystemRandom::default()).unwrap().into_bytes();
            let at = at.index(cursor.len());
            cursor[at] = if cursor[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(cursor).unwrap();
            prop_assert_eq!(refusal(&own, &changed, now), Some(ScimType::InvalidCursor));
        }
    }
}
