//! Where the twin's values come from: seeded for the org, fresh for everything that must never repeat.
//!
//! The one rule: what an assessment reads depends on the seed and the clock only; what a protocol
//! requires to be unique (assertion ids, access tokens, nonces) never depends on the seed, or a
//! restart of the twin would hand out the same id twice and look like a replay.

use aws_lc_rs::digest::{SHA256, digest};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A source of values that are the same for the same seed and key, whatever was asked before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// An id of the form Okta uses: a three letter prefix and 17 characters.
    pub(crate) fn id(self, prefix: &str, key: &str) -> String {
        let tail = self.bytes(&format!("{prefix}/{key}"));
        let mut id = prefix.to_owned();
        id.extend(tail.iter().take(20 - prefix.len().min(20)).map(|byte| letter(*byte)));
        id
    }

    /// A number below `bound` (0 if `bound` is 0).
    pub(crate) fn below(self, key: &str, bound: usize) -> usize {
        let [a, b, c, d, ..] = self.bytes(key);
        u32::from_be_bytes([a, b, c, d]) as usize % bound.max(1)
    }

    /// One of the given values.
    pub(crate) fn pick<'a>(self, key: &str, from: &[&'a str]) -> &'a str {
        from.get(self.below(key, from.len())).copied().unwrap_or_default()
    }

    fn bytes(self, key: &str) -> [u8; 32] {
        let mut input = self.0.to_be_bytes().to_vec();
        input.extend_from_slice(key.as_bytes());
        let mut out = [0; 32];
        out.copy_from_slice(digest(&SHA256, &input).as_ref());
        out
    }
}

/// A value that no other call returns, in this run or any other: `len` letters and digits.
pub(crate) fn fresh(len: usize) -> String {
    let mut bytes = vec![0; len];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        // The operating system's generator is gone: nothing that follows could be trusted.
        std::process::abort();
    }
    bytes.into_iter().map(letter).collect()
}

fn letter(byte: u8) -> char {
    char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_like_oktas_and_depend_on_seed_and_key_only() {
        let id = Seed(7).id("00u", "ada");
        assert_eq!(id.len(), 20);
        assert!(id.starts_with("00u"));
        assert_eq!(id, Seed(7).id("00u", "ada"));
        assert_ne!(id, Seed(8).id("00u", "ada"));
        assert_ne!(id, Seed(7).id("00u", "bob"));
    }

    #[test]
    fn fresh_values_do_not_repeat() {
        assert_ne!(fresh(20), fresh(20));
    }
}
