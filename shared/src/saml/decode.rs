//! From the form field to bytes. Line wrapping is allowed (SAML bindings 3.5.4); all else is strict.

use base64_simd::STANDARD;

use super::{Mismatch, Rejection, check::Checks, node::Node, xml::MAX_BYTES};

/// Decodes the form value; CR, LF, blank and tab are skipped, nothing else is forgiven.
pub(super) fn form_value(value: &str, checks: &mut Checks) -> Result<Vec<u8>, Rejection> {
    // The size is judged before anything is copied; a quarter more covers the wrapping.
    let encoded_limit = MAX_BYTES / 3 * 4 + MAX_BYTES / 3;
    let want = format!("at most {MAX_BYTES} bytes");
    let got = format!("{} characters of base64", value.len());
    checks.require("form.size", Rejection::TooLarge, want, got, value.len() <= encoded_limit)?;
    checks.record("form.base64", "strict base64", strict_base64(value).ok_or_else(not_base64))
}

/// Decodes base64 with its padding and canonical last bits (RFC 4648 3.5); only line wrapping is skipped. By the crate
/// that the AWS SDK decodes with, since a Response is the largest thing that a stranger may send.
pub fn strict_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode_to_vec(text).ok().or_else(|| {
        let packed: Vec<u8> = text.bytes().filter(|&byte| !is_wrapping(byte)).collect();
        STANDARD.decode_to_vec(packed).ok()
    })
}

/// The bytes that an element holds: strict base64, at least one byte and nothing else.
pub(super) fn base64_text(node: Node<'_>) -> Option<Vec<u8>> {
    strict_base64(&node.text()?).filter(|bytes| !bytes.is_empty())
}

fn is_wrapping(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | b' ' | b'\t')
}

fn not_base64() -> Rejection {
    Rejection::Base64(Mismatch::new("strict base64", "other characters, padding or trailing bits"))
}
