//! The page of sessions.

use maud::{Markup, html};
use shared::{
    http::Person,
    tenant::{Permission, session::Method},
};

use super::{PATH, Shown};
use crate::layout;

pub(super) fn show(person: &Person, own: &[Shown], all: Option<&[Shown]>, more: Option<&str>) -> Markup {
    let body = html! {
        (table("Your sessions", own, false))
        (end_all(person.user.id.as_str(), "End all my sessions"))
        p class="meta" { "That signs you out here too." }
        @if let Some(all) = all {
            h2 { "Everybody's" }
            (table("Sessions of the workspace's people", all, true))
            @if let Some(more) = more {
                form method="get" { input type="hidden" name="after" value=(more); button type="submit" { "More" } }
            }
        }
        @if person.principal.may(Permission::SecurityManage) { (limits(person)) }
    };
    layout::page(person, PATH, "Sessions", &body)
}

fn table(caption: &str, sessions: &[Shown], of_all: bool) -> Markup {
    html! {
        div class="wide" {
            table {
                caption { (caption) }
                thead { tr { th scope="col" { "Who" } th scope="col" { "Signed in by" } th scope="col" { "Since" }
                    th scope="col" { "Last seen" } th scope="col" { "Ends" } th scope="col" { "End it" } } }
                tbody {
                    @for (at, shown) in sessions.iter().enumerate() {
                        // Once for each person.
                        (row(shown, of_all && sessions[..at].iter().all(|other| other.user.id != shown.user.id)))
                    }
                }
            }
        }
    }
}

fn row(shown: &Shown, of_all: bool) -> Markup {
    let record = &shown.session.record;
    html! {
        tr {
            td { (shown.user.attributes.user_name()) @if shown.is_this { span class="good" { " · this one" } } }
            td { (method(record.method)) }
            td { (layout::time(record.opened)) }
            td { (layout::time(record.last_seen)) }
            td { (layout::time(record.ends())) }
            td {
                form method="post" action="/sessions/revoke" {
                    input type="hidden" name="user" value=(shown.user.id);
                    input type="hidden" name="session" value=(shown.session.id);
                    button class="danger" type="submit" { "End" }
                }
                @if of_all { (end_all(shown.user.id.as_str(), "End all of this person")) }
            }
        }
    }
}

/// Of somebody, also those that no page shows at the moment.
pub(crate) fn end_all(user: &str, text: &str) -> Markup {
    html! {
        form method="post" action="/sessions/end" {
            input type="hidden" name="user" value=(user);
            button class="danger" type="submit" { (text) }
        }
    }
}

fn limits(person: &Person) -> Markup {
    let limits = person.visit.workspace.settings.session;
    html! {
        h2 { "How long sessions last" }
        form class="stack" method="post" action="/sessions/limits" {
            label { "Minutes without a request"
                input name="idle_minutes" type="number" min="5" max="30" required value=(limits.idle_minutes()); }
            label { "Hours in all"
                input name="hours" type="number" min="1" max="12" required value=(limits.hours());
                small { "Counts from each person's next sign-in. The identity provider's own limit ends a session earlier." } }
            button class="primary" type="submit" { "Save" }
        }
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Saml => "single sign-on",
        Method::Email => "e-mail and code",
        Method::BreakGlass => "break-glass",
    }
}
