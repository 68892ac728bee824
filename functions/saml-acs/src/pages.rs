//! The one question of a sign-in: whether to leave another person's session.

use maud::html;
use serde_json::json;
use shared::{
    http::{Answer, page::plain},
    tenant::Digest,
};

use axum::http::StatusCode;

/// Asks before a sign-in that nobody in this browser started replaces the session of somebody else.
pub(crate) fn continue_as(newcomer: &str, present: &str, saml_response: &str, confirm: &Digest) -> Answer {
    let page = plain(
        "Continue as somebody else?",
        &html! {
            h1 { "Continue as " (newcomer) "?" }
            p {
                "You are signed in as " strong { (present) } ". Okta sent a sign-in for "
                strong { (newcomer) } ". If you did not ask for it, stay as you are."
            }
            form method="post" action="/auth/saml/acs" {
                input type="hidden" name="SAMLResponse" value=(saml_response);
                input type="hidden" name="confirm" value=(confirm);
                button class="primary" type="submit" { "Continue as " (newcomer) }
            }
            p { a href="/" { "Stay signed in as " (present) } }
        },
    );
    let json = json!({ "code": "session.other", "confirm": confirm });
    Answer::page(page, json).with_status(StatusCode::CONFLICT)
}
