//! The frame of a signed-in person's pages: where one is, where one can go, who one is.

use maud::{DOCTYPE, Markup, html};
use shared::{
    http::Person,
    tenant::{Permission, WorkspaceKind},
};

/// A place in the navigation and what one needs to go there.
struct Place {
    path: &'static str,
    name: &'static str,
    needs: Option<Permission>,
    kinds: &'static [WorkspaceKind],
}

const CUSTOMER: &[WorkspaceKind] = &[WorkspaceKind::Customer];
const OPERATOR: &[WorkspaceKind] = &[WorkspaceKind::Operator];
const ALL: &[WorkspaceKind] = &[WorkspaceKind::Customer, WorkspaceKind::Operator, WorkspaceKind::Partner];
/// Operators read in the review.
const READERS: &[WorkspaceKind] = &[WorkspaceKind::Customer, WorkspaceKind::Partner];

const PLACES: &[Place] = &[
    Place { path: "/", name: "Start", needs: None, kinds: ALL },
    Place { path: "/customers", name: "Customers", needs: Some(Permission::CustomersView), kinds: OPERATOR },
    Place { path: "/orgs", name: "Okta orgs", needs: Some(Permission::OrgsView), kinds: CUSTOMER },
    Place { path: "/findings", name: "Findings", needs: Some(Permission::FindingsView), kinds: CUSTOMER },
    Place { path: "/reports", name: "Reports", needs: Some(Permission::ReportsView), kinds: CUSTOMER },
    Place { path: "/approvals", name: "Approvals", needs: Some(Permission::FindingsView), kinds: CUSTOMER },
    Place { path: "/deliveries", name: "Deliveries", needs: None, kinds: READERS },
    Place { path: "/users", name: "Users", needs: Some(Permission::UsersView), kinds: ALL },
    Place { path: "/security/sso", name: "SSO", needs: Some(Permission::SecurityManage), kinds: ALL },
    Place { path: "/security/scim", name: "SCIM", needs: Some(Permission::SecurityManage), kinds: ALL },
    Place { path: "/audit", name: "Audit log", needs: Some(Permission::LogsView), kinds: ALL },
];

/// A page of the workspace. `path` is the place that it belongs to.
pub(crate) fn page(person: &Person, path: &str, title: &str, body: &Markup) -> Markup {
    let workspace = &person.visit.workspace;
    let places = PLACES.iter().filter(|place| {
        place.kinds.contains(&workspace.kind) && place.needs.is_none_or(|p| person.principal.may(p))
    });
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (workspace.name) " · Atomation" }
                link rel="stylesheet" href="/assets/app.css";
            }
            body {
                a class="skip" href="#main" { "Skip to content" }
                header {
                    p class="workspace" { (workspace.name) }
                    nav aria-label="Workspace" {
                        ul {
                            @for place in places {
                                li {
                                    a href=(place.path) aria-current=[(place.path == path).then_some("page")] {
                                        (place.name)
                                    }
                                }
                            }
                        }
                    }
                    form class="who" method="post" action="/sign-out" {
                        span { a href="/sessions" { (person.user.attributes.user_name()) } " · " (role(person)) }
                        button type="submit" { "Sign out" }
                    }
                }
                main id="main" {
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
}

fn role(person: &Person) -> &'static str {
    person.principal.role().map_or("no role", shared::tenant::Role::name)
}

/// A date and time for people, with the exact instant for tools.
pub(crate) fn time(at: jiff::Timestamp) -> Markup {
    html! { time datetime=(at) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}
