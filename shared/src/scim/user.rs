//! A user: what a client may set, and what we answer.

mod apply;
mod render;

use std::fmt;
use std::io;
use std::iter::once;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use unicode_normalization::is_nfc;

pub use render::{GroupRef, UserView, render};

use super::ScimError;
use super::json::Json;
use super::normalise::{self, Object, is_primary};
use super::patch::PatchRequest;
use super::schema::ResourceKind;

/// The longest `userName` in bytes.
pub const MAX_USER_NAME: usize = 256;

/// The most bytes that a user's attributes take as JSON: a page of 200 such users is below Lambda's 6 MB.
pub const MAX_ATTRIBUTES: usize = 24 * 1024;

/// The attributes of a user that a client has set, under their canonical names.
///
/// Serialised as that object. Always has a good `userName` and an `active` that is true or false, never a
/// `password`, nothing read-only and nothing the schema table does not name. A clone shares all but `active`, which
/// is what changes most, until one of the two is changed.
#[derive(Clone, PartialEq)]
pub struct UserAttributes {
    /// Without `active`.
    others: Arc<Object>,
    active: bool,
}

impl UserAttributes {
    /// From the body of `POST /Users`. A user is active unless the body says otherwise.
    pub fn from_create<'a>(body: impl Into<Json<'a>>) -> Result<Self, ScimError> {
        Ok(UserBody::parse(&body.into())?.attributes(true))
    }

    /// From the body of `PUT /Users/{id}`: see [`UserBody`].
    pub fn from_replace<'a>(body: impl Into<Json<'a>>, active_now: bool) -> Result<Self, ScimError> {
        Ok(UserBody::parse(&body.into())?.attributes(active_now))
    }

    /// These attributes after a PATCH. All operations apply or none does.
    pub fn apply_patch(&self, patch: &PatchRequest<'_>) -> Result<Self, ScimError> {
        if let Some(active) = apply::active_alone(patch)? {
            return Ok(self.clone().with_active(active));
        }
        let mut attributes = self.to_object();
        for operation in patch.operations() {
            apply::apply(&mut attributes, operation)?;
        }
        Self::checked(attributes)
    }

    /// The same attributes with another `active`, for a store that keeps the flag beside them.
    #[must_use]
    pub fn with_active(self, active: bool) -> Self {
        Self { active, ..self }
    }

    /// The attributes as JSON, `active` included.
    pub fn to_object(&self) -> Object {
        self.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    /// Each attribute, `active` last.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let others = self.others.iter().map(|(name, value)| (name.as_str(), value));
        others.chain(once((ACTIVE, flag(self.active))))
    }

    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        if name == ACTIVE { Some(flag(self.active)) } else { self.others.get(name) }
    }

    /// As the client wrote it. Its key is [`super::fold_user_name`] of it.
    pub fn user_name(&self) -> &str {
        self.text("userName").unwrap_or_default()
    }

    /// Okta's id of the user, unless empty.
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// Whether the person may sign in.
    pub fn active(&self) -> bool {
        self.active
    }

    /// The address to write to: the primary one, else the one for work, else the first.
    pub fn primary_email(&self) -> Option<&str> {
        let emails = self.others.get("emails")?.as_array()?;
        let work =
            |email: &&Value| email["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("work"));
        let email = emails.iter().find(|email| is_primary(email)).or_else(|| emails.iter().find(work));
        email.or_else(|| emails.first())?["value"].as_str().filter(|address| !address.is_empty())
    }

    pub fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    pub fn given_name(&self) -> Option<&str> {
        self.name_part("givenName")
    }

    pub fn family_name(&self) -> Option<&str> {
        self.name_part("familyName")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.others.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn name_part(&self, part: &str) -> Option<&str> {
        self.others.get("name")?.get(part)?.as_str().filter(|text| !text.is_empty())
    }

    /// The rules over all attributes, checked after every change of more than `active`.
    fn checked(mut attributes: Object) -> Result<Self, ScimError> {
        let Some(Value::Bool(active)) = attributes.shift_remove(ACTIVE) else {
            return Err(ScimError::invalid_value("The value of `active` must be true or false."));
        };
        let attributes = Self { others: attributes.into(), active };
        check_user_name(attributes.user_name())?;
        if attributes.bytes() <= MAX_ATTRIBUTES {
            Ok(attributes)
        } else {
            Err(ScimError::payload_too_large("The user's attributes are above 24 KB."))
        }
    }

    /// How long they are as JSON.
    pub fn bytes(&self) -> usize {
        let mut size = Size(0);
        // What cannot be written is too large for any limit.
        serde_json::to_writer(&mut size, self).map_or(usize::MAX, |()| size.0)
    }
}

/// The body of `POST /Users` and `PUT /Users/{id}`. All attributes are replaced, save `active`: a body without
/// it leaves the user as active as it is, so that no client wakes a deactivated user by not mentioning it
/// (RFC 7644 section 3.5.1 lets the server choose).
#[derive(Debug, Clone)]
pub struct UserBody {
    attributes: UserAttributes,
    says_active: bool,
}

impl UserBody {
    /// Reads the body.
    pub fn parse(body: &Json<'_>) -> Result<Self, ScimError> {
        let body = normalise::object(body)?;
        let says_active = normalise::member(body, "active")?.is_some();
        let mut attributes = normalise::resource(body, ResourceKind::User)?;
        if !says_active {
            attributes.insert("active".to_owned(), true.into());
        }
        Ok(Self { attributes: UserAttributes::checked(attributes)?, says_active })
    }

    /// The userName that a body seems to have, for who wants to look it up before all else is checked.
    pub fn peek_user_name<'b>(body: &'b Json<'_>) -> Option<&'b str> {
        normalise::member(normalise::object(body).ok()?, "userName").ok()??.as_str()
    }

    /// The attributes of a user who is `active_now`; a new one is.
    pub fn attributes(&self, active_now: bool) -> UserAttributes {
        let attributes = self.attributes.clone();
        if self.says_active { attributes } else { attributes.with_active(active_now) }
    }
}

impl Serialize for UserAttributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for UserAttributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut attributes = Object::deserialize(deserializer)?;
        let active = attributes.shift_remove(ACTIVE) == Some(Value::Bool(true));
        Ok(Self { others: attributes.into(), active })
    }
}

/// The name of the attribute that is kept apart.
const ACTIVE: &str = "active";

fn flag(active: bool) -> &'static Value {
    static FLAGS: [Value; 2] = [Value::Bool(false), Value::Bool(true)];
    &FLAGS[usize::from(active)]
}

/// Prints no personal data.
impl fmt::Debug for UserAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserAttributes({} attributes)", self.others.len() + 1)
    }
}

/// What can be a `userName`. It is kept verbatim, blanks and all, and encoded wherever it is shown; only
/// NFC is taken, so that one name has one spelling.
pub fn check_user_name(name: &str) -> Result<(), ScimError> {
    let wrong = if name.trim().is_empty() {
        "A user needs a `userName`."
    } else if name.len() > MAX_USER_NAME {
        "`userName` is longer than 256 bytes."
    } else if name.chars().any(char::is_control) {
        "`userName` has a control character."
    } else if !is_nfc(name) {
        "`userName` is not in Unicode normalization form C."
    } else {
        return Ok(());
    };
    Err(ScimError::invalid_value(wrong))
}

/// Counts what is written to it.
struct Size(usize);

impl io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
