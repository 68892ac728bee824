//! Groups and who is in them.
//!
//! The six role-groups are constants: only their members are stored. A membership is an item of its own and
//! an entry in the user's set of groups, written together as deltas that commute: no read, no lost update,
//! and a cost that does not depend on the size of the group.

mod membership;

use std::collections::BTreeSet;

use futures::try_join;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::membership::{Applied, MemberRecord};
use super::{
    StoreError, TenantStore,
    audit::Acting,
    keys::sequence,
    table::{Range, Write},
    users::{Listing, Name},
};
use crate::{
    scim::{fold::fold_user_name, group::GroupAttributes},
    tenant::{Role, resource_id},
};

/// A group that a client created. It gives no role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupRecord {
    pub id: String,
    pub seq: u64,
    pub attributes: GroupAttributes,
    pub version: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// A group of either kind.
#[derive(Debug, Clone)]
pub enum Group {
    Role(Role),
    Custom(GroupRecord),
}

/// Why a group was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error("the displayName is taken")]
    NameTaken,
    #[error("the group was changed by somebody else")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TenantStore {
    /// The group with this id.
    pub async fn group(&self, id: &str) -> Result<Option<Group>, StoreError> {
        if let Some(role) = resource_id::role_of_group(&self.tenant, id) {
            return Ok(Some(Group::Role(role)));
        }
        let Some(seq) = resource_id::sequence(id) else { return Ok(None) };
        let (partition, sk) = sequence('G', seq);
        let group: Option<GroupRecord> = self.table.read(&self.key(&partition, sk)).await?;
        Ok(group.filter(|group| group.id == id).map(Group::Custom))
    }

    /// The group with this name: a role-group's is its role, compared as names are.
    pub async fn group_by_name(&self, name: &str) -> Result<Option<Group>, StoreError> {
        match self.group_id_of(name).await? {
            Some(id) => self.group(&id).await,
            None => Ok(None),
        }
    }

    /// The id of the group that has this name, by the index alone; a role-group's without any call.
    pub async fn group_id_of(&self, name: &str) -> Result<Option<String>, StoreError> {
        let folded = fold_user_name(name);
        if let Some(role) = Role::ALL.into_iter().find(|role| fold_user_name(role.name()) == folded) {
            return Ok(Some(resource_id::role_group(&self.tenant, role)));
        }
        Ok(self.table.read::<Name>(&self.name_key(&folded, 'G')).await?.map(|name| name.id))
    }

    /// All custom groups, in order of creation. Few workspaces have more than a partition of them, so the first is
    /// read beside the counter.
    pub async fn custom_groups(&self) -> Result<Vec<GroupRecord>, StoreError> {
        let counter = self.key("C", "G");
        let (listing, mut groups) = try_join!(self.table.read::<Listing>(&counter), self.groups_in(0))?;
        for partition in 1..=listing.unwrap_or_default().next >> 10 {
            groups.extend(self.groups_in(partition).await?);
        }
        Ok(groups)
    }

    async fn groups_in(&self, partition: u64) -> Result<Vec<GroupRecord>, StoreError> {
        let pk = self.partition(&format!("G#{partition:x}"));
        self.table.list(&Range { pk: &pk, from: None, to: None, newest_first: false, limit: 1024 }).await
    }

    /// Creates a custom group without members.
    pub async fn create_group(
        &self,
        attributes: GroupAttributes,
        acting: &Acting<'_>,
    ) -> Result<GroupRecord, GroupError> {
        let seq = self.table.next(&self.key("C", "G"), "next").await?;
        let id = resource_id::generate(seq, acting.random);
        let group = GroupRecord { id, seq, attributes, version: 1, created: acting.at, updated: acting.at };
        let name = Name { id: group.id.clone() };
        let (partition, sk) = sequence('G', seq);
        let folded = fold_user_name(&group.attributes.display_name);
        let writes = vec![
            Write::create(self.name_key(&folded, 'G'), &name),
            Write::create(self.key(&partition, sk), &group),
        ];
        let audit = acting.record("group.create", group.target(), "");
        match self.change(writes, &audit).await {
            Ok(()) => Ok(group),
            Err(error) if error.refused(0) => Err(GroupError::NameTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a custom group (as it was read) other attributes.
    pub async fn change_group(
        &self,
        group: &GroupRecord,
        attributes: GroupAttributes,
        acting: &Acting<'_>,
    ) -> Result<GroupRecord, GroupError> {
        let next =
            GroupRecord { attributes, version: group.version + 1, updated: acting.at, ..group.clone() };
        let (partition, sk) = sequence('G', group.seq);
        let mut writes = vec![
            Write::put(self.key(&partition, sk), &next)
                .when("#version = :read AND #id = :id")
                .bind(":read", group.version)
                .bind(":id", &group.id),
        ];
        let names = [group, &next].map(|g| fold_user_name(&g.attributes.display_name));
        if names[0] != names[1] {
            writes.push(Write::create(self.name_key(&names[1], 'G'), &Name { id: group.id.clone() }));
            writes
                .push(Write::delete(self.name_key(&names[0], 'G')).when("#id = :id").bind(":id", &group.id));
        }
        match self.change(writes, &acting.record("group.update", group.target(), "")).await {
            Ok(()) => Ok(next),
            Err(error) if error.refused(0) => Err(GroupError::Changed),
            Err(error) if error.refused(1) => Err(GroupError::NameTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Empties and deletes a custom group.
    pub async fn delete_group(&self, group: &GroupRecord, acting: &Acting<'_>) -> Result<(), GroupError> {
        self.replace_members(&group.id, &BTreeSet::new(), acting).await?;
        let (partition, sk) = sequence('G', group.seq);
        let folded = fold_user_name(&group.attributes.display_name);
        let writes = vec![
            Write::delete(self.key(&partition, sk)).when("#id = :id").bind(":id", &group.id),
            Write::delete(self.name_key(&folded, 'G')).when("#id = :id").bind(":id", &group.id),
        ];
        self.change(writes, &acting.record("group.delete", group.target(), "")).await?;
        Ok(())
    }
}

impl GroupRecord {
    /// The group in an audit record.
    pub fn target(&self) -> String {
        format!("group:{}", self.id)
    }
}
