//! Randomness as a parameter: the product draws from the operating system, tests from a seed.

use aws_lc_rs::rand::{SecureRandom, SystemRandom as OsRandom};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A source of bytes that nobody can guess.
pub trait Random: Send + Sync {
    /// Fills `bytes` with fresh random bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// `N` fresh random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N]
    where
        Self: Sized,
    {
        bytes(self)
    }
}

/// `N` fresh random bytes from `random`.
pub fn bytes<const N: usize>(random: &(impl Random + ?Sized)) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

/// 256 random bits as 43 characters of base64url: session ids, one-time links, states.
pub fn secret_256(random: &(impl Random + ?Sized)) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(random))
}

/// An id of `prefix` and 20 characters (`0-9a-z` without `i l o u`): 100 random bits, sorts as drawn.
pub fn id(random: &(impl Random + ?Sized), prefix: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut out = String::with_capacity(prefix.len() + 20);
    out.push_str(prefix);
    for byte in bytes::<20>(random) {
        out.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    out
}

/// A version 4 UUID (RFC 9562).
pub fn uuid(random: &(impl Random + ?Sized)) -> uuid::Uuid {
    uuid::Builder::from_random_bytes(bytes(random)).into_uuid()
}

/// The operating system's generator.
#[derive(Debug, Default, Clone)]
pub struct SystemRandom(());

impl Random for SystemRandom {
    #[expect(clippy::expect_used, reason = "a machine without randomness must not go on")]
    fn fill(&self, bytes: &mut [u8]) {
        OsRandom::new().fill(bytes).expect("the operating system gives random bytes");
    }
}
