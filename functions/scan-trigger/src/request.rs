//! `POST /orgs/{org}/scans`: "scan now".

use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::post,
};
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Person, Problem},
    store::{
        TenantStore,
        audit::Acting,
        connections::Connection,
        operators::ReachError,
        scans::{Begun, Trigger},
    },
    tenant::{OrgId, Permission, WorkspaceKind},
};

use super::{NotBegun, ScanTrigger};

pub(super) fn routes() -> Router<ScanTrigger> {
    Router::new().route("/orgs/{org}/scans", post(scan_now))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    /// In the operators' workspace: the customer's subdomain.
    customer: Option<String>,
}

/// 202 with the scan's id; the same one while it is under way.
async fn scan_now(
    State(trigger): State<ScanTrigger>,
    Path(org): Path<String>,
    Query(whose): Query<Whose>,
    person: Person,
) -> Result<Answer, Problem> {
    let org = OrgId::new(org);
    match (person.visit.workspace.kind, whose.customer) {
        (WorkspaceKind::Customer, None) => {
            person.require(Permission::ScansRun)?;
            begin(&trigger, &person.store(), &org, "/scans", &person.acting()).await
        }
        (WorkspaceKind::Operator, Some(customer)) => {
            let workspaces = &trigger.door.workspaces;
            let customer = workspaces.active(WorkspaceKind::Customer, &customer).await?;
            let customer = customer.ok_or_else(outside)?;
            let reach = workspaces.reach(&person.principal, &customer.tenant, &org, &person.acting()).await;
            let reach = reach.map_err(not_let_in)?;
            reach.principal.require(Permission::ScansRun).map_err(|_| outside())?;
            let acting = Acting { actor: format!("operator:{}", person.user.id), ..person.acting() };
            // The customer's own pages do not open to an operator.
            let review = format!("/review/{}/{org}", customer.subdomain.as_str());
            begin(&trigger, &reach.store(workspaces), &org, &review, &acting).await
        }
        _ => Err(Problem::not_found()),
    }
}

/// `pages` is where whoever asks finds the scan, by its id.
async fn begin(
    trigger: &ScanTrigger,
    store: &TenantStore,
    org: &OrgId,
    pages: &str,
    acting: &Acting<'_>,
) -> Result<Answer, Problem> {
    let connection: Connection = store.connection(org).await?.ok_or_else(Problem::not_found)?;
    let by = Trigger::Request { by: acting.actor.clone() };
    let begun = trigger.begin(store, &connection, by, acting).await.map_err(not_begun)?;
    let (scan, new) = match begun {
        Begun::New(scan) => (scan, true),
        Begun::Before(scan) => (scan, false),
    };
    let json = json!({ "scan": scan.id, "org": scan.org, "state": scan.state.word(), "new": new });
    Ok(Answer::done(format!("{pages}/{}", scan.id), json).with_status(StatusCode::ACCEPTED))
}

fn not_begun(error: NotBegun) -> Problem {
    match error {
        NotBegun::Unchecked => Problem::conflict(
            "scan.preflight",
            "The org's permission check has not passed.",
            "Run the check on the org's page and repair what it shows, then start the scan.",
        ),
        NotBegun::Unapproved => Problem::conflict(
            "scan.approval",
            "The scan is not approved.",
            "API access and the first scan of this org must be in force under Approvals; then start the scan.",
        ),
        NotBegun::Store(error) => error.into(),
        NotBegun::Queue(error) => error.into(),
    }
}

fn not_let_in(error: ReachError) -> Problem {
    match error {
        ReachError::Store(error) => error.into(),
        ReachError::NotAnOperator
        | ReachError::SecondFactor
        | ReachError::Customer
        | ReachError::NotApproved => outside(),
    }
}

/// The same for every reason: an operator learns nothing about a customer that did not let them in.
fn outside() -> Problem {
    Problem::forbidden(
        "operator.reach",
        "You have no access to this org.",
        "The customer must have approved the first scan of it.",
    )
}
