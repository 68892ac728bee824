//! The frame that every page stands in.

use maud::{DOCTYPE, Markup, html};

use super::Problem;

/// A page without a signed-in person: sign-in, failures.
pub fn plain(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Atomation" }
                link rel="stylesheet" href="/assets/app.css";
            }
            body class="plain" {
                main id="main" { (body) }
            }
        }
    }
}

/// The page of a failure: what happened, what to do next, what to tell support.
pub(super) fn problem(problem: &Problem, correlation_id: &str) -> Markup {
    let (path, words) = match problem.code {
        "session.step_up" => ("/sign-in/again", "Confirm that it is you"),
        _ => ("/", "Go to the workspace"),
    };
    plain(
        &problem.title,
        &html! {
            h1 { (problem.title) }
            p { (problem.next) }
            p { a href=(path) { (words) } }
            p class="meta" { "When you write to support, include this id: " code { (correlation_id) } }
        },
    )
}
