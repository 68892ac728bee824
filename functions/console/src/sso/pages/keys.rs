//! The workspace's own keys on the SSO page, and what an Admin does with them step by step.

use jiff::Timestamp;
use maud::{Markup, html};
use shared::{
    ops::pem,
    store::sso::{Purpose, SpKey, SpKeys},
};

use super::certificate::certificate;

pub(super) fn show(keys: &SpKeys, now: Timestamp) -> Markup {
    let signing = |at: usize| match (at, keys.signing.len()) {
        (0, 1) => ("signs our requests", "Stop signing requests"),
        (0, _) => ("signs our requests until it is retired", "Retire it: the next key signs"),
        _ => ("next: give it to the identity provider now, then retire the present one", "Give it up"),
    };
    let encryption = |at: usize| match (at, keys.encryption.len()) {
        (0, 1) => ("assertions are encrypted for it", "Stop taking encrypted assertions"),
        (0, _) => ("new: give it to the identity provider", "Give it up"),
        _ => ("still opens what is encrypted for it", "Retire it"),
    };
    html! {
        h2 { "Our own keys" }
        p { "Our " a href="/saml/metadata" { "metadata" } " names them. In Okta: Sign On, “Signature Certificate” and "
            "“Signed Requests”; “Encryption Certificate” for encrypted assertions. Both are optional." }
        (of(keys, Purpose::Signing, now, "Signs our requests", "Make a signing key", &signing))
        (of(keys, Purpose::Encryption, now, "Opens encrypted assertions", "Make an encryption key", &encryption))
    }
}

/// What a key does, and what retiring it does, by its place.
type Words<'a> = &'a dyn Fn(usize) -> (&'static str, &'static str);

fn of(keys: &SpKeys, purpose: Purpose, now: Timestamp, title: &str, make: &str, words: Words<'_>) -> Markup {
    let own = keys.of(purpose);
    html! {
        h3 { (title) }
        @if own.is_empty() { p class="empty" { "No key." } }
        @for (at, key) in own.iter().enumerate() { (one(key, purpose, now, words(at))) }
        @if own.len() < 2 {
            form method="post" action="/security/sso/keys" {
                input type="hidden" name="purpose" value=(purpose.as_str());
                button type="submit" { @if own.is_empty() { (make) } @else { "Make the next key" } }
            }
        }
    }
}

fn one(key: &SpKey, purpose: Purpose, now: Timestamp, (role, retire): (&str, &str)) -> Markup {
    html! {
        div class="panel" {
            p { code { (key.id) } ": " (role) br; (certificate(&key.certificate, now)) }
            details { summary { "Certificate to upload" } pre { (pem::encode("CERTIFICATE", &key.certificate.der)) } }
            form method="post" action="/security/sso/keys/retire" {
                input type="hidden" name="purpose" value=(purpose.as_str());
                input type="hidden" name="key" value=(key.id);
                button class="danger" type="submit" { (retire) }
            }
        }
    }
}
