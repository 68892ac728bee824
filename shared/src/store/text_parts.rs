//! A large text as pieces that each fit an item: plain while small, compressed above.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};

/// Texts longer than this are compressed.
const PLAIN: usize = 100_000;
/// Characters of a piece; an item holds 400 KB.
const PIECE: usize = 300_000;
/// More than any text of ours needs: what unpacks to more is not ours.
const MOST: u64 = 64 * 1024 * 1024;
/// Stands before a compressed text. JSON never begins so.
const MARK: &str = "zstd:";

/// A text that cannot be packed or read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want a text of at most {MOST} bytes, got something else")]
pub(super) struct BadText;

/// The pieces of a JSON text.
pub(super) fn split(json: &[u8]) -> Result<Vec<String>, BadText> {
    let text = if json.len() <= PLAIN {
        String::from_utf8(json.to_vec()).map_err(|_| BadText)?
    } else {
        format!("{MARK}{}", STANDARD.encode(zstd::encode_all(json, 3).map_err(|_| BadText)?))
    };
    if text.len() <= PIECE {
        return Ok(vec![text]);
    }
    // Base64 is ASCII: every cut is between characters.
    Ok(text.as_bytes().chunks(PIECE).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect())
}

/// The JSON text of pieces put together again.
pub(super) fn join(text: &str) -> Result<Vec<u8>, BadText> {
    let Some(packed) = text.strip_prefix(MARK) else { return Ok(text.as_bytes().to_vec()) };
    let packed = STANDARD.decode(packed).map_err(|_| BadText)?;
    let decoder = zstd::Decoder::new(packed.as_slice()).map_err(|_| BadText)?;
    let mut json = Vec::new();
    let read = decoder.take(MOST + 1).read_to_end(&mut json).map_err(|_| BadText)?;
    if read as u64 > MOST { Err(BadText) } else { Ok(json) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that does not compress, as digests do not.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            b"0123456789abcdef"[usize::try_from(state >> 60).unwrap()]
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn texts_of_every_size_come_back_and_fit() {
        for len in [0, 1, PLAIN, PLAIN + 1, 2_000_000] {
            let json = noise(len);
            let pieces = split(&json).unwrap();
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE), "{len}");
            assert_eq!(join(&pieces.concat()).unwrap(), json, "{len}");
        }
        assert!(split(&noise(2_000_000)).unwrap().len() > 1);
        assert_eq!(split(br#"{"a":1}"#).unwrap(), [r#"{"a":1}"#]);
    }

    #[test]
    fn what_was_cut_or_is_a_bomb_is_no_text() {
        let pieces = split(&noise(500_000)).unwrap().concat();
        assert_eq!(join(&pieces[..pieces.len() - 8]), Err(BadText));
        assert_eq!(join("zstd:!"), Err(BadText));
        let bomb = vec![0; usize::try_from(MOST).unwrap() + 1];
        let bomb = format!("{MARK}{}", STANDARD.encode(zstd::encode_all(bomb.as_slice(), 3).unwrap()));
        assert_eq!(join(&bomb), Err(BadText));
    }
}
