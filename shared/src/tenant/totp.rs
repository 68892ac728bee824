//! The second factor of e-mail sign-in: time-based one-time passwords (RFC 6238).
//!
//! One rule: a code works once. [`verify`] says which step it accepted, the store keeps that step in the same
//! conditional write that opens the session, and a step not above the kept one is refused (RFC 6238 section 5.2).
//!
//! SHA-1, 6 digits, 30 seconds, since authenticator apps ignore the other choices without saying so.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use totp_rs::{Algorithm, Secret, TOTP};

use crate::ops::{Random, random};

/// Seconds a code lasts.
pub const STEP_SECONDS: u64 = 30;
/// How many steps early or late a code may come (RFC 6238 section 5.2 recommends one).
pub const DRIFT_STEPS: u64 = 1;
const DIGITS: usize = 6;
/// 160 bits (RFC 4226 section 4, R6).
const SECRET_BYTES: usize = 20;

/// The secret that a person's authenticator app and the store share.
pub struct TotpSecret(SecretSlice<u8>);

impl TotpSecret {
    /// A fresh one.
    pub fn generate(random: &(impl Random + ?Sized)) -> Self {
        Self(random::bytes::<SECRET_BYTES>(random).to_vec().into())
    }

    /// One from the store. `None` unless it has the right length.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == SECRET_BYTES).then(|| Self(bytes.into()))
    }

    /// The bytes, for the store to encrypt.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// What a person types when there is no camera: base32 (RFC 4648).
    pub fn base32(&self) -> SecretString {
        Secret::Raw(self.expose().to_vec()).to_encoded().to_string().into()
    }

    /// The address an authenticator app reads from a QR code (the `otpauth` key URI format).
    pub fn provisioning_uri(&self, issuer: &str, account: &str) -> SecretString {
        // The colon separates issuer and account, so neither may bring its own.
        let part = |text: &str| utf8_percent_encode(&text.replace(':', " "), NON_ALPHANUMERIC).to_string();
        let (issuer, account, secret) = (part(issuer), part(account), self.base32());
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            secret.expose_secret()
        )
        .into()
    }

    fn code(&self, step: u64) -> String {
        TOTP::new_unchecked(Algorithm::SHA1, DIGITS, 0, STEP_SECONDS, self.expose().to_vec())
            .generate(step * STEP_SECONDS)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret")
    }
}

/// The step that `code` is right for, if it is within one step of `now` and above `last_accepted`.
///
/// All steps are computed, whichever matches. Spaces are taken off, as apps show `123 456`.
pub fn verify(secret: &TotpSecret, code: &str, now: Timestamp, last_accepted: Option<u64>) -> Option<u64> {
    let code: Vec<u8> = code.bytes().filter(|b| *b != b' ').collect();
    if code.len() != DIGITS || !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let current = u64::try_from(now.as_second()).ok()? / STEP_SECONDS;
    let mut accepted = None;
    for step in current.saturating_sub(DRIFT_STEPS)..=current.saturating_add(DRIFT_STEPS) {
        let right = verify_slices_are_equal(secret.code(step).as_bytes(), &code).is_ok();
        let unused = last_accepted.is_none_or(|last| step > last);
        if right && unused {
            accepted = Some(step);
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::SystemRandom;

    /// The secret of RFC 6238 appendix B.
    fn rfc_secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890".to_vec()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn gives_the_codes_of_rfc_6238() {
        // Appendix B, last six of the eight digits.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(second).unwrap() / 30;
            assert_eq!(verify(&rfc_secret(), code, at(second), None), Some(step), "{second}");
        }
    }

    #[test]
    fn a_code_lives_three_steps_to_the_second() {
        let secret = rfc_secret();
        let step = 37_037_037;
        let code = secret.code(step);
        let begin = i64::try_from(step * 30).unwrap();
        assert_eq!(verify(&secret, &code, at(begin - 31), None), None);
        assert_eq!(verify(&secret, &code, at(begin - 30), None), Some(step));
        assert_eq!(verify(&secret, &code, at(begin + 59), None), Some(step));
        assert_eq!(verify(&secret, &code, at(begin + 60), None), None);
    }

    #[test]
    fn a_step_is_accepted_once_and_never_an_older_one() {
        let secret = rfc_secret();
        let now = at(1_111_111_111);
        let step = 1_111_111_111 / 30;
        for (code_of, last, want) in [
            (step, Some(step - 1), Some(step)),
            (step, Some(step), None),
            (step - 1, Some(step), None),
            (step + 1, Some(step), Some(step + 1)),
            (step, Some(u64::MAX), None),
        ] {
            assert_eq!(verify(&secret, &secret.code(code_of), now, last), want);
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        let secret = rfc_secret();
        let now = at(59);
        assert!(verify(&secret, "287 082", now, None).is_some());
        for bad in ["", "28708", "2870822", "28708a", "28708\u{0662}", "+28708", "287-082", "287083"] {
            assert_eq!(verify(&secret, bad, now, None), None, "{bad}");
        }
        assert_eq!(verify(&secret, "287082", at(-59), None), None);
    }

    #[test]
    fn secrets_are_160_fresh_bits_and_do_not_print() {
        let random = SystemRandom::default();
        let (a, b) = (TotpSecret::generate(&random), TotpSecret::generate(&random));
        assert_eq!(a.expose().len(), 20);
        assert_ne!(a.expose(), b.expose());
        assert_eq!(format!("{a:?}"), "TotpSecret");
        assert!(TotpSecret::from_bytes(vec![0; 19]).is_none());
    }

    #[test]
    fn the_address_names_issuer_and_account_and_nothing_slips_in() {
        let uri = rfc_secret().provisioning_uri("Atomation", "a&b:c@example.com");
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/Atomation:a%26b%20c%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Atomation&algorithm=SHA1&digits=6&period=30"
        );
    }
}
