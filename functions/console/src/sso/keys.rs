//! The workspace's own keys: made, rotated and retired by an Admin.
//!
//! One rule: an identity provider that takes only signed requests never meets a workspace that cannot sign.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Input, Person, Problem},
    store::sso::{Purpose, SpKeys},
};

use super::{PATH, Sso, may_change, to_json};
use crate::{Console, notify};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    purpose: Purpose,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retired {
    purpose: Purpose,
    /// The key's id.
    key: String,
}

/// A first key, or the one that a rotation goes to.
pub(super) async fn make(
    State(console): State<Console>,
    person: Person,
    Input(wanted): Input<Wanted>,
) -> Result<Answer, Problem> {
    may_change(&person)?;
    let before = person.store().sp_keys().await?;
    add(&console, &person, &before, wanted.purpose).await?;
    let sso = Sso::read(&person).await?;
    Ok(Answer::done(PATH, to_json(&person, &sso)).with_status(StatusCode::CREATED))
}

/// Makes a signing key unless there is one.
pub(super) async fn ensure_signing(console: &Console, person: &Person) -> Result<(), Problem> {
    let before = person.store().sp_keys().await?;
    if before.signing.is_empty() { add(console, person, &before, Purpose::Signing).await } else { Ok(()) }
}

/// Stops using a key: the other one of its kind takes its place, if there is one.
pub(super) async fn retire(
    State(console): State<Console>,
    person: Person,
    Input(retired): Input<Retired>,
) -> Result<Answer, Problem> {
    may_change(&person)?;
    let store = person.store();
    let Retired { purpose, key } = retired;
    let next = store.sp_keys().await?.without(purpose, &key).ok_or_else(Problem::not_found)?;
    let connection = store.sso().await?.filter(|connection| connection.enabled);
    let must_sign = connection.is_some_and(|connection| connection.idp.want_authn_requests_signed);
    if purpose == Purpose::Signing && next.signing.is_empty() && must_sign {
        return Err(Problem::conflict(
            "sso.key_needed",
            "The identity provider takes signed requests only.",
            "Make another key first and give its certificate to the identity provider, or switch signed requests off \
             there and save its metadata again.",
        ));
    }
    let audit = person.acting().record("sso.key.retire", format!("key:{key}"), purpose.as_str());
    store.save_sp_keys(&next, &audit).await?;
    // Told before its secret goes: the key is out of use by now, whatever becomes of that.
    let what = format!("The {} key {key} of the workspace is not used any more.\n", purpose.as_str());
    notify::front_door(&console, &person, "A key of single sign-on was retired", &what).await;
    console.secrets.drop_sp_key(store.tenant_id(), purpose, &key).await?;
    Ok(Answer::done(PATH, json!({ "retired": key })))
}

async fn add(console: &Console, person: &Person, before: &SpKeys, purpose: Purpose) -> Result<(), Problem> {
    if before.of(purpose).len() > 1 {
        return Err(Problem::conflict(
            "sso.keys",
            "There are two keys already.",
            "Retire one of them first.",
        ));
    }
    let store = person.store();
    let visit = &person.visit;
    let host = visit.origin();
    let name = host.split("://").last().unwrap_or_default();
    let random = &*visit.door.random;
    let key = console.secrets.new_sp_key(store.tenant_id(), purpose, name, visit.at, random).await?;
    let id = key.id.clone();
    let next = before.with(purpose, key).ok_or_else(Problem::internal)?;
    let audit = person.acting().record("sso.key.make", format!("key:{id}"), purpose.as_str());
    store.save_sp_keys(&next, &audit).await?;
    let what = format!("The workspace has a new {} key, {id}.\n", purpose.as_str());
    notify::front_door(console, person, "A key of single sign-on was made", &what).await;
    Ok(())
}
