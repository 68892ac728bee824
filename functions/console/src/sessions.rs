//! Sessions: a person's own, and for who manages people everybody's: to look at and to end.
//!
//! One rule: only live sessions are shown, judged as the next request would judge them.

pub(crate) mod page;

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    http::{Answer, Input, Person, Problem},
    store::{StoreError, sessions::ListedSession, users::UserRecord},
    tenant::{
        Permission, UserId,
        session::{self, Limits},
    },
};

use crate::{Console, ask::Params, notify};

const PATH: &str = "/sessions";
/// Sessions on a page.
const PAGE: u32 = 50;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/sessions", get(show))
        .route("/sessions/revoke", post(revoke))
        .route("/sessions/end", post(end))
        .route("/sessions/limits", post(limits))
}

#[derive(Deserialize)]
struct Page {
    /// The place in the list that the page before ended at.
    after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    user: String,
    session: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(deserialize_with = "crate::ask::number")]
    idle_minutes: u16,
    #[serde(deserialize_with = "crate::ask::number")]
    hours: u16,
}

/// A live session and the person it is of.
struct Shown {
    session: ListedSession,
    user: UserRecord,
    /// Whether it is the one that asks.
    is_this: bool,
}

async fn show(person: Person, Params(page): Params<Page>) -> Result<Answer, Problem> {
    let store = person.store();
    let own = live(&person, store.sessions_of(&person.user.id, PAGE).await?).await?;
    let (all, more) = if person.principal.may(Permission::UsersManage) {
        let after = page.after.as_deref().filter(|after| after.len() <= 128);
        let (listed, more) = store.sessions(after, PAGE).await?;
        (Some(live(&person, listed).await?), more)
    } else {
        (None, None)
    };
    let limits = person.visit.workspace.settings.session;
    let json = json!({
        "own": own.iter().map(to_json).collect::<Vec<_>>(),
        "all": all.as_ref().map(|all| all.iter().map(to_json).collect::<Vec<_>>()),
        "more": more,
        "limits": { "idleMinutes": limits.idle_minutes(), "hours": limits.hours() },
    });
    Ok(Answer::page(page::show(&person, &own, all.as_deref(), more.as_deref()), json))
}

/// Ends one session: one's own, or anybody's for who manages people.
async fn revoke(person: Person, Input(one): Input<One>) -> Result<Answer, Problem> {
    let user = whose(&person, &one.user).await?;
    let audit = person.acting().record("session.revoke", user.target(), one.session.as_str());
    let known = one.session.len() <= 40 && one.session.bytes().all(|b| b.is_ascii_alphanumeric());
    if !known || !person.store().revoke_session(&user.id, &one.session, &audit).await? {
        return Err(Problem::not_found());
    }
    Ok(Answer::done(PATH, json!({ "ended": true })))
}

/// Ends all sessions of a person by their next request.
async fn end(person: Person, Input(whose_all): Input<Whose>) -> Result<Answer, Problem> {
    let user = whose(&person, &whose_all.user).await?;
    let audit = person.acting().record("session.end_all", user.target(), "");
    person.store().end_all_sessions(&user, &audit).await?;
    Ok(Answer::done(PATH, json!({ "ended": true })))
}

/// How long sessions last: a change to the front door like any other.
async fn limits(
    State(console): State<Console>,
    person: Person,
    Input(wanted): Input<Wanted>,
) -> Result<Answer, Problem> {
    person.require(Permission::SecurityManage)?;
    person.require_fresh()?;
    let limits = Limits::new(wanted.idle_minutes, wanted.hours).map_err(|error| {
        Problem::bad_request(
            "session.limits",
            "Sessions cannot last that long, or that short.",
            error.to_string(),
        )
    })?;
    let mut workspace = person.visit.workspace.clone();
    workspace.settings.session = limits;
    let detail = format!("idle_minutes={} hours={}", wanted.idle_minutes, wanted.hours);
    let audit = person.acting().record("session.limits", "workspace", detail.as_str());
    person.store().save_workspace(&workspace, &audit).await?;
    notify::front_door(&console, &person, "Session limits were changed", &format!("Now: {detail}\n")).await;
    let json = json!({ "idleMinutes": limits.idle_minutes(), "hours": limits.hours() });
    Ok(Answer::done(PATH, json))
}

/// The person with this id: oneself, or anybody for who manages people. For everybody else nobody is there.
async fn whose(person: &Person, id: &str) -> Result<UserRecord, Problem> {
    if person.user.id.as_str() == id {
        return Ok(person.user.clone());
    }
    person.require(Permission::UsersManage)?;
    person.store().user(id).await?.ok_or_else(Problem::not_found)
}

/// Those of `listed` that the next request would find alive.
async fn live(person: &Person, listed: Vec<ListedSession>) -> Result<Vec<Shown>, StoreError> {
    let store = person.store();
    let mut people: BTreeMap<UserId, Option<UserRecord>> =
        BTreeMap::from([(person.user.id.clone(), Some(person.user.clone()))]);
    let mut shown = Vec::new();
    for session in listed {
        let id = &session.record.user;
        if !people.contains_key(id) {
            people.insert(id.clone(), store.user(id.as_str()).await?);
        }
        let user = people.get(id).cloned().flatten();
        let judged = |user: &UserRecord| {
            let withdrawals = person.visit.workspace.withdrawals;
            session::judge(&session.record, user.session_state(), withdrawals, person.visit.at).is_ok()
        };
        if let Some(user) = user.filter(judged) {
            let is_this = session.is(&person.session_hash);
            shown.push(Shown { session, user, is_this });
        }
    }
    Ok(shown)
}

fn to_json(shown: &Shown) -> Value {
    let Shown { session, user, is_this } = shown;
    let record = &session.record;
    json!({
        "user": user.id,
        "userName": user.attributes.user_name(),
        "session": session.id,
        "method": record.method,
        "opened": record.opened,
        "lastSeen": record.last_seen,
        "ends": record.ends(),
        "acr": record.idp.as_ref().and_then(|idp| idp.acr.as_deref()),
        "current": is_this,
    })
}
