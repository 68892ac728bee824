//! The SSO page: what to put into Okta, what came back from there, and the switches.

mod certificate;
mod keys;

use maud::{Markup, html};
use shared::{
    http::Person,
    saml::IdpMetadata,
    store::sso::{RefreshState, SsoConnection},
};

use self::certificate::certificate;
use super::{PATH, Sso};
use crate::layout;

pub(super) fn show(person: &Person, sso: &Sso) -> Markup {
    let now = person.visit.at;
    let body = html! {
        (warnings(person, sso))
        @if let Some(staged) = &sso.refresh.staged {
            section class="panel once" {
                h2 { "New metadata waits for you" }
                p { "The identity provider's metadata breaks with what is in force: " (staged.reasons.join("; ")) ". "
                    "Found " (layout::time(staged.found_at)) ". Until an Admin confirms it, what is below stays in force." }
                (identity_provider(&staged.idp, now))
                form method="post" action="/security/sso/staged" {
                    input type="hidden" name="metadata" value=(staged.digest());
                    button class="danger" type="submit" { "Trust this metadata instead" }
                }
            }
        }
        h2 { "In Okta" }
        table {
            caption { "Sign On tab of the app; the integration comes with these values" }
            tbody {
                tr { th scope="row" { "Single sign-on (ACS) URL" } td { code { (person.visit.acs_url()) } } }
                tr { th scope="row" { "Audience / SP entity ID" } td { code { (person.visit.entity_id()) } } }
                tr { th scope="row" { "Name ID format" } td { "Unspecified" } }
                tr { th scope="row" { "Application username" } td { "Okta username" } }
            }
        }
        h2 { "Identity provider" }
        @match &sso.connection {
            Some(connection) => (connected(connection, &sso.refresh, person)),
            None => p class="empty" { "Not connected yet." },
        }
        (source(sso.connection.as_ref()))
        (switches(person))
        (keys::show(&sso.keys, now))
        p { a href="/security/sso/log" { "Sign-in log" } " · " a href="/sessions" { "Sessions" } " · "
            a href="/security/break-glass" { "Break-glass" } }
    };
    layout::page(person, PATH, "Single sign-on", &body)
}

/// What an Admin should do something about, before everything else.
fn warnings(person: &Person, sso: &Sso) -> Markup {
    let now = person.visit.at;
    let pinned = sso.connection.iter().flat_map(|connection| &connection.idp.certificates);
    let lasting = pinned.clone().any(|pinned| certificate::is_good(pinned, now));
    let outdated = sso.connection.is_some() && !lasting;
    html! {
        @if outdated {
            p class="warn" role="alert" { "No signing certificate of the identity provider lasts another 30 days: "
                "roll it over in Okta. Its metadata is fetched every six hours." }
        }
        @for key in sso.keys.signing.iter().chain(&sso.keys.encryption) {
            @if !certificate::is_good(&key.certificate, now) {
                p class="warn" role="alert" { "Our own certificate " code { (key.id) } " ends "
                    (layout::time(key.certificate.not_after)) ": make a new key below." }
            }
        }
        @if let Some(failure) = &sso.refresh.failure {
            p class="warn" role="alert" { "The metadata could not be fetched since " (layout::time(failure.since))
                " (" code { (failure.code) } ": " (failure.text) "). What is in force stays in force." }
        }
    }
}

fn connected(connection: &SsoConnection, refresh: &RefreshState, person: &Person) -> Markup {
    html! {
        p {
            @if connection.enabled { span class="good" { "On" } } @else { span class="warn" { "Off" } }
            ", saved and verified " (layout::time(connection.verified_at)) "."
        }
        (identity_provider(&connection.idp, person.visit.at))
        @if connection.metadata_url.is_some() && connection.enabled {
            form method="post" action="/security/sso/refresh" {
                p {
                    "Metadata fetched "
                    @match refresh.refreshed_at { Some(at) => (layout::time(at)), None => "never" }
                    @if let Some(failure) = &refresh.failure { ", last failed try " (layout::time(failure.last)) }
                    ". " button type="submit" { "Fetch it now" }
                }
            }
        }
        @if connection.enabled {
            p { a href="/auth/saml/login?test=1" { "Test sign-in" }
                " goes to Okta and comes back with every check by name. Nobody is signed in by it." }
            form method="post" action="/security/sso/disable" {
                button class="danger" type="submit" { "Switch SSO off" }
            }
        }
    }
}

fn identity_provider(idp: &IdpMetadata, now: jiff::Timestamp) -> Markup {
    html! {
        table {
            tbody {
                tr { th scope="row" { "Entity ID" } td { code { (idp.entity_id) } } }
                tr { th scope="row" { "Sign-on URL" } td { code { (idp.sso_redirect) } } }
                tr { th scope="row" { "Signed requests" }
                    td { @if idp.want_authn_requests_signed { "wanted" } @else { "not wanted" } } }
                @if let Some(until) = idp.valid_until {
                    tr { th scope="row" { "Metadata valid until" } td { (layout::time(until)) } }
                }
                @for pinned in &idp.certificates {
                    tr { th scope="row" { "Signing certificate" } td { (certificate(pinned, now)) } }
                }
            }
        }
    }
}

fn source(connection: Option<&SsoConnection>) -> Markup {
    html! {
        form class="stack" method="post" action=(PATH) {
            label { "Metadata URL"
                input name="metadata_url" type="url" autocomplete="off"
                    value=[connection.and_then(|connection| connection.metadata_url.as_deref())];
                small { "In Okta: the app, Sign On, View SAML setup instructions." }
            }
            label { "Or the metadata itself" textarea name="metadata_xml" rows="4" spellcheck="false" {} }
            button class="primary" type="submit" { "Save & verify" }
        }
    }
}

fn switches(person: &Person) -> Markup {
    let settings = &person.visit.workspace.settings;
    let one = |name: &str, on: bool, what: &str| {
        html! { label class="switch" { input type="checkbox" name=(name) checked[on]; " " (what) } }
    };
    html! {
        h2 { "Sign-in" }
        form class="stack" method="post" action="/security/sso/settings" {
            (one("idp_initiated", settings.idp_initiated, "Accept sign-in from the Okta dashboard"))
            (one("require_provisioning", settings.require_provisioning, "Let in only people provisioned by SCIM or invited"))
            (one("require_signed_assertion", settings.require_signed_assertion, "Require a signed assertion, not only a signed response"))
            (one("allow_ecdsa", settings.allow_ecdsa, "Accept ECDSA signatures (P-256, P-384), not only RSA"))
            button class="primary" type="submit" { "Save" }
        }
    }
}
