//! The operator's review of a customer's scan: look at each draft, confirm or dismiss it, publish the rest.
//!
//! One rule: everything here goes through a principal that is confined to the customer and rests on its first-scan
//! approval in force ([`Workspaces::reach`]); each request, refused ones too, is in the customer's audit log.

mod decide;
mod page;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde_json::json;
use shared::{
    delivery::approval::Terms,
    http::{Answer, Person, Problem},
    store::{
        TenantStore,
        audit::Acting,
        findings::FindingFilter,
        operators::{Reach, ReachError},
        scans::ScanRecord,
    },
    tenant::{OrgId, Permission, TenantId, Workspace, WorkspaceKind},
};

use crate::{Console, ask::Ids, layout, scans};

/// Scans of an org in the list.
const SHOWN: u32 = 12;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/review/{customer}", get(customer))
        .route("/review/{customer}/{org}/{scan}", get(show))
        .route("/review/{customer}/{org}/{scan}/confirm", post(decide::confirm))
        .route("/review/{customer}/{org}/{scan}/dismiss", post(decide::dismiss))
        .route("/review/{customer}/{org}/{scan}/publish", post(decide::publish))
}

/// The orgs of a customer that let operators in now, and their scans.
async fn customer(
    State(console): State<Console>,
    person: Person,
    Ids([customer]): Ids<1>,
) -> Result<Answer, Problem> {
    operators_only(&person)?;
    let customer = named(&console, &customer).await?;
    let mut orgs = Vec::new();
    for org in open_orgs(&console, &person, &customer).await? {
        let reach = reach(&console, &person, &customer.tenant, &org).await?;
        require(&reach, Permission::ScansView)?;
        let store = reach.store(&console.door.workspaces);
        if let Some(connection) = store.connection(&org).await? {
            orgs.push((connection, store.scans(&org, SHOWN).await?));
        }
    }
    let json = json!({
        "customer": customer.subdomain,
        "orgs": orgs.iter().map(|(org, scans)| json!({
            "org": org.org, "label": org.label, "oktaUrl": org.okta_url,
            "scans": scans.iter().map(scans::as_json).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    let body = page::customer(customer.subdomain.as_str(), &orgs);
    Ok(Answer::page(layout::page(&person, "/customers", "Review", &body), json))
}

async fn show(
    State(console): State<Console>,
    person: Person,
    Ids([customer, org, scan]): Ids<3>,
) -> Result<Answer, Problem> {
    let review = Review::open(&console, &person, &customer, &org, &scan).await?;
    require(&review.reach, Permission::FindingsView)?;
    let findings = review.store.findings_of_scan(&review.scan, &FindingFilter::default()).await?;
    let newer = review.store.judged_after(&review.scan).await?;
    let json = json!({
        "customer": customer,
        "scan": scans::as_json(&review.scan),
        "newer": newer.as_ref().map(|scan| &scan.id),
        "findings": findings.iter().map(|record| &record.finding).collect::<Vec<_>>(),
    });
    let newer = newer.map(|scan| review.path_of(&scan));
    let body = page::scan(&review.path(), &review.scan, newer.as_deref(), &findings);
    let title = format!("Review: {}", review.reach.customer.name);
    Ok(Answer::page(layout::page(&person, "/customers", &title, &body), json))
}

/// An operator inside a customer's workspace, before one scan.
struct Review<'a> {
    reach: Reach,
    store: TenantStore,
    scan: ScanRecord,
    /// The operator, as the customer's audit log names them.
    acting: Acting<'a>,
    operator: String,
}

impl<'a> Review<'a> {
    async fn open(
        console: &Console,
        person: &'a Person,
        customer: &str,
        org: &str,
        scan: &str,
    ) -> Result<Self, Problem> {
        operators_only(person)?;
        let org = OrgId::new(org);
        let customer = named(console, customer).await?;
        let reach = reach(console, person, &customer.tenant, &org).await?;
        require(&reach, Permission::ScansView)?;
        let store = reach.store(&console.door.workspaces);
        let scan = store.scan(scan).await?.filter(|scan| scan.org == org).ok_or_else(Problem::not_found)?;
        let operator = person.user.id.as_str().to_owned();
        let acting = Acting { actor: format!("operator:{operator}"), ..person.acting() };
        Ok(Self { reach, store, scan, acting, operator })
    }

    fn path(&self) -> String {
        self.path_of(&self.scan)
    }

    /// The review of another scan of this customer.
    fn path_of(&self, scan: &ScanRecord) -> String {
        format!("/review/{}/{}/{}", self.reach.customer.subdomain.as_str(), scan.org, scan.id)
    }
}

fn operators_only(person: &Person) -> Result<(), Problem> {
    match person.visit.workspace.kind {
        WorkspaceKind::Operator => person.require(Permission::CustomersView),
        WorkspaceKind::Customer | WorkspaceKind::Partner => Err(Problem::not_found()),
    }
}

/// The customer whose workspace has this subdomain.
async fn named(console: &Console, subdomain: &str) -> Result<Workspace, Problem> {
    let customer = console.door.workspaces.active(WorkspaceKind::Customer, subdomain).await?;
    customer.ok_or_else(closed)
}

/// The orgs whose first-scan approval lets an operator in now. Nothing else of the customer is read for this.
async fn open_orgs(console: &Console, person: &Person, customer: &Workspace) -> Result<Vec<OrgId>, Problem> {
    let approvals = console.door.table().tenant(customer).approvals().await?;
    let mut orgs: Vec<OrgId> = approvals
        .iter()
        .filter_map(|approval| match &approval.terms {
            Terms::FirstScan { org, .. } => {
                approval.operator_grant(org, person.visit.at).map(|_| org.clone())
            }
            Terms::WorkspaceCreation { .. }
            | Terms::ApiAccess { .. }
            | Terms::Scim { .. }
            | Terms::EvidenceRoute { .. }
            | Terms::PartnerAccess { .. } => None,
        })
        .collect();
    orgs.sort();
    orgs.dedup();
    Ok(orgs)
}

async fn reach(
    console: &Console,
    person: &Person,
    customer: &TenantId,
    org: &OrgId,
) -> Result<Reach, Problem> {
    let reached = console.door.workspaces.reach(&person.principal, customer, org, &person.acting()).await;
    reached.map_err(|error| match error {
        ReachError::Store(error) => error.into(),
        ReachError::SecondFactor => second_factor(),
        ReachError::NotAnOperator | ReachError::Customer | ReachError::NotApproved => closed(),
    })
}

/// Told before anything of a customer is read.
fn second_factor() -> Problem {
    Problem::forbidden(
        "operator.mfa",
        "Customers are looked after with a second factor.",
        "Sign out, then sign in by e-mail and code at /sign-in. While single sign-on is on in this workspace, only its \
         break-glass Admins can.",
    )
}

/// One answer for every customer that is not open: which exist is not told.
fn closed() -> Problem {
    Problem::forbidden(
        "review.closed",
        "No approval of this customer lets you in.",
        "The customer approves the first scan of the org under Approvals; it can also have been revoked.",
    )
}

/// What an operator may do there is less than at home, whatever their role.
fn require(reach: &Reach, permission: Permission) -> Result<(), Problem> {
    reach.principal.require(permission).map_err(|forbidden| {
        Problem::forbidden(
            "permission",
            "Your role does not allow this.",
            format!("It needs the permission {}. Ask an Admin of the operators.", forbidden.permission.key()),
        )
    })
}
