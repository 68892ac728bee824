//! The start page: what is set up, what comes next. Each step's state is derived from data, not from a flag.

use axum::{Router, routing::get};
use futures::try_join;
use maud::html;
use serde_json::json;
use shared::{
    http::{Answer, Person, Problem},
    store::{TenantStore, connections::Connection},
    tenant::{WorkspaceKind, token::TokenState},
};

use crate::{Console, layout, orgs};

/// Scans of an org that are looked at for a published one.
const RECENT: u32 = 12;

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/", get(home))
}

struct Step {
    key: &'static str,
    done: bool,
    what: &'static str,
    path: String,
}

async fn home(person: Person) -> Result<Answer, Problem> {
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
    let users = store.user_listing().await?.total();
    let connections = orgs::of_customer(person).await?;
    let (tokens, sso) = try_join!(store.tokens(), store.sso_is_on())?;
    let provisioned = tokens.iter().any(|token| token.state(person.visit.at) == TokenState::Live);
    let checked = |org: &Connection| org.preflight.as_ref().is_some_and(|check| check.passed);
    let next = connections.iter().find(|org| !checked(org)).or(connections.first());
    let org_page = next.map_or_else(|| "/orgs".to_owned(), |org| format!("/orgs/{}", org.org));
    let scanned = connections.iter().any(|org| org.last_scan_at.is_some());
    let step = |key, done, what, path: &str| Step { key, done, what, path: path.to_owned() };
    Ok(vec![
        step("administrator", true, "Sign in as the first administrator", "/"),
        step("colleagues", users > 1, "Invite a second administrator", "/users"),
        step("orgs", !connections.is_empty(), "Add the Okta orgs to assess", "/orgs"),
        step(
            "api_access",
            connections.iter().any(checked),
            "Give the read-only service app its access and check it",
            &org_page,
        ),
        step("sso", sso, "Optional: let people sign in with Okta", "/security/sso"),
        step("scim", provisioned, "Optional: provision people from Okta by SCIM", "/security/scim"),
        step("first_scan", scanned, "Approve and run the first scan", &org_page),
        step(
            "report",
            scanned && is_published(&store, &connections).await?,
            "Read the first report",
            "/reports",
        ),
    ])
}

/// Whether a scan of one of the orgs was published lately.
async fn is_published(store: &TenantStore, orgs: &[Connection]) -> Result<bool, Problem> {
    for org in orgs {
        if store.scans(&org.org, RECENT).await?.iter().any(|scan| scan.published.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}
