//! The SSO page: what to put into Okta, what came back from there, and the switches.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use shared::{http::Person, saml::SigningCertificate, store::sso::SsoConnection};

use super::{PATH, acs_url, entity_id};
use crate::layout;

/// How long before its end a certificate is warned about.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn show(person: &Person, connection: Option<&SsoConnection>) -> Markup {
    let body = html! {
        h2 { "In Okta" }
        table {
            caption { "Sign On tab of the app; the integration comes with these values" }
            tbody {
                tr { th scope="row" { "Single sign-on (ACS) URL" } td { code { (acs_url(person)) } } }
                tr { th scope="row" { "Audience / SP entity ID" } td { code { (entity_id(person)) } } }
                tr { th scope="row" { "Name ID format" } td { "Unspecified" } }
                tr { th scope="row" { "Application username" } td { "Okta username" } }
            }
        }
        h2 { "Identity provider" }
        @match connection {
            Some(connection) => (identity_provider(connection, person.visit.at)),
            None => p class="empty" { "Not connected yet." },
        }
        form class="stack" method="post" action=(PATH) {
            label { "Metadata URL"
                input name="metadata_url" type="url" autocomplete="off"
                    value=[connection.and_then(|connection| connection.metadata_url.as_deref())];
                small { "In Okta: the app, Sign On, View SAML setup instructions." }
            }
            label { "Or the metadata itself" textarea name="metadata_xml" rows="4" spellcheck="false" {} }
            button class="primary" type="submit" { "Save & verify" }
        }
        (switches(person))
        p { a href="/security/sso/log" { "Sign-in log" } }
    };
    layout::page(person, PATH, "Single sign-on", &body)
}

fn identity_provider(connection: &SsoConnection, now: Timestamp) -> Markup {
    html! {
        table {
            tbody {
                tr { th scope="row" { "State" }
                    td { @if connection.enabled { span class="good" { "on" } } @else { span class="warn" { "off" } } } }
                tr { th scope="row" { "Entity ID" } td { code { (connection.idp.entity_id) } } }
                tr { th scope="row" { "Sign-on URL" } td { code { (connection.idp.sso_redirect.as_deref().unwrap_or("none")) } } }
                tr { th scope="row" { "Verified" } td { (layout::time(connection.verified_at)) } }
                @for certificate in &connection.idp.certificates {
                    tr { th scope="row" { "Signing certificate" } td { (signing_certificate(certificate, now)) } }
                }
            }
        }
        @if connection.enabled {
            p { a href="/auth/saml/login?force=1&next=/security/sso/log" { "Test sign-in" }
                " opens Okta and comes back to the sign-in log, where every check is named." }
            form method="post" action="/security/sso/disable" {
                button class="danger" type="submit" { "Switch SSO off" }
            }
        }
    }
}

fn signing_certificate(certificate: &SigningCertificate, now: Timestamp) -> Markup {
    let left = certificate.not_after.duration_since(now);
    let (class, note) = if left.is_negative() {
        ("bad", "expired: roll it over in Okta")
    } else if left < SOON {
        ("warn", "ends soon: roll it over in Okta")
    } else {
        ("good", "good")
    };
    html! {
        (certificate.subject) ", until " (layout::time(certificate.not_after)) " "
        span class=(class) { (note) } br;
        "SHA-256 " code { (certificate.sha256_fingerprint) }
    }
}

fn switches(person: &Person) -> Markup {
    let settings = &person.visit.workspace.settings;
    let one = |name: &str, on: bool, what: &str| {
        html! { label { span { input type="checkbox" name=(name) checked[on]; " " (what) } } }
    };
    html! {
        h2 { "Sign-in" }
        form class="stack" method="post" action="/security/sso/settings" {
            (one("idp_initiated", settings.idp_initiated, "Accept sign-in from the Okta dashboard"))
            (one("require_provisioning", settings.require_provisioning, "Let in only people provisioned by SCIM or invited"))
            (one("require_signed_assertion", settings.require_signed_assertion, "Require a signed assertion, not only a signed response"))
            button class="primary" type="submit" { "Save" }
        }
    }
}
