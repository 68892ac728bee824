//! One org: what its Okta administrator does, in order, with every value to copy; what we know of it.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Input, Person, Problem},
    okta::{Endpoint, endpoints},
    store::connections::{Cadence, Connection},
    tenant::Permission,
};

use super::{find, org_json, stage};
use crate::{ask::Ids, layout};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Client {
    client_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rhythm {
    cadence: Cadence,
}

/// A scope to grant: every one that the endpoint table reads with.
struct Scope {
    name: &'static str,
    why: String,
    required: bool,
}

pub(super) async fn show(person: Person, Ids([org]): Ids<1>) -> Result<Answer, Problem> {
    person.require(Permission::OrgsView)?;
    let orgs = super::of_customer(&person).await?;
    let place = orgs.iter().position(|one| one.org.as_str() == org).ok_or_else(Problem::not_found)?;
    let (org, primary) = (&orgs[place], place == 0);
    let store = person.store();
    let approved = Approved {
        access: store.api_access(&org.org, person.visit.at).await?.is_some(),
        first_scan: store.first_scan(&org.org, person.visit.at).await?.is_some(),
    };
    let setup = Setup::of(&person, org);
    let mut json = org_json(org, primary);
    json["appName"] = json!(setup.app_name);
    json["jwksUrl"] = json!(setup.jwks_url);
    json["scopes"] = setup
        .scopes
        .iter()
        .map(|scope| json!({ "scope": scope.name, "why": scope.why, "required": scope.required }))
        .collect();
    json["apiAccessApproved"] = json!(approved.access);
    json["firstScanApproved"] = json!(approved.first_scan);
    let body = view(&person, org, primary, &approved, &setup);
    Ok(Answer::page(layout::page(&person, "/orgs", &org.label, &body), json))
}

/// Names the service app. What was checked was another one, so it is checked anew.
pub(super) async fn set_client(
    person: Person,
    Ids([org]): Ids<1>,
    Input(input): Input<Client>,
) -> Result<Answer, Problem> {
    person.require(Permission::OrgsManage)?;
    let mut org = find(&person, org).await?;
    let client_id = input.client_id.trim();
    if !is_client_id(client_id) {
        return Err(Problem::bad_request(
            "client_id",
            "That is not a client ID.",
            "Copy the Client ID from the app's General tab in Okta: 20 letters and digits that begin with 0oa.",
        ));
    }
    if org.client_id.as_deref() != Some(client_id) {
        org.client_id = Some(client_id.to_owned());
        org.preflight = None;
        let audit = person.acting().record("org.client", format!("org:{}", org.org), client_id);
        person.store().save_connection(&org, &audit).await?;
    }
    Ok(Answer::done(format!("/orgs/{}", org.org), org_json(&org, false)))
}

/// How often the org is scanned, once its first scan was approved.
pub(super) async fn set_cadence(
    person: Person,
    Ids([org]): Ids<1>,
    Input(input): Input<Rhythm>,
) -> Result<Answer, Problem> {
    person.require(Permission::OrgsManage)?;
    let mut org = find(&person, org).await?;
    if org.cadence != input.cadence {
        org.cadence = input.cadence;
        let word = org.cadence.word();
        let audit = person.acting().record("org.cadence", format!("org:{}", org.org), word);
        person.store().save_connection(&org, &audit).await?;
    }
    Ok(Answer::done(format!("/orgs/{}", org.org), json!({ "org": org.org, "cadence": org.cadence })))
}

/// As Okta makes them: <https://developer.okta.com/docs/guides/find-your-app-credentials>.
fn is_client_id(text: &str) -> bool {
    text.len() == 20 && text.starts_with("0oa") && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Which of the two approvals that a scan needs are in force.
struct Approved {
    access: bool,
    first_scan: bool,
}

/// The values that go into Okta.
struct Setup {
    app_name: String,
    jwks_url: String,
    scopes: Vec<Scope>,
}

impl Setup {
    fn of(person: &Person, org: &Connection) -> Self {
        Self {
            app_name: format!("{} Okta Assessment Service - {}", person.visit.workspace.name, org.label),
            jwks_url: format!("{}/.well-known/okta-jwks.json", person.visit.origin()),
            scopes: scopes(),
        }
    }
}

fn scopes() -> Vec<Scope> {
    let scope = |name: &'static str| {
        let used: Vec<&Endpoint> = endpoints::ALL.iter().filter(|e| e.scope == name).collect();
        let mut reasons: Vec<&str> = Vec::new();
        for endpoint in &used {
            if !reasons.contains(&endpoint.why) {
                reasons.push(endpoint.why);
            }
        }
        Scope { name, why: reasons.join(" "), required: used.iter().any(|e| e.required) }
    };
    endpoints::scopes().into_iter().map(scope).collect()
}

fn view(person: &Person, org: &Connection, primary: bool, approved: &Approved, setup: &Setup) -> Markup {
    let may_manage = person.principal.may(Permission::OrgsManage);
    let may_ask = person.principal.may(Permission::ApprovalsDecide);
    let path = format!("/orgs/{}", org.org);
    html! {
        p { code { (org.okta_url) } " · " (stage(org))
            @if primary { " · primary: the org for SSO and SCIM" } }
        p { a href=(format!("{path}/scans")) { "Scans" } " · "
            a href=(format!("/findings?org={}", org.org)) { "Findings" } }
        h2 { "Connect it" }
        ol class="steps" {
            (step(approved.access, &access(org, approved.access, may_ask)))
            (step(org.client_id.is_some(), &in_okta(org, setup)))
            (step(org.client_id.is_some(), &client(org, may_manage, &path)))
            (step(org.preflight.as_ref().is_some_and(|check| check.passed), &check(org, may_manage, &path)))
            (step(approved.first_scan, &first_scan(org, approved.first_scan, may_ask)))
        }
        (rhythm(org, may_manage, &path))
    }
}

fn step(done: bool, body: &Markup) -> Markup {
    html! { li class=[done.then_some("done")] { div { (body) @if done { p class="good" { "Done." } } } } }
}

fn access(org: &Connection, approved: bool, may_ask: bool) -> Markup {
    html! {
        p { strong { "Approve read-only API access. " }
            @if approved { "An approval is in force." }
            @else { "The approval names the scopes below and nothing else." } }
        @if !approved && may_ask { (ask(org, "api_access")) }
    }
}

fn first_scan(org: &Connection, approved: bool, may_ask: bool) -> Markup {
    html! {
        p { strong { "Approve the first scan. " }
            @if approved { "An approval is in force: " a href=(format!("/orgs/{}/scans", org.org)) { "scan now" } "." }
            @else { "Scans, also those on the schedule, run under it until you revoke it." } }
        @if !approved && may_ask { (ask(org, "first_scan")) }
    }
}

/// Asks for an approval of `kind` and leads to its text.
fn ask(org: &Connection, kind: &str) -> Markup {
    html! {
        form method="post" action="/approvals" {
            input type="hidden" name="kind" value=(kind);
            input type="hidden" name="org" value=(org.org);
            button type="submit" { "Ask for the approval" }
        }
    }
}

fn in_okta(org: &Connection, setup: &Setup) -> Markup {
    html! {
        p { strong { "In the Okta Admin Console, create the app. " } "It takes about 15 minutes." }
        ol {
            li { "Applications → Create App Integration → API Services. Name it " code { (setup.app_name) } "." }
            li { "General → Client Credentials → Edit: choose Public key / Private key, then \u{201c}Use a URL to \
                fetch keys dynamically\u{201d}, and give " code { (setup.jwks_url) } ". The key is "
                code { (org.key_id) } ". DPoP can stay on or be off." }
            li { "Okta API Scopes: grant the scopes in the table below. Only a super administrator can." }
            li { "Admin roles: assign " strong { "Read-Only Administrator" } ". To show who holds admin roles, \
                add a custom role with only the permission \u{201c}View roles, resources, and admin \
                assignments\u{201d}. An app with any other standard role is refused." }
        }
        table {
            caption { "Scopes to grant, all of them read-only" }
            thead { tr { th scope="col" { "Scope" } th scope="col" { "Why" } th scope="col" { "Needed" } } }
            tbody {
                @for scope in &setup.scopes {
                    tr { th scope="row" { code { (scope.name) } } td { (scope.why) }
                        td { @if scope.required { "required" } @else { "optional" } } }
                }
            }
        }
    }
}

fn client(org: &Connection, may_manage: bool, path: &str) -> Markup {
    html! {
        p { strong { "Tell us the app's Client ID." } }
        @if may_manage {
            form class="stack" method="post" action=(format!("{path}/client")) {
                label { "Client ID"
                    input name="client_id" required autocomplete="off" pattern="0oa[A-Za-z0-9]{17}"
                        title="20 letters and digits that begin with 0oa"
                        value=[org.client_id.as_deref()] aria-describedby="client-id";
                    small id="client-id" { "From the app's General tab; it begins with 0oa. It is not a secret." } }
                button type="submit" { "Save" }
            }
        } @else if let Some(id) = &org.client_id {
            p { code { (id) } }
        }
    }
}

fn check(org: &Connection, may_manage: bool, path: &str) -> Markup {
    html! {
        p { strong { "Check it. " } "We ask for a token and read the first page of everything, and show each \
            permission: granted, missing, or too much." }
        @if let Some(check) = &org.preflight {
            p { "Checked " (layout::time(check.at)) ": "
                @if check.passed { span class="good" { "passed" } } @else { span class="bad" { "not passed" } }
                ". " a href=(format!("{path}/preflight")) { "Permission table" } }
        }
        @if may_manage && org.client_id.is_some() {
            form method="post" action=(format!("{path}/preflight")) {
                button class="primary" type="submit" { "Check now" }
            }
        }
    }
}

fn rhythm(org: &Connection, may_manage: bool, path: &str) -> Markup {
    html! {
        h2 { "Schedule" }
        p { "Scheduled scans run under the first-scan approval, until it is revoked." }
        @if may_manage {
            form class="stack" method="post" action=(format!("{path}/cadence")) {
                label { "Scan this org"
                    select name="cadence" {
                        @for cadence in Cadence::ALL {
                            option value=(cadence.word()) selected[cadence == org.cadence] {
                                (cadence.word())
                            }
                        }
                    }
                }
                button type="submit" { "Save" }
            }
        } @else {
            p { "This org is scanned: " (org.cadence.word()) "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_as_okta_makes_them() {
        assert!(is_client_id("0oaTestClient0000001"));
        for bad in [
            "",
            "0oa",
            "0oaTestClient000000",
            "0oaTestClient00000012",
            "00uTestClient0000001",
            "0oaTest Client000001",
        ] {
            assert!(!is_client_id(bad), "{bad}");
        }
    }

    #[test]
    fn every_scope_to_grant_only_reads_and_says_why() {
        let all = scopes();
        assert!(!all.is_empty() && all.iter().any(|scope| scope.required));
        for scope in all {
            assert!(shared::okta::token::is_read(scope.name) && !scope.why.is_empty(), "{}", scope.name);
        }
    }
}
