//! How approvals look: the inbox, one of them with its text, and the JSON of both.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::{Value, json};
use shared::{
    delivery::{
        Approval, DataClass,
        approval::{Kind, State, Until, consent_text, limits},
    },
    http::{Person, Problem},
    store::connections::Connection,
    tenant::{Permission, UserId, principal::Actor},
};

use super::shown_hash;
use crate::layout;

const PLACE: &str = "/approvals";

/// What people of the workspace are called, for those who appear on a page.
pub(super) struct Names(BTreeMap<UserId, String>);

impl Names {
    /// Of all who asked, approved or ended something.
    pub(super) async fn of(person: &Person, approvals: &[Approval]) -> Result<Self, Problem> {
        let store = person.store();
        let mut names = BTreeMap::new();
        for approval in approvals {
            let ended = approval.ended.as_ref().map(|ended| &ended.by);
            let actors = [Some(&approval.requested_by), ended].into_iter().flatten();
            let users = actors.filter_map(|actor| match actor {
                Actor::User { user } => Some(user),
                Actor::ScimToken { .. }
                | Actor::Operator { .. }
                | Actor::Partner { .. }
                | Actor::System { .. } => None,
            });
            for user in users.chain(approval.consents.iter().map(|consent| &consent.user)) {
                if !names.contains_key(user) {
                    let found = store.user(user.as_str()).await?;
                    let name =
                        found.map_or_else(|| user.to_string(), |u| u.attributes.user_name().to_owned());
                    names.insert(user.clone(), name);
                }
            }
        }
        Ok(Self(names))
    }

    fn user(&self, user: &UserId) -> String {
        self.0.get(user).cloned().unwrap_or_else(|| user.to_string())
    }

    fn actor(&self, actor: &Actor) -> String {
        match actor {
            Actor::User { user } => self.user(user),
            Actor::ScimToken { .. } => "your identity provider".to_owned(),
            Actor::Operator { .. } => "an operator".to_owned(),
            Actor::Partner { .. } => "a partner".to_owned(),
            Actor::System { component } => format!("Atomation ({component})"),
        }
    }
}

pub(super) fn json(person: &Person, approval: &Approval) -> Value {
    let until = match approval.until {
        Until::Revoked => Value::Null,
        Until::At(end) => end.to_string().into(),
    };
    json!({
        "id": approval.id,
        "kind": approval.terms.kind(),
        "state": approval.state_at(person.visit.at),
        "inForce": approval.in_force(person.visit.at).is_ok(),
        "terms": approval.terms,
        "from": approval.not_before,
        "until": until,
        "requestedBy": approval.requested_by,
        "requestedAt": approval.requested_at,
        "approversNeeded": limits::approvers_needed(&approval.terms),
        "consents": approval.consents,
        "ended": approval.ended,
        "text": consent_text(approval),
        "textSha256": shown_hash(approval),
    })
}

/// The approvals, and the form to ask for one, which `orgs` are offered in.
pub(super) fn inbox(person: &Person, approvals: &[Approval], names: &Names, orgs: &[Connection]) -> Markup {
    let now = person.visit.at;
    let of = |wanted: &[State]| {
        approvals.iter().filter(|approval| wanted.contains(&approval.state_at(now))).collect::<Vec<_>>()
    };
    let body = html! {
        (table("Waiting for a decision", now, &of(&[State::Requested]), names))
        (table("In force", now, &of(&[State::Live, State::Revoking]), names))
        (table("Ended", now, &of(&[State::Revoked, State::Expired, State::Refused]), names))
        p { a href="/ledger" { "The ledger" } ": every step and every read, as a chain that can be checked." }
        @if person.principal.may(Permission::ApprovalsDecide) { (request_form(orgs)) }
    };
    layout::page(person, PLACE, "Approvals", &body)
}

fn table(caption: &str, now: Timestamp, approvals: &[&Approval], names: &Names) -> Markup {
    html! {
        h2 { (caption) }
        @if approvals.is_empty() {
            p class="empty" { "None." }
        } @else {
            table {
                thead { tr { th scope="col" { "What" } th scope="col" { "Who asks" } th scope="col" { "Since" }
                    th scope="col" { "Until" } th scope="col" { "State" } } }
                tbody {
                    @for approval in approvals {
                        tr {
                            td { a href=(format!("/approvals/{}", approval.id)) { (what(approval)) } }
                            td { (names.actor(&approval.requested_by)) }
                            td { (layout::time(approval.requested_at)) }
                            td { (until(approval)) }
                            td { (state(approval.state_at(now))) }
                        }
                    }
                }
            }
        }
    }
}

