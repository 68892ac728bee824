//! The two pages of its own: whether to leave another person's session, and how a test ended.

use maud::html;
use serde_json::json;
use shared::{
    http::{Answer, Problem, page::plain},
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

/// A test sign-in was refused: an Admin goes on to what was checked.
pub(crate) fn test_refused(problem: &Problem, result: &str) -> Answer {
    let page = plain(
        "The test sign-in was refused",
        &html! {
            h1 { "The test sign-in was refused" }
            p { (problem.title) " " (problem.next) }
            p { a href=(result) { "See every check, with what was wanted and what was found" } }
        },
    );
    let json = json!({ "code": problem.code, "tested": false, "result": result });
    Answer::page(page, json).with_status(problem.status)
}
