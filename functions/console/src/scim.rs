//! Security → SCIM provisioning: the base URL, tokens (shown once), and what to do in Okta.

mod log;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use futures::try_join;
use jiff::SignedDuration;
use maud::{Markup, html};
use serde_json::{Value, json};
use shared::{
    http::{Answer, Person, Problem},
    store::StoreError,
    tenant::{
        Permission, Role, WorkspaceKind,
        token::{self, IssueError, TokenRecord, TokenState},
    },
};

use crate::{Console, ask::Ids, layout, notify};

const LIFETIME: SignedDuration = SignedDuration::from_hours(365 * 24);

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/security/scim", get(show))
        .route("/security/scim/tokens", post(generate))
        .route("/security/scim/tokens/{id}/revoke", post(revoke))
        .merge(log::routes())
}

async fn show(person: Person) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    let store = person.store();
    let (approval, tokens) = try_join!(store.scim_approval(person.visit.at), store.tokens())?;
    let approved = approval.is_some() || !needs_approval(&person);
    Ok(answer(&person, approved, &tokens, None))
}

/// Generates a token. It is in this answer and nowhere else.
async fn generate(State(console): State<Console>, person: Person) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    person.require_fresh()?;
    let (store, now) = (person.store(), person.visit.at);
    let (approval, mut tokens) = try_join!(store.scim_approval(now), store.tokens())?;
    let lifetime = match &approval {
        Some(approval) => LIFETIME.min(approval.window().1.duration_since(now)),
        None if needs_approval(&person) => return Err(unapproved()),
        None => LIFETIME,
    };
    let (plain, record) =
        token::issue(person.principal.tenant(), &tokens, lifetime, now, &*console.door.random).map_err(
            |error| match error {
                IssueError::TooManyLive { live } => Problem::conflict(
                    "token.limit",
                    format!("There are {live} live tokens already."),
                    "Revoke one of them first: two live at a time, so that Okta can be moved to a new one.",
                ),
                IssueError::Lifetime { .. } => Problem::internal(),
            },
        )?;
    let audit = person.acting().record("scim.token.create", format!("token:{}", record.id), "");
    match store.add_token(&record, &tokens, approval.as_ref(), &audit).await {
        Ok(()) => {}
        Err(error) if error.refused(0) => return Err(token_race()),
        Err(error) if error.refused(2) => return Err(unapproved()),
        Err(error) => return Err(error.into()),
    }
    let what =
        format!("SCIM token {} was generated: whoever holds it provisions people and roles.", record.id);
    notify::front_door(&console, &person, "A SCIM token was generated", &what).await;
    tokens.push(record);
    let secret = plain.reveal();
    Ok(answer(&person, true, &tokens, Some(&secret)).with_status(StatusCode::CREATED))
}

/// Approvals are a customer's.
fn needs_approval(person: &Person) -> bool {
    person.visit.workspace.kind == WorkspaceKind::Customer
}

fn unapproved() -> Problem {
    let next = "Ask for “Provisioning by SCIM” at /approvals and approve it, then generate the token.";
    Problem::conflict("token.unapproved", "The workspace has not approved provisioning by SCIM.", next)
}

/// Somebody else generated one at the same moment: the limit of two was checked against an old list.
fn token_race() -> Problem {
    let next = "Look at the list of tokens, then generate one if you still need it.";
    Problem::conflict("token.race", "Another token was generated at this moment.", next)
}

