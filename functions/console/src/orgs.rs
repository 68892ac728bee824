//! The workspace's Okta orgs: which there are, and adding one.

mod connect;
mod preflight;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    http::{Answer, Input, Person, Problem},
    okta::{OrgUrl, OrgUrlError},
    ops::random,
    store::connections::{AddError, Cadence, Connection, room_for},
    tenant::{OrgId, Permission, WorkspaceKind},
};

use crate::{Console, layout, words::sentence};

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/orgs", get(list).post(add))
        .route("/orgs/{org}", get(connect::show))
        .route("/orgs/{org}/client", post(connect::set_client))
        .route("/orgs/{org}/cadence", post(connect::set_cadence))
        .route("/orgs/{org}/preflight", get(preflight::show).post(preflight::run))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOrg {
    okta_url: String,
    /// What people call it, such as `Production`.
    label: String,
}

async fn list(person: Person) -> Result<Answer, Problem> {
    person.require(Permission::OrgsView)?;
    let orgs = of_customer(&person).await?;
    let json = json!({
        "max": person.visit.workspace.settings.max_orgs,
        "orgs": orgs.iter().enumerate().map(|(i, org)| org_json(org, i == 0)).collect::<Vec<_>>(),
    });
    let body = view(&person, &orgs);
    Ok(Answer::page(layout::page(&person, "/orgs", "Okta orgs", &body), json))
}

/// Adds an org and makes the key that its service app will be known by.
async fn add(
    State(console): State<Console>,
    person: Person,
    Input(input): Input<NewOrg>,
) -> Result<Answer, Problem> {
    person.require(Permission::OrgsManage)?;
    let orgs = of_customer(&person).await?;
    let workspace = &person.visit.workspace;
    let url = OrgUrl::parse_with(&input.okta_url, &console.extra_okta_origins).map_err(bad_url)?;
    let label = label(&input.label)?;
    room_for(url.as_str(), &orgs, workspace).map_err(not_added)?;
    let org = OrgId::new(random::id(&*console.door.random, "o-"));
    let key = console.secrets.new_okta_key(&workspace.tenant, &org, &*console.door.random).await?;
    let connection = Connection {
        org: org.clone(),
        okta_url: url.as_str().to_owned(),
        label: label.to_owned(),
        client_id: None,
        key_id: key.kid,
        public_key: key.public,
        cadence: Cadence::Weekly,
        preflight: None,
        last_scan_at: None,
        created: person.visit.at,
        version: 1,
    };
    let audit = person.acting().record("org.add", format!("org:{org}"), url.as_str());
    person.store().add_connection(&connection, &audit).await.map_err(not_added)?;
    let location = format!("/orgs/{org}");
    Ok(Answer::done(location, org_json(&connection, orgs.is_empty())).with_status(StatusCode::CREATED))
}

fn not_added(error: AddError) -> Problem {
    match error {
        AddError::Exists => Problem::conflict(
            "org.exists",
            "This org is in the workspace already.",
            "Open it in the list of Okta orgs.",
        ),
        AddError::Limit { max } => Problem::conflict(
            "org.limit",
            format!("This workspace holds at most {max} Okta orgs."),
            "Ask your Atomation contact to raise the number.",
        ),
        AddError::Store(error) => error.into(),
    }
}

/// The orgs of a customer's workspace, the primary one first: the one that was added first. Other workspaces
/// have none.
pub(crate) async fn of_customer(person: &Person) -> Result<Vec<Connection>, Problem> {
    customers_only(person)?;
    let mut orgs = person.store().connections().await?;
    orgs.sort_by(|a, b| (a.created, &a.org).cmp(&(b.created, &b.org)));
    Ok(orgs)
}

/// What is assessed is a customer's; in other workspaces these pages are not there.
pub(crate) fn customers_only(person: &Person) -> Result<(), Problem> {
    match person.visit.workspace.kind {
        WorkspaceKind::Customer => Ok(()),
        WorkspaceKind::Operator | WorkspaceKind::Partner => Err(Problem::not_found()),
    }
}

