//! A user as we answer it.

use serde_json::Value;

use super::UserAttributes;
use crate::scim::meta::Meta;
use crate::scim::normalise::Object;
use crate::scim::projection::Projection;
use crate::scim::schema::{ENTERPRISE_URN, ResourceKind, USER_URN};

/// A group that a user is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRef {
    /// The group's id.
    pub value: String,
    /// The group's name.
    pub display: String,
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
pub fn render(view: UserView<'_>, projection: &Projection) -> Value {
    let attributes = view.attributes.as_object();
    let mut schemas = vec![Value::from(USER_URN)];
    if attributes.contains_key(ENTERPRISE_URN) {
        schemas.push(ENTERPRISE_URN.into());
    }
    let mut out = Object::new();
    out.insert("schemas".into(), schemas.into());
    out.insert("id".into(), view.id.into());
    for (name, value) in attributes {
        projection.copy(&mut out, name, value);
    }
    if !view.groups.is_empty() {
        projection.add(&mut out, "groups", || groups(view));
    }
    projection.add(&mut out, "meta", || {
        Meta {
            kind: ResourceKind::User,
            id: view.id,
            created: view.created,
            last_modified: view.last_modified,
            version: view.version,
            location_base: view.location_base,
        }
        .to_json()
    });
    out.into()
}

fn groups(view: UserView<'_>) -> Value {
    let group = |group: &GroupRef| {
        let mut out = Object::new();
        out.insert("value".into(), group.value.as_str().into());
        out.insert("$ref".into(), format!("{}/Groups/{}", view.location_base, group.value).into());
        out.insert("display".into(), group.display.as_str().into());
        out.insert("type".into(), "direct".into());
        Value::Object(out)
    };
    view.groups.iter().map(group).collect()
}
