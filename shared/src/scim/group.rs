//! A group: what a client may set, and what we answer.
//!
//! Members are user ids. Groups in groups are refused: a role that came through a chain of groups could not
//! be explained to an auditor by looking at one group.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use super::ScimError;
use super::json::Json;
use super::meta::{Location, Meta};
use super::normalise::{member, object};
use super::projection::Projection;
use super::schema::{GROUP_URN, ResourceKind};

/// The longest `displayName` and `externalId` of a group, in bytes.
pub const MAX_TEXT: usize = 1_024;

/// The longest id that is looked at as a member's. Ours have 36 bytes.
const MAX_MEMBER_ID: usize = 256;

/// The attributes of a group that a client has set, but for its members.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupAttributes {
    pub display_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

/// Prints no personal data: group names are the customer's.
impl fmt::Debug for GroupAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupAttributes")
    }
}

/// A member as a client names it and as we answer it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberRef {
    /// The user's id.
    pub value: String,
}

/// Prints no personal data.
impl fmt::Debug for MemberRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberRef({})", self.value)
    }
}

/// The body of `POST /Groups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCreate {
    pub attributes: GroupAttributes,
    /// Each once, in the order of their ids.
    pub members: Vec<MemberRef>,
}

/// The body of `PUT /Groups/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupReplace {
    pub attributes: GroupAttributes,
    /// The members, or `None` if the body does not speak of them: then they stay. We leave `members` out
    /// of very large groups, and Okta sends back what we answered.
    pub members: Option<BTreeSet<String>>,
}

impl GroupCreate {
    /// Reads the body.
    pub fn parse(body: &Json<'_>) -> Result<Self, ScimError> {
        let GroupReplace { attributes, members } = GroupReplace::parse(body)?;
        let member = |value| MemberRef { value };
        Ok(Self { attributes, members: members.into_iter().flatten().map(member).collect() })
    }

    /// The displayName that a body seems to have, for who wants to look it up before all else is checked.
    pub fn peek_name<'b>(body: &'b Json<'_>) -> Option<&'b str> {
        member(object(body).ok()?, "displayName").ok()??.as_str()
    }
}

impl GroupReplace {
    /// Reads the body.
    pub fn parse(body: &Json<'_>) -> Result<Self, ScimError> {
        let body = object(body)?;
        let name = match member(body, "displayName")? {
            None | Some(Json::Null) => Err(ScimError::invalid_value("A group needs a `displayName`.")),
            Some(Json::Text(name)) => Ok(name),
            Some(_) => Err(ScimError::invalid_value("`displayName` must be a string.")),
        }?;
        check_display_name(name)?;
        let external_id = external_id(member(body, "externalId")?)?;
        let members = match member(body, "members")? {
            None => None,
            Some(Json::Null) => Some(BTreeSet::new()),
            Some(listed) => {
                let mut ids = BTreeSet::new();
                member_ids(listed, |id| {
                    ids.insert(id.to_owned());
                })?;
                Some(ids)
            }
        };
        Ok(Self {
            attributes: GroupAttributes { display_name: name.as_ref().to_owned(), external_id },
            members,
        })
    }
}

/// Everything an answer about a group is made of.
#[derive(Debug, Clone, Copy)]
pub struct GroupView<'a> {
    pub id: &'a str,
    pub attributes: &'a GroupAttributes,
    /// `None` leaves `members` out: there are too many, or nobody asked. Never a part of them.
    pub members: Option<&'a [MemberRef]>,
    /// RFC 3339, in UTC.
    pub created: &'a str,
    /// RFC 3339, in UTC.
    pub last_modified: &'a str,
    /// The number in the weak entity tag; role-groups have none.
    pub version: Option<u64>,
    /// The base URL, such as `https://acme.example.com/scim/v2`.
    pub location_base: &'a str,
}

/// The group's representation (RFC 7643 section 4.2), with the attributes the client asked for.
pub fn render<'a>(view: GroupView<'a>, projection: &'a Projection) -> impl Serialize + use<'a> {
    Rendered { view, projection }
}

struct Rendered<'a> {
    view: GroupView<'a>,
    projection: &'a Projection,
}

impl Serialize for Rendered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { view, projection } = *self;
        let base = view.location_base;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("schemas", &[GROUP_URN])?;
        out.serialize_entry("id", view.id)?;
        if let Some(external_id) = &view.attributes.external_id {
            projection.add(&mut out, "externalId", external_id)?;
        }
        projection.add(&mut out, "displayName", &view.attributes.display_name)?;
        if let Some(members) = view.members {
            let members: Vec<_> = members.iter().map(|member| shown(member, base)).collect();
            projection.add(&mut out, "members", &members)?;
        }
        let location = Location { base, kind: ResourceKind::Group, id: view.id };
        let meta = Meta::new(location, view.created, view.last_modified, view.version);
        projection.add(&mut out, "meta", &meta)?;
        out.end()
    }
}

/// A value of `members`.
#[derive(Serialize)]
struct Shown<'a> {
    value: &'a str,
    #[serde(rename = "$ref")]
    reference: Location<'a>,
    #[serde(rename = "type")]
    kind: &'static str,
}

fn shown<'a>(member: &'a MemberRef, base: &'a str) -> Shown<'a> {
    let reference = Location { base, kind: ResourceKind::User, id: &member.value };
    Shown { value: &member.value, reference, kind: "User" }
}

/// What can be a group's name.
pub fn check_display_name(name: &str) -> Result<(), ScimError> {
    let wrong = if name.trim().is_empty() {
        "A group needs a `displayName`."
    } else if name.len() > MAX_TEXT {
        "`displayName` is longer than 1024 bytes."
    } else if name.chars().any(char::is_control) {
        "`displayName` has a control character."
    } else {
        return Ok(());
    };
    Err(ScimError::invalid_value(wrong))
}

pub(crate) fn external_id(value: Option<&Json<'_>>) -> Result<Option<String>, ScimError> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(id)) if id.is_empty() => Ok(None),
        Some(Json::Text(id)) if id.len() <= MAX_TEXT => Ok(Some(id.as_ref().to_owned())),
        Some(_) => Err(ScimError::invalid_value("`externalId` must be a string of at most 1024 bytes.")),
    }
}

/// Hands each user id of a list of members to `take`: objects with a `value`, or ids themselves.
pub(crate) fn member_ids(listed: &Json<'_>, mut take: impl FnMut(&str)) -> Result<(), ScimError> {
    for item in listed.items() {
        take(member_id(item)?);
    }
    Ok(())
}

fn member_id<'a>(item: &'a Json<'_>) -> Result<&'a str, ScimError> {
    let (id, is_group) = match item {
        Json::Text(id) => (Some(id.as_ref()), false),
        Json::Object(fields) => {
            let kind = member(fields, "type")?.and_then(Json::as_str);
            let reference = member(fields, "$ref")?.and_then(Json::as_str);
            let is_group = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("Group"))
                || reference.is_some_and(|url| url.contains("/Groups/"));
            (member(fields, "value")?.and_then(Json::as_str), is_group)
        }
        _ => (None, false),
    };
    if is_group {
        return Err(ScimError::invalid_value("A group cannot be a member of a group."));
    }
    match id {
        Some(id) if !id.is_empty() && id.len() <= MAX_MEMBER_ID => Ok(id),
        _ => Err(ScimError::invalid_value("A member needs the id of a user as its `value`.")),
    }
}

#[cfg(test)]
mod tests;
