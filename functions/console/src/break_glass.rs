//! Security → Break-glass: the administrators who may sign in by e-mail although SSO is on.
//!
//! Who is named here can get past the identity provider, so naming needs a fresh sign-in and every Admin hears
//! of it, as of each use.

use axum::{Router, extract::State, routing::get};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Input, Person, Problem},
    store::users::UserRecord,
    tenant::{Permission, Role},
};

use crate::{Console, layout, notify};

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/security/break-glass", get(show).post(change))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// An Admin's user name.
    user: String,
    /// `name` or `withdraw`.
    action: Action,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Action {
    Name,
    Withdraw,
}

async fn show(person: Person) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    let named = named(&person).await?;
    let json = json!({
        "named": named.iter().map(|user| json!({
            "id": user.id, "userName": user.attributes.user_name(), "secondFactor": user.totp_enrolled,
        })).collect::<Vec<_>>(),
    });
    Ok(Answer::page(layout::page(&person, "/security/sso", "Break-glass", &page(&named)), json))
}

async fn change(
    State(console): State<Console>,
    person: Person,
    Input(change): Input<Change>,
) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    person.require_fresh()?;
    let store = person.store();
    let user =
        store.user_by_name(&change.user).await?.filter(|user| is_admin(&person, user)).ok_or_else(|| {
            Problem::bad_request(
                "break_glass.user",
                "That is no active Admin of this workspace.",
                "Give the user name of an Admin, as the list of users shows it.",
            )
        })?;
    let mut workspace = person.visit.workspace.clone();
    let list = &mut workspace.settings.break_glass;
    list.retain(|id| *id != user.id);
    if change.action == Action::Name {
        list.push(user.id.clone());
    }
    if *list != person.visit.workspace.settings.break_glass {
        let (action, word) = match change.action {
            Action::Name => ("break_glass.name", "named"),
            Action::Withdraw => ("break_glass.withdraw", "no longer named"),
        };
        store.save_workspace(&workspace, &person.acting().record(action, user.target(), "")).await?;
        let what = format!("{} is {word} for break-glass sign-in.", user.attributes.user_name());
        notify::front_door(&console, &person, "Break-glass changed", &what).await;
    }
    Ok(Answer::done("/security/break-glass", json!({ "breakGlass": workspace.settings.break_glass })))
}

fn is_admin(person: &Person, user: &UserRecord) -> bool {
    user.role(person.principal.tenant()) == Some(Role::Admin)
}

async fn named(person: &Person) -> Result<Vec<UserRecord>, Problem> {
    let store = person.store();
    let mut named = Vec::new();
    for id in &person.visit.workspace.settings.break_glass {
        named.extend(store.user(id.as_str()).await?);
    }
    Ok(named)
}

fn page(named: &[UserRecord]) -> Markup {
    html! {
        p { "While SSO is on, only these Admins may sign in by e-mail link and code. All Admins hear of each use." }
        @if named.is_empty() {
            p class="warn" { "Nobody is named: if SSO breaks, nobody can get in to mend it." }
        } @else {
            table {
                caption { "Named Admins" }
                thead { tr { th scope="col" { "User name" } th scope="col" { "Second factor" } th scope="col" { "Change" } } }
                tbody {
                    @for user in named {
                        tr {
                            td { (user.attributes.user_name()) }
                            td { @if user.totp_enrolled { "set up" } @else { span class="warn" { "not set up" } } }
                            td {
                                form method="post" action="/security/break-glass" {
                                    input type="hidden" name="user" value=(user.attributes.user_name());
                                    input type="hidden" name="action" value="withdraw";
                                    button class="danger" type="submit" { "Withdraw" }
                                }
                            }
                        }
                    }
                }
            }
        }
        h2 { "Name an Admin" }
        form class="stack" method="post" action="/security/break-glass" {
            input type="hidden" name="action" value="name";
            label { "User name" input name="user" required autocomplete="off"; }
            button class="primary" type="submit" { "Name" }
        }
    }
}
