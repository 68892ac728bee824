//! Who has a name, and who had it: a person whom SCIM deleted is not brought in anew by a sign-in.
//!
//! One rule: the mark of a deletion stays under the name for good. It stands in nobody's way but JIT's: SCIM and an
//! invitation may give the name to a new user.

use futures::try_join;

use super::{Name, UserRecord};
use crate::{
    scim::fold::fold_user_name,
    store::{StoreError, TenantStore, table::Write},
};

/// What the workspace knows of a name at a sign-in.
#[derive(Debug, Clone, Default)]
pub struct Namesake {
    /// The user of that name.
    pub user: Option<UserRecord>,
    /// Whether SCIM ever deleted a user of that name.
    pub was_deleted: bool,
}

impl TenantStore {
    /// Who has this name, and whether somebody had it.
    pub async fn namesake(&self, name: &str) -> Result<Namesake, StoreError> {
        let (user, was_deleted) = try_join!(self.user_by_name(name), self.was_deleted(name))?;
        Ok(Namesake { user, was_deleted })
    }

    /// Whether SCIM ever deleted a user of this name.
    pub async fn was_deleted(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.table.get(&self.name_key(&fold_user_name(name), 'D')).await?.is_some())
    }

    /// The write that is refused once SCIM has deleted a user of this user's name.
    pub fn never_deleted(&self, user: &UserRecord) -> Write {
        Write::check(self.name_key(&user.folded_name, 'D')).when("attribute_not_exists(PK)")
    }

    /// The write that leaves the mark.
    pub(super) fn mark_deleted(&self, user: &UserRecord) -> Write {
        let name = Name { id: user.id.as_str().to_owned() };
        Write::put(self.name_key(&user.folded_name, 'D'), &name)
    }
}
