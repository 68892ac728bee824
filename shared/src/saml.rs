//! Decides whether a SAML 2.0 Response signs somebody in. Pure: no HTTP, no store, time comes in.
//!
//! The one rule: **claims are read only from the canonical bytes whose digest was verified**, parsed a
//! second time. What was not signed is not seen; unsigned fields can refuse a sign-in, never help one.
//!
//! The road of a response: `decode` (base64, size) -> `xml` (UTF-8, no DTD, limits) -> `encryption` (if
//! there is any) -> `structure` (one Assertion, signatures in their places) -> `signature` (algorithms, key, digest) -> second parse ->
//! `conditions` (issuer, audience, recipient, times, request) -> [`Identity`]. Every step is recorded as
//! a [`Check`], so that the sign-in log and `cargo local saml-check` can say exactly what was wrong.
//!
//! What needs memory stays with the caller: request ids and assertion ids are single-use by conditional
//! writes in the store.

mod certificate;
mod check;
mod conditions;
mod decode;
mod encryption;
mod identity;
mod instant;
pub mod metadata;
mod names;
mod node;
mod rejection;
pub mod request;
mod signature;
mod structure;
mod xml;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use uppsala::Document;

pub use certificate::{CertificateError, KeyKind, SigningCertificate};
pub use check::{Check, Mismatch};
pub use decode::strict_base64;
pub use encryption::{DecryptionKey, DecryptionKeyError};
pub use identity::Identity;
pub use metadata::{IdpMetadata, MetadataError};
pub use rejection::Rejection;
pub use request::{AuthnRequest, RequestError, RequestKey, redirect_url};
pub use xml::MAX_BYTES;

use check::Checks;
use signature::Covers;

/// How far the IdP's clock and ours may differ, in every workspace.
pub const DEFAULT_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(120);

/// What a Response must agree with: the connection, the browser's requests, and the time.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on its own")]
pub struct Expectations<'a> {
    /// The workspace's pinned IdP: entity id and signing certificates.
    pub idp: &'a IdpMetadata,
    /// Our entity id, which every AudienceRestriction must contain.
    pub sp_entity_id: &'a str,
    /// Our assertion consumer service: exact `Destination` and `Recipient`.
    pub acs_url: &'a str,
    /// Ids of the AuthnRequests that this browser started and that nobody has answered yet.
    pub request_ids: &'a [&'a str],
    /// Whether a Response without `InResponseTo` may sign in (the workspace's switch).
    pub allow_idp_initiated: bool,
    /// Whether the Assertion must carry a signature of its own, even inside a signed Response.
    pub require_signed_assertion: bool,
    /// Whether ECDSA signatures count (the workspace's switch); RSA always does.
    pub allow_ecdsa: bool,
    /// The workspace's key for encrypted Assertions; without one they are refused.
    pub decryption_key: Option<&'a DecryptionKey>,
    /// Whether a pinned certificate outside its validity refuses the sign-in. No workspace has that switch: it only
    /// warns, since the pin is a key and nobody is locked out by a date.
    pub refuse_outdated_certificate: bool,
    /// The current time.
    pub now: Timestamp,
    /// Tolerated difference between the clocks; see [`DEFAULT_CLOCK_SKEW`].
    pub clock_skew: SignedDuration,
}

/// The decision, and everything that was looked at to reach it.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Every check in the order made; the last one failed if `outcome` is a rejection.
    pub checks: Vec<Check>,
    /// What an Admin should hear although the sign-in may go on, such as an outdated pinned certificate.
    pub warnings: Vec<String>,
    /// Who signed in, or why nobody did.
    pub outcome: Result<Identity, Rejection>,
}

/// Judges the `SAMLResponse` form field of the HTTP-POST binding (SAML bindings 3.5).
pub fn verify(saml_response_form_value: &str, expect: &Expectations<'_>) -> Verdict {
    judge(expect, |checks| {
        let xml = decode::form_value(saml_response_form_value, checks)?;
        decide(&xml, expect, checks)
    })
}

/// Judges a Response that is already XML: support files, not the wire.
pub fn verify_document(xml: &[u8], expect: &Expectations<'_>) -> Verdict {
    judge(expect, |checks| decide(xml, expect, checks))
}

fn judge(
    expect: &Expectations<'_>,
    decide: impl FnOnce(&mut Checks) -> Result<Identity, Rejection>,
) -> Verdict {
    let mut checks = Checks::default();
    let outcome = decide(&mut checks);
    let (checks, mut warnings) = checks.into_parts();
    if expect.idp.certificates.is_empty() {
        warnings.push("the connection has no signing certificate".to_owned());
    }
    Verdict { checks, warnings, outcome }
}

fn decide(xml: &[u8], expect: &Expectations<'_>, checks: &mut Checks) -> Result<Identity, Rejection> {
    let received = checks.record("document", "strict XML 1.0 in UTF-8", xml::parse(xml, MAX_BYTES))?;
    let Some(opened) = encryption::open(&received, expect, checks)? else {
        return decide_plain(&received, false, expect, checks);
    };
    let plain = xml::parse(&opened.xml, MAX_BYTES);
    let plain = checks.record("document.decrypted", "strict XML 1.0 in UTF-8", plain)?;
    decide_plain(&plain, opened.vouched, expect, checks)
}

/// Decides on a Response with nothing encrypted in it.
fn decide_plain(
    received: &Document<'_>,
    vouched: bool,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Identity, Rejection> {
    let structure = structure::inspect(received, checks)?;
    let signed = signature::verify(&structure, vouched, expect, checks)?;

    // From here on the Assertion comes from `verified` alone. The received document is only asked for the
    // Response's own fields when the Response is not signed: they can refuse, and give no claim.
    let verified =
        checks.record("document.signed", "strict XML 1.0", xml::parse(&signed.bytes, MAX_BYTES))?;
    let root = structure::root(&verified, checks)?;
    let (response, assertion) = match signed.covers {
        Covers::Response => (root, structure::only_assertion(root, checks)?),
        Covers::Assertion => (structure.response, structure::assertion(root, checks)?),
    };
    conditions::response::judge(response, signed.covers, expect, checks)?;
    conditions::assertion::judge(response, assertion, expect, checks)
}
