//! A user as we answer it.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::UserAttributes;
use crate::scim::meta::{Location, Meta};
use crate::scim::projection::Projection;
use crate::scim::schema::{ENTERPRISE_URN, ResourceKind, USER_URN};

/// A group that a user is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// The group's id.
    pub value: String,
    /// The group's name, if it can be said without a read.
    pub display: Option<&'static str>,
}

/// Everything an answer about a user is made of.
#[derive(Debug, Clone, Copy)]
pub struct UserView<'a> {
    pub id: &'a str,
    pub attributes: &'a UserAttributes,
    pub groups: &'a [GroupRef],
    /// RFC 3339, in UTC.
    pub created: &'a str,
    /// RFC 3339, in UTC.
    pub last_modified: &'a str,
    /// The number in the weak entity tag, if the resource is versioned.
    pub version: Option<u64>,
    /// The base URL, such as `https://acme.example.com/scim/v2`.
    pub location_base: &'a str,
}

/// The user's representation (RFC 7643 section 4.1), with the attributes the client asked for.
pub fn render<'a>(view: UserView<'a>, projection: &'a Projection) -> impl Serialize + use<'a> {
    Rendered { view, projection }
}

struct Rendered<'a> {
    view: UserView<'a>,
    projection: &'a Projection,
}

impl Serialize for Rendered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { view, projection } = *self;
        let attributes = view.attributes;
        let schemas = [USER_URN, ENTERPRISE_URN];
        let used = if attributes.get(ENTERPRISE_URN).is_some() { 2 } else { 1 };
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("schemas", &schemas[..used])?;
        out.serialize_entry("id", view.id)?;
        for (name, value) in attributes.iter() {
            projection.copy(&mut out, name, value)?;
        }
        if !view.groups.is_empty() {
            let groups: Vec<_> = view.groups.iter().map(|group| shown(group, view.location_base)).collect();
            projection.add(&mut out, "groups", &groups)?;
        }
        let location = Location { base: view.location_base, kind: ResourceKind::User, id: view.id };
        let meta = Meta::new(location, view.created, view.last_modified, view.version);
        projection.add(&mut out, "meta", &meta)?;
        out.end()
    }
}

/// A value of `groups`.
#[derive(Serialize)]
struct Shown<'a> {
    value: &'a str,
    #[serde(rename = "$ref")]
    reference: Location<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'static str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

fn shown<'a>(group: &'a GroupRef, base: &'a str) -> Shown<'a> {
    let reference = Location { base, kind: ResourceKind::Group, id: &group.value };
    Shown { value: &group.value, reference, display: group.display, kind: "direct" }
}
