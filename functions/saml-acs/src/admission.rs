//! Who may come in (decisions.md, Sign-in): the user of that name if active; a new one by JIT where the workspace
//! allows it.
//!
//! One rule: JIT brings a User in and keeps name and e-mail up to date. It never wakes anybody up, never brings back
//! whom SCIM deleted, never gives a role, never touches whom SCIM manages, and never moves the mailbox of who was let in by a person
//! (infra/adr/0008).

use serde_json::{Map, Value, json};
use shared::{
    saml::Identity,
    scim::UserAttributes,
    store::users::{Namesake, NewUser, Source, UserRecord},
    tenant::workspace::Settings,
};

/// What a verified identity amounts to.
#[derive(Debug)]
pub(crate) enum Admission {
    /// A user who is there, with attributes to keep if they changed.
    Known { user: Box<UserRecord>, profile: Option<UserAttributes> },
    /// A user to create.
    New(NewUser),
}

/// Why a verified identity does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The user was deactivated.
    Disabled,
    /// There is no such user and the workspace lets SCIM decide.
    NotProvisioned,
    /// SCIM deleted the user of that name: only who provisions may bring the person back.
    Deleted,
    /// The name cannot be a `userName` here.
    Name,
}

/// Decides for the user of that name, if there is one.
pub(crate) fn admit(identity: &Identity, named: Namesake, settings: &Settings) -> Result<Admission, Denied> {
    match named.user {
        Some(user) if !user.active => Err(Denied::Disabled),
        Some(user) => {
            let profile = match user.source {
                Source::Scim => None,
                Source::Jit | Source::Invited => {
                    changed_profile(identity, &user.attributes, keeps_address(&user, settings))
                }
            };
            Ok(Admission::Known { user: Box::new(user), profile })
        }
        None if named.was_deleted => Err(Denied::Deleted),
        None if settings.require_provisioning => Err(Denied::NotProvisioned),
        None => {
            let attributes = new_profile(identity).ok_or(Denied::Name)?;
            Ok(Admission::New(NewUser { attributes, source: Source::Jit, grants: Vec::new() }))
        }
    }
}

/// Whether alarms or sign-in links go to the user's address: whoever holds the identity provider's key would
/// otherwise move them to a mailbox of their own.
fn keeps_address(user: &UserRecord, settings: &Settings) -> bool {
    user.source == Source::Invited || !user.grants.is_empty() || settings.break_glass.contains(&user.id)
}

/// Names under which identity providers send an attribute; the first that is there counts.
const GIVEN_NAME: &[&str] =
    &["firstName", "givenName", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"];
const FAMILY_NAME: &[&str] =
    &["lastName", "familyName", "sn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"];
const EMAIL: &[&str] =
    &["email", "mail", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"];

/// The longest value that is taken over.
const MAX_VALUE: usize = 256;

fn attribute<'a>(identity: &'a Identity, names: &[&str]) -> Option<&'a str> {
    let named = |name: &&str| identity.attributes.iter().find(|(key, _)| key == name);
    let (_, values) = names.iter().find_map(named)?;
    let value = values.first()?.trim();
    let usable = !value.is_empty() && value.len() <= MAX_VALUE && !value.chars().any(char::is_control);
    usable.then_some(value)
}

fn new_profile(identity: &Identity) -> Option<UserAttributes> {
    let name = &identity.name_id;
    let email = attribute(identity, EMAIL).or_else(|| name.contains('@').then_some(name.as_str()));
    let mut body = Map::new();
    body.insert("userName".to_owned(), name.as_str().into());
    set_names(&mut body, identity);
    if let Some(email) = email {
        body.insert("emails".to_owned(), emails(email));
    }
    UserAttributes::from_create(&body.into()).ok()
}

/// The attributes with the identity's name, and its e-mail unless the user `keeps_address`; none when that changes
/// nothing.
fn changed_profile(
    identity: &Identity,
    before: &UserAttributes,
    keeps_address: bool,
) -> Option<UserAttributes> {
    let mut body = before.to_object();
    set_names(&mut body, identity);
    if !keeps_address
        && let Some(email) = attribute(identity, EMAIL)
        && before.primary_email() != Some(email)
    {
        body.insert("emails".to_owned(), emails(email));
    }
    let after = UserAttributes::from_replace(&body.into(), before.active()).ok()?;
    (after != *before).then_some(after)
}

fn set_names(body: &mut Map<String, Value>, identity: &Identity) {
    for (part, names) in [("givenName", GIVEN_NAME), ("familyName", FAMILY_NAME)] {
        let Some(value) = attribute(identity, names) else { continue };
        let name = body.entry("name").or_insert_with(|| json!({}));
        if let Some(name) = name.as_object_mut() {
            name.insert(part.to_owned(), value.into());
        }
    }
}

fn emails(address: &str) -> Value {
    json!([{ "value": address, "type": "work", "primary": true }])
}

#[cfg(test)]
mod tests;