fn request_form(orgs: &[Connection]) -> Markup {
    html! {
        h2 { "Ask for an approval" }
        form class="stack" method="post" action="/approvals" {
            label { "Kind"
                select name="kind" {
                    option value="api_access" { "Read-only API access to an Okta org" }
                    option value="first_scan" { "First scan of an Okta org" }
                    option value="scim" { "Provisioning by SCIM" }
                    option value="partner_access" { "A partner reads published evidence" }
                }
            }
            label { "Okta org"
                select name="org" {
                    @for connection in orgs { option value=(connection.org.as_str()) { (connection.okta_url) } }
                    option value="" { "None" }
                }
                small { "Not needed for SCIM. Others are added at " a href="/orgs" { "Okta orgs" } "." }
            }
            label { "Okta address" input name="okta_url" autocomplete="off"; small { "For SCIM." } }
            label { "Data" input name="classes" autocomplete="off";
                small { "Of: " @for (index, class) in DataClass::ALL.iter().enumerate() {
                    @if index > 0 { ", " } (class.key()) } ". Each is named; none stands for another." } }
            label { "Partner" input name="partner" autocomplete="off"; small { "The subdomain of their workspace." } }
            label { "Days" input name="days" inputmode="numeric" autocomplete="off";
                small { "Empty: until revoked, or 90 days where data leaves the workspace." } }
            button class="primary" type="submit" { "Ask" }
        }
    }
}

pub(super) fn one(person: &Person, approval: &Approval, names: &Names) -> Markup {
    let decides = person.principal.may(Permission::ApprovalsDecide);
    let needed = limits::approvers_needed(&approval.terms);
    let path = |step: &str| format!("/approvals/{}/{step}", approval.id);
    let stands = approval.state_at(person.visit.at);
    let body = html! {
        p { (state(stands)) " · asked for by " (names.actor(&approval.requested_by)) " · "
            (layout::time(approval.requested_at)) " · until " (until(approval)) }
        section class="panel" aria-label="What is approved" {
            pre { (consent_text(approval)) }
            p class="meta" { "SHA-256 of this text: " code { (shown_hash(approval)) } }
        }
        @if !approval.consents.is_empty() {
            h2 { "Who said yes" }
            ul { @for consent in &approval.consents {
                li { (names.user(&consent.user)) ", " (consent.role.name()) ", " (layout::time(consent.at)) }
            } }
        }
        @if let Some(ended) = &approval.ended {
            p { "Ended by " (names.actor(&ended.by)) ", " (layout::time(ended.at))
                @if let Some(at) = ended.effective_at { "; nothing under way since " (layout::time(at)) } "." }
        }
        @match stands {
            State::Requested if decides => {
                p { "It takes effect when " (needed) @if needed == 1 { " person approves." } @else {
                    " different people approve." } }
                form method="post" action=(path("approve")) {
                    input type="hidden" name="text_sha256" value=(shown_hash(approval));
                    button class="primary" type="submit" { "I have read this and approve it" }
                }
                form method="post" action=(path("refuse")) {
                    button class="danger" type="submit" { "Refuse" }
                }
            }
            State::Live if decides && approval.terms.kind() != Kind::WorkspaceCreation => {
                form method="post" action=(path("revoke")) {
                    button class="danger" type="submit" { "Revoke" }
                }
            }
            State::Revoking => {
                p role="status" class="warn" { "Nothing new is authorised. Something authorised before may still be "
                    "under way, at most about a minute. Reload this page: it says “revoked” when nothing is." }
            }
            _ => {}
        }
        p { a href="/approvals" { "All approvals" } }
    };
    layout::page(person, PLACE, what(approval), &body)
}

fn what(approval: &Approval) -> &'static str {
    match approval.terms.kind() {
        Kind::WorkspaceCreation => "The workspace itself",
        Kind::ApiAccess => "Read-only API access",
        Kind::Scim => "Provisioning by SCIM",
        Kind::FirstScan => "First scan",
        Kind::EvidenceRoute => "Delivery of evidence",
        Kind::PartnerAccess => "Partner access",
    }
}

fn until(approval: &Approval) -> Markup {
    match approval.until {
        Until::Revoked => html! { "revoked" },
        Until::At(end) => layout::time(end),
    }
}

fn state(state: State) -> Markup {
    let (class, word) = match state {
        State::Requested => ("warn", "waiting"),
        State::Live => ("good", "in force"),
        State::Revoking => ("warn", "revoking"),
        State::Revoked => ("bad", "revoked"),
        State::Expired => ("bad", "expired"),
        State::Refused => ("bad", "refused"),
    };
    html! { span class=(class) { (word) } }
}
