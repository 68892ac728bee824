//! The check before the first snapshot: every permission, why we want it, and whether it is there.
//!
//! One rule: nothing is asked of the org without an approval in force that names this very org and these scopes.

use std::time::Duration;

use axum::extract::State;
use maud::{Markup, html};
use serde_json::json;
use shared::{
    delivery::approval::Terms,
    http::{Answer, Person, Problem},
    okta::{
        Client, OrgUrl, Preflight, ServiceApp, TokenError, endpoints,
        preflight::{self, PreflightError, State as Granted},
    },
    store::{
        StoreError,
        connections::{Connection, PreflightResult},
    },
    tenant::Permission,
};

use super::find;
use crate::{Console, ask::Ids, layout, words::sentence};

/// Below the function's own 28 s, so that the answer is ours.
const PATIENCE: Duration = Duration::from_secs(22);

pub(super) async fn show(person: Person, Ids([org]): Ids<1>) -> Result<Answer, Problem> {
    person.require(Permission::OrgsView)?;
    let org = find(&person, org).await?;
    let check = org.preflight.as_ref().map(|check| {
        let table: Option<Preflight> = serde_json::from_value(check.table.clone()).ok();
        table.map(|table| (check, table)).ok_or_else(Problem::internal)
    });
    let check = check.transpose()?;
    let json = json!({
        "org": org.org,
        "at": check.as_ref().map(|(check, _)| check.at),
        "passed": check.as_ref().is_some_and(|(check, _)| check.passed),
        "permissions": check.as_ref().map(|(_, table)| &table.permissions),
    });
    let body = html! {
        p { a href=(format!("/orgs/{}", org.org)) { (org.label) } }
        @match &check {
            Some((check, table)) => {
                p { "Checked " (layout::time(check.at)) "." }
                (view(table))
            }
            None => p class="empty" { "This org was not checked yet." },
        }
        @if person.principal.may(Permission::OrgsManage) && org.client_id.is_some() {
            form method="post" action=(format!("/orgs/{}/preflight", org.org)) {
                button class="primary" type="submit" { "Check again" }
            }
        }
    };
    Ok(Answer::page(layout::page(&person, "/orgs", "Permissions", &body), json))
}

/// Asks the org what the app may do, and keeps what it showed.
pub(super) async fn run(
    State(console): State<Console>,
    person: Person,
    Ids([org]): Ids<1>,
) -> Result<Answer, Problem> {
    person.require(Permission::OrgsManage)?;
    let mut org = find(&person, org).await?;
    let app = ServiceApp {
        client_id: org.client_id.clone().ok_or_else(|| {
            Problem::conflict(
                "org.client",
                "The org has no service app yet.",
                "Create it in Okta and save its Client ID on the org's page first.",
            )
        })?,
        key: console
            .secrets
            .okta_key(person.principal.tenant(), &org)
            .await?
            .ok_or_else(Problem::internal)?,
    };
    approved(&person, &org).await?;
    let url =
        OrgUrl::parse_with(&org.okta_url, &console.extra_okta_origins).map_err(|_| Problem::internal())?;
    let (clock, random) = (&*console.door.clock, &*console.door.random);
    let mut client = Client::new(&console.outbound, url, app, Vec::new(), clock, random)
        .map_err(|_| Problem::internal())?;
    let run = tokio::time::timeout(PATIENCE, preflight::run(&mut client)).await;
    let table = run.map_err(|_| silent())?.map_err(|error| refused(&error))?;
    let passed = table.passes();
    let json = json!({ "org": org.org, "passed": passed, "permissions": table.permissions });
    org.preflight = Some(PreflightResult {
        at: person.visit.at,
        passed,
        table: serde_json::to_value(&table).map_err(|_| Problem::internal())?,
    });
    let result = if passed { "passed" } else { "not passed" };
    let audit = person.acting().record("org.preflight", format!("org:{}", org.org), result);
    // Refused if the org was changed meanwhile: then something else was checked.
    person.store().save_connection(&org, &audit).await?;
    Ok(Answer::done(format!("/orgs/{}/preflight", org.org), json))
}

/// The approval that lets us in, of this org at this address and for all that we are about to ask: leased for as long as
/// the check takes.
async fn approved(person: &Person, org: &Connection) -> Result<(), Problem> {
    let (store, now) = (person.store(), person.visit.at);
    let approval = store.api_access(&org.org, now).await?.ok_or_else(unapproved)?;
    let wide_enough = match &approval.terms {
        Terms::ApiAccess { okta_url, scopes, .. } => {
            *okta_url == org.okta_url && endpoints::scopes().iter().all(|s| scopes.iter().any(|has| has == s))
        }
        Terms::WorkspaceCreation { .. }
        | Terms::Scim { .. }
        | Terms::FirstScan { .. }
        | Terms::EvidenceRoute { .. }
        | Terms::PartnerAccess { .. } => false,
    };
    if !wide_enough {
        return Err(unapproved());
    }
    match store.lease_reading(&[&approval], &format!("check-{}", org.org), now).await {
        Err(StoreError::Condition(_)) => Err(unapproved()),
        leased => Ok(leased.map(drop)?),
    }
}

