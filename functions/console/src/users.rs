//! The workspace's people, and inviting one.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use maud::html;
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Input, Person, Problem},
    scim::Start,
    store::{
        onboarding::{InviteError, send_invitation},
        users::{UserError, UserRecord},
    },
    tenant::{Permission, Role},
};

use crate::{Console, ask::Params, layout, notify, sessions::page::end_all};

const PAGE: u32 = 100;

pub(crate) fn routes() -> Router<Console> {
    Router::new().route("/users", get(list).post(invite))
}

#[derive(Deserialize)]
struct Page {
    #[serde(default = "first")]
    start: u64,
}

fn first() -> u64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    email: String,
    role: String,
}

async fn list(person: Person, Params(page): Params<Page>) -> Result<Answer, Problem> {
    person.require(Permission::UsersView)?;
    let start = page.start.max(1);
    let page = person.store().user_page(Start::Index(start), PAGE, person.visit.at).await?;
    let (total, users) = (page.total, page.users);
    let role = |user: &UserRecord| user.role(person.principal.tenant()).map_or("inactive", Role::name);
    let json = json!({
        "total": total,
        "users": users.iter().map(|user| json!({
            "id": user.id, "userName": user.attributes.user_name(), "active": user.active,
            "role": role(user), "source": user.source,
        })).collect::<Vec<_>>(),
    });
    let manages = person.principal.may(Permission::UsersManage);
    let gives_roles = person.principal.may(Permission::RolesManage);
    let offered = Role::ALL.into_iter().filter(|role| {
        *role == Role::User || (gives_roles && person.principal.role().is_some_and(|own| *role <= own))
    });
    let next = start.saturating_add(u64::from(PAGE));
    let body = html! {
        table {
            caption { (total) " people" }
            thead { tr { th scope="col" { "User name" } th scope="col" { "Role" } th scope="col" { "Comes from" }
                th scope="col" { "Changed" } @if manages { th scope="col" { "Sessions" } } } }
            tbody {
                @for user in &users {
                    tr {
                        td { (user.attributes.user_name()) }
                        td { (role(user)) }
                        td { (user.source.as_str()) }
                        td { (layout::time(user.updated)) }
                        @if manages { td { (end_all(user.id.as_str(), "End all sessions")) } }
                    }
                }
            }
        }
        @if next <= total { p { a href=(format!("/users?start={next}")) { "Next page" } } }
        @if manages {
            h2 { "Invite a person" }
            form class="stack" method="post" action="/users" {
                label { "E-mail" input name="email" type="email" required autocomplete="off"; }
                label { "Role"
                    select name="role" { @for role in offered { option { (role.name()) } } }
                    small { "Nobody can give a role above their own." }
                }
                button class="primary" type="submit" { "Invite" }
            }
        }
    };
    Ok(Answer::page(layout::page(&person, "/users", "Users", &body), json))
}

async fn invite(
    State(console): State<Console>,
    person: Person,
    Input(invitation): Input<Invitation>,
) -> Result<Answer, Problem> {
    person.require(Permission::UsersManage)?;
    person.require_fresh()?;
    let role = Role::from_name(&invitation.role).ok_or_else(|| {
        Problem::bad_request(
            "role.unknown",
            "There is no such role.",
            "Choose one of the six published roles.",
        )
    })?;
    if role != Role::User {
        person.require(Permission::RolesManage)?;
    }
    if person.principal.role().is_none_or(|own| role > own) {
        return Err(Problem::forbidden(
            "role.above",
            "That role is above your own.",
            "Ask somebody who has it.",
        ));
    }
    let invited = person.store().invite(&invitation.email, role, &person.acting()).await;
    let (user, token) = invited.map_err(|error| match error {
        InviteError::Email => Problem::bad_request(
            "email",
            "That is not an e-mail address.",
            "Give one such as name@example.com.",
        ),
        InviteError::User(UserError::NameTaken) => Problem::conflict(
            "user.exists",
            "This person is in the workspace already.",
            "Look in the list above.",
        ),
        InviteError::User(UserError::Changed) => Problem::unavailable(1),
        InviteError::User(UserError::Store(error)) | InviteError::Store(error) => error.into(),
    })?;
    send_invitation(&console.mailer, &person.visit.origin(), &invitation.email, &token).await?;
    if role != Role::User {
        let what = format!("{} was invited with the role {}.", invitation.email, role.name());
        notify::front_door(&console, &person, "A person was invited with a role", &what).await;
    }
    Ok(Answer::done("/users", json!({ "id": user.id })).with_status(StatusCode::CREATED))
}
