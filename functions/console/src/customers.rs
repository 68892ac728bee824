//! The operators' list of customers, and creating one. Only in the operators' own workspace.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use maud::html;
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Input, Person, Problem},
    store::onboarding::{NewWorkspace, OnboardingError, send_invitation},
    tenant::{Permission, Subdomain, WorkspaceKind},
};

use crate::{Console, layout};

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/customers", get(list).post(create))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCustomer {
    subdomain: String,
    name: String,
    /// The sponsor, who becomes the first administrator.
    email: String,
    #[serde(default)]
    kind: Kind,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Customer,
    Partner,
}

async fn list(person: Person) -> Result<Answer, Problem> {
    person.require(Permission::CustomersView)?;
    let customers = person.store().customers().await?;
    let json = json!({ "customers": customers });
    let body = html! {
        @if customers.is_empty() {
            p class="empty" { "No workspace yet." }
        } @else {
            table {
                caption { "Workspaces" }
                thead { tr { th scope="col" { "Address" } th scope="col" { "Name" } th scope="col" { "Kind" }
                    th scope="col" { "Created" } th scope="col" { "Scans" } } }
                tbody {
                    @for customer in &customers {
                        tr {
                            td { code { (customer.subdomain.as_str()) } }
                            td { (customer.name) }
                            td { (customer.kind.name()) }
                            td { (layout::time(customer.created)) }
                            td { @if customer.kind == WorkspaceKind::Customer {
                                a href=(format!("/review/{}", customer.subdomain.as_str())) { "Review" } } }
                        }
                    }
                }
            }
        }
        @if person.principal.may(Permission::CustomersManage) {
            h2 { "Create a workspace" }
            form class="stack" method="post" action="/customers" {
                label { "Subdomain" input name="subdomain" required autocomplete="off";
                    small { "3 to 40 characters a-z, 0-9 and -. It is given once and never again." } }
                label { "Name" input name="name" required autocomplete="off"; }
                label { "Sponsor's e-mail" input name="email" type="email" required autocomplete="off"; }
                label { "Kind" select name="kind" { option value="customer" { "Customer" } option value="partner" { "Partner" } } }
                button class="primary" type="submit" { "Create and invite" }
            }
        }
    };
    Ok(Answer::page(layout::page(&person, "/customers", "Customers", &body), json))
}

async fn create(
    State(console): State<Console>,
    person: Person,
    Input(input): Input<NewCustomer>,
) -> Result<Answer, Problem> {
    person.require(Permission::CustomersManage)?;
    let subdomain = Subdomain::parse(&input.subdomain).map_err(|error| {
        Problem::bad_request("subdomain", "That subdomain cannot be used.", format!("{error}."))
    })?;
    let name = input.name.trim();
    if name.is_empty() || name.len() > 100 || name.contains(char::is_control) {
        return Err(Problem::bad_request(
            "name",
            "That name cannot be used.",
            "Give 1 to 100 visible characters.",
        ));
    }
    let kind = match input.kind {
        Kind::Customer => WorkspaceKind::Customer,
        Kind::Partner => WorkspaceKind::Partner,
    };
    let new = NewWorkspace { subdomain, name: name.to_owned(), kind, email: input.email.clone() };
    let created = console.door.workspaces.create_listed(&person.store(), &new, &person.acting()).await;
    let created = created.map_err(|error| match error {
        OnboardingError::SubdomainTaken => Problem::conflict(
            "subdomain.taken",
            "That subdomain was given before.",
            "Choose another one: a subdomain is never given twice.",
        ),
        OnboardingError::Email => Problem::bad_request(
            "email",
            "That is not an e-mail address.",
            "Give one such as name@example.com.",
        ),
        OnboardingError::FreeMail(_) => Problem::bad_request(
            "email.provider",
            "Anybody can have an address there.",
            "Give the sponsor's address at the partner's own domain.",
        ),
        OnboardingError::Store(error) => error.into(),
        OnboardingError::Mail(error) => error.into(),
    })?;
    let origin = console.door.base.origin(created.workspace.subdomain.as_str());
    send_invitation(&console.mailer, &origin, &input.email, &created.invitation).await?;
    let json =
        json!({ "tenant": created.workspace.tenant, "origin": origin, "state": created.workspace.state });
    Ok(Answer::done("/customers", json).with_status(StatusCode::CREATED))
}
