//! A SHA-256, as the store keeps it: of a secret that is kept nowhere, or of bytes that must not change.
//!
//! Its one rule: two digests are compared in constant time, so a lookup by hash tells nothing by its timing.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// 32 bytes of SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// 32 zero bytes: what stands before the first entry of a chain.
    pub const ZERO: Self = Self([0; 32]);

    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts([bytes])
    }

    /// The SHA-256 of `parts` one after the other. The caller frames them, see [`Digest::framed`].
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        parts.into_iter().for_each(|part| context.update(part));
        let mut out = [0; 32];
        out.copy_from_slice(context.finish().as_ref());
        Self(out)
    }

    /// The SHA-256 of `parts`, each after its length, so that no two lists of parts give the same bytes.
    pub fn framed<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self::of(&bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads exactly 64 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(out))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| D::Error::custom("want 64 lower-case hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_sha_256() {
        // FIPS 180-2, appendix B.1.
        let want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b"abc").to_hex(), want);
        assert_eq!(Digest::of_parts([&b"a"[..], b"bc"]).to_hex(), want);
    }

    #[test]
    fn framing_keeps_parts_apart() {
        assert_ne!(Digest::framed([&b"a"[..], b"bc"]), Digest::framed([&b"ab"[..], b"c"]));
        assert_ne!(Digest::framed([&b"a"[..]]), Digest::framed([&b"a"[..], b""]));
    }

    #[test]
    fn reads_only_its_own_spelling() {
        let hex = Digest::of(b"abc").to_hex();
        assert_eq!(Digest::from_hex(&hex), Some(Digest::of(b"abc")));
        for bad in [hex.to_uppercase(), hex[1..].to_owned(), format!("{hex}0"), hex.replace('b', "g")] {
            assert_eq!(Digest::from_hex(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn hexadecimal_comes_back(bytes: Vec<u8>) {
            let digest = Digest::of(&bytes);
            prop_assert_eq!(Digest::from_hex(&digest.to_hex()), Some(digest));
        }
    }
}