fn unapproved() -> Problem {
    Problem::forbidden(
        "approval.api_access",
        "No approval in force lets us read this org.",
        "Ask for read-only API access to this org under Approvals; an administrator approves it.",
    )
}

fn silent() -> Problem {
    Problem::new(
        axum::http::StatusCode::GATEWAY_TIMEOUT,
        "okta.timeout",
        "The org did not answer in time.",
        "Try again in a minute; if it stays, look at the org's rate limits and status.",
    )
}

/// What the org said, with the one thing that its administrator can do about it.
fn refused(error: &PreflightError) -> Problem {
    let bad = |code, next: &str| {
        let title = "The org does not let the service app in.";
        Problem::new(axum::http::StatusCode::BAD_GATEWAY, code, title, next)
    };
    let token = match error {
        PreflightError::Token(error) | PreflightError::Get(shared::okta::GetError::Token(error)) => {
            Some(error)
        }
        PreflightError::Get(_) | PreflightError::Classic | PreflightError::Organization(_) => None,
    };
    match (error, token) {
        (PreflightError::Classic, _) => Problem::new(
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            "okta.classic",
            "This org runs Okta Classic Engine.",
            "Only orgs on Okta Identity Engine can be assessed: upgrade it, or add another org.",
        ),
        (_, Some(TokenError::Client)) => bad(
            "okta.client",
            "Check that the Client ID is this app's, that it is active, and that it fetches its keys from the JWKS \
             URL on the org's page.",
        ),
        (_, Some(TokenError::Scope)) => bad("okta.scope", "Grant the scopes in the table on the org's page."),
        (_, Some(error)) if error.is_passing() => silent(),
        (PreflightError::Organization(_), _) => bad(
            "okta.org",
            "Nothing that looks like an Okta org answered at its address. Check the address in a browser.",
        ),
        _ => bad("okta.refused", &sentence(&error.to_string())),
    }
}

fn view(table: &Preflight) -> Markup {
    html! {
        @if table.passes() {
            p class="good" role="status" { "All that is required is granted and nothing is too much: the org can be scanned." }
        } @else {
            p class="bad" role="status" { "The org cannot be scanned yet. Fix the lines marked below in Okta, then check again." }
        }
        table {
            caption { "What the service app may do in the org " code { (table.org_id) } }
            thead { tr { th scope="col" { "Permission" } th scope="col" { "Why" } th scope="col" { "State" } } }
            tbody {
                @for line in &table.permissions {
                    @let (class, word) = state(line.state, line.required);
                    tr {
                        th scope="row" { code { (line.permission) } }
                        td { (line.why) }
                        td class=(class) { (word) }
                    }
                }
            }
        }
    }
}

fn state(state: Granted, required: bool) -> (&'static str, &'static str) {
    match (state, required) {
        (Granted::Granted, _) => ("good", "granted"),
        (Granted::Missing, true) => ("bad", "missing: grant it"),
        (Granted::Missing, false) => ("warn", "missing: what needs it will be reported as unverifiable"),
        (Granted::TooMuch, _) => ("bad", "too much: take it away"),
        (Granted::NotOffered, _) => ("meta", "the org does not have this feature"),
    }
}

#[cfg(test)]
mod tests {
    use shared::okta::preflight::Permission;

    use super::*;

    fn line(permission: &str, state: Granted, required: bool) -> Permission {
        Permission { permission: permission.to_owned(), why: "To see it.".to_owned(), state, required }
    }

    #[test]
    fn too_much_and_missing_are_said_in_words() {
        let table = |permissions| Preflight { org_id: "00oExample".to_owned(), permissions };
        let good = view(&table(vec![line("okta.users.read", Granted::Granted, true)])).into_string();
        assert!(good.contains("can be scanned") && good.contains(">granted<"));
        let bad = view(&table(vec![
            line("okta.users.read", Granted::Missing, true),
            line("admin role SUPER_ADMIN", Granted::TooMuch, false),
        ]));
        let bad = bad.into_string();
        for want in ["cannot be scanned", "missing: grant it", "too much: take it away", "SUPER_ADMIN"] {
            assert!(bad.contains(want), "{want}");
        }
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        let code = |error| {
            let problem = refused(&error);
            assert!(!problem.next.is_empty());
            problem.code
        };
        assert_eq!(code(PreflightError::Classic), "okta.classic");
        assert_eq!(code(PreflightError::Token(TokenError::Client)), "okta.client");
        assert_eq!(code(PreflightError::Token(TokenError::Scope)), "okta.scope");
        assert_eq!(code(PreflightError::Token(TokenError::Busy(503))), "okta.timeout");
        assert_eq!(
            code(PreflightError::Get(shared::okta::GetError::Token(TokenError::Busy(429)))),
            "okta.timeout"
        );
        assert_eq!(code(PreflightError::Token(TokenError::Unreadable)), "okta.refused");
    }
}
