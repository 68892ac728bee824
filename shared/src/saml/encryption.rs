//! Encrypted Assertions (SAML core 6.2, XML Encryption 1.1), as narrow as the strict profile: AES-GCM under
//! a key that RSA-OAEP carries to the workspace's own.
//!
//! The one rule: **nothing is decrypted before its form and its algorithms are known to be allowed, and
//! whatever fails afterwards looks the same**. Encryption vouches for nobody: anyone can encrypt for us. What
//! was decrypted takes the place of what was encrypted, and the whole is judged like any other Response.

mod key;
mod shape;

pub use key::{DecryptionKey, DecryptionKeyError};

use super::{
    Expectations, Mismatch, Rejection, check::Checks, names::ASSERTION, node::Node, signature, structure, xml,
};
use uppsala::Document;

/// A Response with its Assertion in plain.
#[derive(Debug)]
pub(super) struct Opened {
    /// The whole document.
    pub xml: Vec<u8>,
    /// Whether a pinned key signed the Response with the encrypted Assertion in it: it has no signature of
    /// its own any more, and what it says is vouched for.
    pub vouched: bool,
}

/// Decrypts the Assertion of a Response; none if the Response has no encrypted one.
pub(super) fn open(
    received: &Document<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Option<Opened>, Rejection> {
    let Some(envelope) = structure::envelope(received, checks)? else { return Ok(None) };
    let key =
        checks.record("encryption.key", "no encrypted element, or a decryption key", own_key(expect))?;
    // What a Response's signature covers is what was encrypted: it is verified first, and only what it
    // covers is decrypted.
    let Some(signature) = &envelope.response_signature else {
        return Ok(Some(Opened { xml: plain(envelope.encrypted, key, checks)?, vouched: false }));
    };
    let bytes = signature::verify_one(signature, expect, checks)?;
    let signed = xml::parse(&bytes, xml::MAX_BYTES);
    let signed = checks.record("document.encrypted", "strict XML 1.0", signed)?;
    let response = structure::root(&signed, checks)?;
    let want = "an encrypted Assertion";
    let none = || Rejection::NoAssertion(Mismatch::new(want, "none"));
    let encrypted = response.only(ASSERTION, "EncryptedAssertion").ok_or_else(none);
    let encrypted = checks.record("encryption.assertion", want, encrypted)?;
    Ok(Some(Opened { xml: plain(encrypted, key, checks)?, vouched: true }))
}

fn own_key<'a>(expect: &Expectations<'a>) -> Result<&'a DecryptionKey, Rejection> {
    let none = || Rejection::Encrypted(Mismatch::new("no encrypted element", "EncryptedAssertion"));
    expect.decryption_key.ok_or_else(none)
}

/// The document of `encrypted` with what is in it in its place (XML Encryption 4.4).
fn plain(encrypted: Node<'_>, key: &DecryptionKey, checks: &mut Checks) -> Result<Vec<u8>, Rejection> {
    let read = shape::read(encrypted);
    let encryption = checks.record("encryption.form", "AES-GCM under a key that RSA-OAEP carries", read)?;
    let want = "an Assertion encrypted for this workspace";
    let failed = || Rejection::Decryption(Mismatch::new(want, "something else"));
    let place = encrypted.document.node_range(encrypted.id);
    let opened = key.open(&encryption).zip(place).ok_or_else(failed);
    let (assertion, place) = checks.record("encryption.opened", want, opened)?;
    let text = encrypted.document.input_text().as_bytes();
    Ok([&text[..place.start], &assertion, &text[place.end..]].concat())
}
