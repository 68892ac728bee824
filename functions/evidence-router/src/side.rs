//! Whose objects a request is about, and as whom the reader comes to them.

use axum::http::StatusCode;
use shared::{
    http::{Person, Problem},
    store::{TenantStore, audit::Acting, deliveries::Reader, operators::ReachError},
    tenant::{OrgId, Principal, Workspace, WorkspaceKind},
};

use crate::asked::Asked;

/// A reader at a workspace's objects.
pub(crate) struct Side {
    pub(crate) store: TenantStore,
    principal: Principal,
    /// In the owner's audit log.
    actor: String,
}

impl Side {
    /// Finds the workspace that is asked about. Everything that does not fit is the same refusal.
    pub(crate) async fn of(person: &Person, asked: &Asked) -> Result<Self, Problem> {
        let home = &person.visit.workspace;
        match (home.kind, &asked.customer) {
            (WorkspaceKind::Customer, None) => Ok(Self {
                store: person.store(),
                principal: person.principal.clone(),
                actor: format!("user:{}", person.user.id),
            }),
            (WorkspaceKind::Customer, Some(_)) => Err(refused()),
            (WorkspaceKind::Partner | WorkspaceKind::Operator, None) => Err(Problem::bad_request(
                "delivery.customer",
                "Whose files do you want to read?",
                "Name the customer: ?customer=SUBDOMAIN.",
            )),
            (WorkspaceKind::Partner, Some(customer)) => {
                let customer = named(person, customer).await?;
                Ok(Self {
                    store: person.visit.door.table().tenant(&customer),
                    principal: person.principal.clone(),
                    actor: format!("partner:{}:{}", home.tenant, person.user.id),
                })
            }
            (WorkspaceKind::Operator, Some(customer)) => {
                let org = asked.org.as_deref().ok_or_else(|| {
                    let next = "Add &org= and the id of the Okta org: approvals let operators in org by org.";
                    Problem::bad_request("delivery.org", "Which Okta org are the files of?", next)
                })?;
                operator(person, &named(person, customer).await?, &OrgId::new(org)).await
            }
        }
    }

    /// The reader, for the decision.
    pub(crate) fn reader<'a>(&'a self, person: &'a Person) -> Reader<'a> {
        Reader {
            principal: &self.principal,
            user: &person.user,
            home: &person.visit.workspace,
            mfa: person.session.method().proves_second_factor(),
        }
    }

    /// Who acts, in the owner's audit log.
    pub(crate) fn acting<'a>(&self, person: &'a Person) -> Acting<'a> {
        person.visit.acting(self.actor.clone())
    }
}

/// The one answer to whatever is not open to the reader, there or not.
pub(crate) fn refused() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "delivery.refused",
        "This is not open to you.",
        "Ask an Admin of the workspace that it belongs to: reading needs their approval, and theirs alone.",
    )
}

async fn named(person: &Person, customer: &str) -> Result<Workspace, Problem> {
    let customer = person.visit.door.workspaces.active(WorkspaceKind::Customer, customer).await?;
    customer.ok_or_else(refused)
}

async fn operator(person: &Person, customer: &Workspace, org: &OrgId) -> Result<Side, Problem> {
    let workspaces = &person.visit.door.workspaces;
    let acting = person.acting();
    let reach = workspaces.reach(&person.principal, &customer.tenant, org, &acting).await;
    let reach = reach.map_err(|error| match error {
        ReachError::Store(error) => error.into(),
        ReachError::NotAnOperator
        | ReachError::SecondFactor
        | ReachError::Customer
        | ReachError::NotApproved => refused(),
    })?;
    Ok(Side {
        store: reach.store(workspaces),
        principal: reach.principal,
        actor: format!("operator:{}", person.user.id),
    })
}
