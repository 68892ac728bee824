//! The start page: what is set up, what comes next. Each step's state is derived from data, not from a flag.

use axum::{Router, extract::State, routing::get};
use maud::html;
use serde_json::json;
use shared::{
    http::{Answer, Person, Problem},
    tenant::WorkspaceKind,
};

use crate::{Console, layout};

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/", get(home))
}

struct Step {
    key: &'static str,
    done: bool,
    what: &'static str,
    path: &'static str,
}

async fn home(State(_): State<Console>, person: Person) -> Result<Answer, Problem> {
    let steps = match person.visit.workspace.kind {
        WorkspaceKind::Customer => customer_steps(&person).await?,
        WorkspaceKind::Operator | WorkspaceKind::Partner => Vec::new(),
    };
    let json = json!({
        "workspace": person.visit.workspace.name,
        "role": person.principal.role().map(shared::tenant::Role::name),
        "steps": steps.iter().map(|s| json!({"step": s.key, "done": s.done, "path": s.path})).collect::<Vec<_>>(),
    });
    let body = html! {
        @if steps.is_empty() {
            p { "Choose a place above." }
        } @else {
            p { "From sign-in to the first report:" }
            ol class="steps" {
                @for step in &steps {
                    li class=[step.done.then_some("done")] {
                        span {
                            a href=(step.path) { (step.what) }
                            @if step.done { span class="good" { " · done" } }
                        }
                    }
                }
            }
        }
    };
    Ok(Answer::page(layout::page(&person, "/", "Start", &body), json))
}

async fn customer_steps(person: &Person) -> Result<Vec<Step>, Problem> {
    let store = person.store();
    let (users, _) = store.users(1, 0).await?;
    let connections = store.connections().await?;
    let tokens = store.tokens().await?;
    let step = |key, done, what, path| Step { key, done, what, path };
    Ok(vec![
        step("administrator", true, "Sign in as the first administrator", "/"),
        step("colleagues", users > 1, "Invite a second administrator", "/users"),
        step("orgs", !connections.is_empty(), "Add the Okta orgs to assess", "/orgs"),
        step(
            "api_access",
            connections.iter().any(|c| c.preflight.as_ref().is_some_and(|p| p.passed)),
            "Give the read-only service app its access and check it",
            "/orgs",
        ),
        step("scim", !tokens.is_empty(), "Optional: provision people from Okta by SCIM", "/security/scim"),
        step(
            "first_scan",
            connections.iter().any(|c| c.last_scan_at.is_some()),
            "Approve and run the first scan",
            "/approvals",
        ),
    ])
}
