//! A certificate for people: whose, how long, and which it is.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use shared::saml::SigningCertificate;

use crate::layout;

/// How long before its end a certificate is warned about.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether it lasts for some time yet.
pub(super) fn is_good(certificate: &SigningCertificate, now: Timestamp) -> bool {
    certificate.not_after.duration_since(now) >= SOON
}

pub(super) fn certificate(certificate: &SigningCertificate, now: Timestamp) -> Markup {
    let (class, note) = if certificate.not_after <= now {
        ("bad", "expired")
    } else if is_good(certificate, now) {
        ("good", "good")
    } else {
        ("warn", "ends soon")
    };
    html! {
        (certificate.subject) ", until " (layout::time(certificate.not_after)) " "
        span class=(class) { (note) } br;
        "SHA-256 " code { (certificate.sha256_fingerprint) }
    }
}