async fn revoke(
    State(console): State<Console>,
    person: Person,
    Ids([id]): Ids<1>,
) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    person.require_fresh()?;
    let store = person.store();
    store.token(&id).await?.ok_or_else(Problem::not_found)?;
    let audit = person.acting().record("scim.token.revoke", format!("token:{id}"), "");
    match store.revoke_token(&id, person.visit.at, &audit).await {
        Ok(()) => {
            let what = format!("SCIM token {id} was revoked: Okta provisions nobody with it any more.");
            notify::front_door(&console, &person, "A SCIM token was revoked", &what).await;
        }
        // Revoked already: that is what was asked for.
        Err(StoreError::Condition(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(Answer::done("/security/scim", json!({ "revoked": id })))
}

fn answer(person: &Person, approved: bool, tokens: &[TokenRecord], secret: Option<&str>) -> Answer {
    let base_url = format!("{}/scim/v2", person.visit.origin());
    let json = json!({
        "baseUrl": base_url,
        "approved": approved,
        "token": secret,
        "tokens": tokens.iter().map(|token| token_json(person, token)).collect::<Vec<_>>(),
    });
    let page = page(person, approved, tokens, secret, &base_url);
    Answer::page(layout::page(person, "/security/scim", "SCIM provisioning", &page), json)
}

fn token_json(person: &Person, token: &TokenRecord) -> Value {
    json!({
        "id": token.id,
        "state": state(person, token),
        "created": token.created,
        "expires": token.expires,
        "lastUsedDay": token.last_used_day,
        "exposed": token.exposed,
    })
}

fn state(person: &Person, token: &TokenRecord) -> &'static str {
    match token.state(person.visit.at) {
        TokenState::Live => "live",
        TokenState::Expired => "expired",
        TokenState::Revoked => "revoked",
    }
}

fn page(
    person: &Person,
    approved: bool,
    tokens: &[TokenRecord],
    secret: Option<&str>,
    base_url: &str,
) -> Markup {
    html! {
        @if let Some(secret) = secret {
            section class="panel once" role="status" {
                h2 { "Your new token" }
                p { "Copy it now: it is shown once. We keep only its hash." }
                p { code { (secret) } }
            }
        }
        h2 { "In Okta" }
        ol {
            li { "Provisioning → Configure API Integration → check Enable API integration." }
            li { "Base URL: " code { (base_url) } }
            li { "API Token: paste a token from below, then Test API Credentials." }
            li { "To App: enable Create Users, Update User Attributes, Deactivate Users." }
            li { "Push Groups → Refresh App Groups, then link your groups to the role-groups "
                @for (index, role) in Role::ALL.iter().enumerate() { @if index > 0 { ", " } (role.name()) }
                ". Uncheck “Rename app groups to match group name in Okta”. A group that Okta creates here instead \
                 (“Create group”) gives no role." }
            li { "Assign people last. Okta does not support one group for both assignment and push." }
        }
        h2 { "Tokens" }
        @if tokens.is_empty() {
            p class="empty" { "No token yet." }
        } @else {
            table {
                caption { "At most two live at a time, for rotation" }
                thead { tr { th scope="col" { "Token" } th scope="col" { "State" } th scope="col" { "Created" }
                    th scope="col" { "Expires" } th scope="col" { "Last used" } th scope="col" { "Change" } } }
                tbody {
                    @for token in tokens {
                        tr {
                            td { code { (token.id) } }
                            td {
                                (state(person, token))
                                @if let Some(at) = token.exposed {
                                    " · " strong { "seen in an address" } " " (layout::time(at))
                                    ": generate another one, give it to Okta, and revoke this one"
                                }
                            }
                            td { (layout::time(token.created)) }
                            td { (layout::time(token.expires)) }
                            td { @match token.last_used_day { Some(day) => (day), None => "never" } }
                            td {
                                @if state(person, token) == "live" {
                                    form method="post" action=(format!("/security/scim/tokens/{}/revoke", token.id)) {
                                        button class="danger" type="submit" { "Revoke" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if approved {
            form method="post" action="/security/scim/tokens" {
                button class="primary" type="submit" { "Generate token" }
            }
            @if needs_approval(person) {
                p { "Tokens live under the approval “Provisioning by SCIM”: revoking it at "
                    a href="/approvals" { "Approvals" } " revokes them all." }
            }
        } @else {
            p class="warn" { "Provisioning by SCIM is not approved yet. Ask for it at "
                a href="/approvals" { "Approvals" } " and approve it; then a token can be generated here." }
        }
        p { a href="/security/scim/log" { "Provisioning log" } ": every request of the last 30 days" }
    }
}
