//! The identity provider's pages. Plain HTML: they work without scripts, styles and a mouse.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Choice, SignedResponse};

/// Posts the form as soon as it is there; the button is for browsers that do not run it.
const SUBMIT: &str = "document.forms[0].submit()";

fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " - Okta twin" }
                style { "body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}"
                        "input,button{font:inherit;padding:.4rem .6rem}" }
            }
            body { main { h1 { (title) } (content) } }
        }
    }
}

/// Who signs in?
pub(super) fn choose(
    action: &str,
    app: &str,
    logins: &[String],
    choice: &Choice,
    problem: Option<&str>,
) -> Markup {
    let content = html! {
        p { "This is a stand-in for Okta. Choose who signs in to " strong { (app) } "." }
        @if let Some(problem) = problem {
            p #problem role="alert" { (problem) }
        }
        form method="post" action=(action) {
            @if let Some(id) = &choice.request_id { input type="hidden" name="request_id" value=(id); }
            @if let Some(state) = &choice.relay_state { input type="hidden" name="relay_state" value=(state); }
            p {
                label for="login" { "Username" } br;
                input #login name="login" list="logins" required autocomplete="username" autofocus value=(choice.login)
                    aria-describedby=[problem.map(|_| "problem")];
                datalist #logins { @for login in logins { option value=(login) {} } }
            }
            button type="submit" { "Sign in" }
        }
    };
    page("Sign in", &content)
}

/// The response on its way to the service provider.
pub(super) fn hand_over(signed: &SignedResponse, relay_state: Option<&str>) -> Markup {
    let content = html! {
        form method="post" action=(signed.acs_url) {
            input type="hidden" name="SAMLResponse" value=(signed.saml_response);
            @if let Some(state) = relay_state { input type="hidden" name="RelayState" value=(state); }
            button type="submit" { "Continue" }
        }
        script { (PreEscaped(SUBMIT)) }
    };
    page("Signing you in", &content)
}

pub(super) fn problem(why: &str) -> Markup {
    page("This did not work", &html! { p role="alert" { (why) } })
}