/// One org of the workspace.
pub(crate) async fn find(person: &Person, org: String) -> Result<Connection, Problem> {
    customers_only(person)?;
    person.store().connection(&OrgId::new(org)).await?.ok_or_else(Problem::not_found)
}

/// What people call the org with this id; the id, if it is none of `orgs`.
pub(crate) fn label_of<'a>(orgs: &'a [Connection], id: &'a str) -> &'a str {
    orgs.iter().find(|org| org.org.as_str() == id).map_or(id, |org| org.label.as_str())
}

fn label(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    let usable = (1..=60).contains(&text.chars().count()) && !text.contains(char::is_control);
    usable.then_some(text).ok_or_else(|| {
        let next = "Give 1 to 60 visible characters, such as Production.";
        Problem::bad_request("label", "That name cannot be used.", next)
    })
}

/// The input is not repeated: it can be a secret pasted by mistake.
pub(crate) fn bad_url(error: OrgUrlError) -> Problem {
    let code = match error {
        OrgUrlError::NotAUrl => "org_url.form",
        OrgUrlError::Scheme => "org_url.scheme",
        OrgUrlError::Host => "org_url.host",
        OrgUrlError::NotBare => "org_url.bare",
    };
    Problem::bad_request(code, "That is not the address of an Okta org.", sentence(&error.to_string()))
}

/// How far an org's connection is.
pub(crate) fn stage(org: &Connection) -> &'static str {
    match (&org.client_id, &org.preflight) {
        (None, _) => "waits for its service app",
        (Some(_), None) => "not checked yet",
        (Some(_), Some(check)) if check.passed => "ready",
        (Some(_), Some(_)) => "permissions are not right",
    }
}

pub(crate) fn org_json(org: &Connection, primary: bool) -> Value {
    json!({
        "org": org.org,
        "oktaUrl": org.okta_url,
        "label": org.label,
        "primary": primary,
        "clientId": org.client_id,
        "keyId": org.key_id,
        "cadence": org.cadence,
        "state": stage(org),
        "preflight": org.preflight.as_ref().map(|check| json!({ "at": check.at, "passed": check.passed })),
        "lastScanAt": org.last_scan_at,
    })
}

fn view(person: &Person, orgs: &[Connection]) -> Markup {
    let most = usize::from(person.visit.workspace.settings.max_orgs);
    html! {
        @if orgs.is_empty() {
            p class="empty" { "No Okta org yet. Add the first one below: it is also the one for SSO and SCIM." }
        } @else {
            (table(orgs))
        }
        @if person.principal.may(Permission::OrgsManage) {
            @if orgs.len() < most {
                h2 { "Add an Okta org" }
                form class="stack" method="post" action="/orgs" {
                    label { "Okta URL"
                        input name="okta_url" type="url" required autocomplete="off" aria-describedby="okta-url";
                        small id="okta-url" { "Such as https://acme.okta.com. Okta Identity Engine only." } }
                    label { "Name"
                        input name="label" required maxlength="60" autocomplete="off" aria-describedby="org-label";
                        small id="org-label" { "What you call it, such as Production or Preview." } }
                    button class="primary" type="submit" { "Add org" }
                }
            } @else {
                p { "This workspace holds at most " (most) " orgs. Your Atomation contact can raise the number." }
            }
        }
    }
}

fn table(orgs: &[Connection]) -> Markup {
    html! {
        table {
            caption { "Settings, evidence and findings of two orgs never mix" }
            thead { tr { th scope="col" { "Org" } th scope="col" { "Address" } th scope="col" { "State" }
                th scope="col" { "Scans" } th scope="col" { "Last scan" } } }
            tbody {
                @for (i, org) in orgs.iter().enumerate() {
                    tr {
                        th scope="row" {
                            a href=(format!("/orgs/{}", org.org)) { (org.label) }
                            @if i == 0 { " (primary)" }
                        }
                        td { code { (org.okta_url) } }
                        td { (stage(org)) }
                        td { a href=(format!("/orgs/{}/scans", org.org)) { "Scans" } " · "
                            (org.cadence.word()) }
                        td { @match org.last_scan_at { Some(at) => (layout::time(at)), None => "never" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
