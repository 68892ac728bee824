//! What a person sees on the way in.

use maud::{Markup, html};
use shared::http::{Person, Visit, page::plain};

use crate::layout;

pub(super) fn start(visit: &Visit, sso: bool) -> Markup {
    plain(
        "Sign in",
        &html! {
            h1 { "Sign in to " (visit.workspace.name) }
            @if sso {
                p { a href="/auth/saml/login" { "Continue with your company sign-in" } }
                h2 { "Break-glass" }
                p class="meta" { "Only for named administrators; every use is reported to all of them." }
            }
            form class="stack" method="post" action="/sign-in" {
                label { "E-mail" input name="email" type="email" required autocomplete="username"; }
                button class="primary" type="submit" { "Send me a sign-in link" }
            }
        },
    )
}

pub(super) fn sent() -> Markup {
    plain(
        "Check your mail",
        &html! {
            h1 { "Check your mail" }
            p role="status" {
                "If this address can sign in here, a link is on its way. It works once, within 10 minutes."
            }
        },
    )
}

pub(super) fn enrol(token: &str) -> Markup {
    plain(
        "Set up your second factor",
        &html! {
            h1 { "Set up your second factor" }
            p { "Have an authenticator app at hand: it will give you a six-digit code at each sign-in." }
            form class="stack" method="post" action="/sign-in/enrol" {
                input type="hidden" name="token" value=(token);
                button class="primary" type="submit" { "Continue" }
            }
        },
    )
}

pub(super) fn show_secret(token: &str, secret: &str, uri: &str) -> Markup {
    plain(
        "Set up your second factor",
        &html! {
            h1 { "Set up your second factor" }
            p { "Enter this key in your authenticator app, or open the link on the device that has it:" }
            div class="panel once" {
                p { code { (secret) } }
                p { a href=(uri) { "Open in an authenticator" } }
            }
            (code_form("/sign-in/link", Some(token), "Sign in"))
        },
    )
}

pub(super) fn code(token: &str) -> Markup {
    plain(
        "Enter your code",
        &html! { h1 { "Enter your code" } (code_form("/sign-in/link", Some(token), "Sign in")) },
    )
}

pub(super) fn again(person: &Person) -> Markup {
    let body = html! {
        p { "Changes to the front door need a sign-in of the last ten minutes." }
        @if person.user.totp_enrolled {
            (code_form("/sign-in/again", None, "Confirm it is me"))
        } @else {
            p { a href="/auth/saml/login?force=1" { "Sign in again with your company sign-in" } }
        }
    };
    layout::page(person, "/sign-in/again", "Sign in again", &body)
}

fn code_form(action: &str, token: Option<&str>, button: &str) -> Markup {
    html! {
        form class="stack" method="post" action=(action) {
            @if let Some(token) = token { input type="hidden" name="token" value=(token); }
            label { "Six-digit code"
                input name="code" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" required
                    autocomplete="one-time-code";
            }
            button class="primary" type="submit" { (button) }
        }
    }
}
