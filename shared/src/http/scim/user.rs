//! A user of the store as it is answered.

use serde::{Serialize, Serializer};

use super::rfc3339;
use crate::{
    scim::{GroupRef, Projection, UserView, user::render},
    store::users::UserRecord,
    tenant::{Role, TenantId, resource_id},
};

/// A user with the attributes that were asked for. Written when it is serialised, without a tree in between.
pub struct ShownUser<'a> {
    user: &'a UserRecord,
    groups: Vec<GroupRef>,
    created: String,
    updated: String,
    base_url: &'a str,
    projection: &'a Projection,
}

impl<'a> ShownUser<'a> {
    /// The user of `tenant`, whose SCIM base URL is `base_url`.
    pub fn new(
        user: &'a UserRecord,
        tenant: &TenantId,
        base_url: &'a str,
        projection: &'a Projection,
    ) -> Self {
        let groups = user.groups.iter().map(|id| group_ref(tenant, id)).collect();
        let (created, updated) = (rfc3339(user.created), rfc3339(user.updated));
        Self { user, groups, created, updated, base_url, projection }
    }
}

impl Serialize for ShownUser<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = UserView {
            id: self.user.id.as_str(),
            attributes: &self.user.attributes,
            groups: &self.groups,
            created: &self.created,
            last_modified: &self.updated,
            version: Some(self.user.version),
            location_base: self.base_url,
        };
        render(view, self.projection).serialize(serializer)
    }
}

fn group_ref(tenant: &TenantId, id: &str) -> GroupRef {
    // A custom group's name would cost a read; its id and reference are enough.
    let display = resource_id::role_of_group(tenant, id).map(Role::name);
    GroupRef { value: id.to_owned(), display }
}
