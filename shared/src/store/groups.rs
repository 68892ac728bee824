//! Groups and who is in them.
//!
//! The six role-groups are constants: only their members are stored. A membership is an item of its own and
//! an entry in the user's set of groups, written together as deltas that commute: no read, no lost update,
//! and a cost that does not depend on the size of the group.

mod membership;

use futures::try_join;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::membership::{AT_CREATION, Applied, MemberRecord, PER_TRANSACTION, PER_WAVE};
use super::{
    StoreError, TenantStore,
    audit::Acting,
    keys::{Key, sequence},
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
    /// Rises with every change, of its members too.
    pub version: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// It is being emptied, and then it goes: nobody sees it any more, and nobody joins it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
}

/// A group of either kind.
#[derive(Debug, Clone)]
pub enum Group {
    Role(Role),
    Custom(GroupRecord),
}

impl Group {
    fn is_leaving(&self) -> bool {
        matches!(self, Self::Custom(group) if group.leaving)
    }
}

/// Which version of a group a change is meant for (RFC 7644 section 3.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Any,
    Exactly(u64),
}

/// Why a group was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error("the displayName is taken")]
    NameTaken,
    /// It is not the version that the change was meant for, or it is gone.
    #[error("the group was changed by somebody else")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TenantStore {
    /// The group with this id.
    pub async fn group(&self, id: &str) -> Result<Option<Group>, StoreError> {
        Ok(self.group_or_leaving(id).await?.filter(|group| !group.is_leaving()))
    }

    /// The group with this id, also when it is on its way out: for the deletion that takes it there.
    pub async fn group_or_leaving(&self, id: &str) -> Result<Option<Group>, StoreError> {
        if let Some(role) = resource_id::role_of_group(&self.tenant, id) {
            return Ok(Some(Group::Role(role)));
        }
        let Some(seq) = resource_id::sequence(id) else { return Ok(None) };
        let (partition, sk) = sequence('G', seq);
        let group: Option<GroupRecord> = self.table.read(&self.key(&partition, sk)).await?;
        Ok(group.filter(|group| group.id == id).map(Group::Custom))
    }

    /// The group's id.
    pub fn group_id(&self, group: &Group) -> String {
        match group {
            Group::Role(role) => resource_id::role_group(&self.tenant, *role),
            Group::Custom(group) => group.id.clone(),
        }
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
        let range = Range { pk: &pk, from: None, to: None, newest_first: false, limit: 1024 };
        let mut groups: Vec<GroupRecord> = self.table.list(&range).await?;
        groups.retain(|group| !group.leaving);
        Ok(groups)
    }

    /// Creates a custom group with these members, at most [`membership::AT_CREATION`]; others join it later.
    pub async fn create_group(
        &self,
        attributes: GroupAttributes,
        members: Vec<String>,
        acting: &Acting<'_>,
    ) -> Result<GroupRecord, GroupError> {
        let folded = free_name(&attributes)?;
        let seq = self.table.next(&self.key("C", "G"), "next", acting.at).await?;
        let id = resource_id::generate(seq, acting.random);
        let at = acting.at;
        let group = GroupRecord { id, seq, attributes, version: 1, created: at, updated: at, leaving: false };
        let name = Name { id: group.id.clone() };
        let creation = || {
            vec![
                Write::create(self.name_key(&folded, 'G'), &name),
                Write::create(self.group_key(&group), &group),
            ]
        };
        let joining = members.into_iter().map(|user| (user, true)).collect();
        match self.change_batch(&group.id, creation, "group.create", joining, acting).await {
            Ok(_) => Ok(group),
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
        let mut writes = vec![
            Write::put(self.group_key(group), &next)
                .when("#version = :read AND #id = :id")
                .bind(":read", group.version)
                .bind(":id", &group.id),
        ];
        let before = fold_user_name(&group.attributes.display_name);
        if before != fold_user_name(&next.attributes.display_name) {
            let after = free_name(&next.attributes)?;
            writes.push(Write::create(self.name_key(&after, 'G'), &Name { id: group.id.clone() }));
            writes.push(Write::delete(self.name_key(&before, 'G')).when("#id = :id").bind(":id", &group.id));
        }
        match self.change(writes, &acting.record("group.update", group.target(), "")).await {
            Ok(()) => Ok(next),
            Err(error) if error.refused(0) => Err(GroupError::Changed),
            Err(error) if error.refused(1) => Err(GroupError::NameTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// The first step of a deletion: from here on nobody sees the group or joins it, and its name stays taken
    /// until [`TenantStore::delete_group`]. A deletion that broke off can be sent again.
    pub async fn close_group(
        &self,
        group: &GroupRecord,
        version: Version,
        acting: &Acting<'_>,
    ) -> Result<GroupRecord, GroupError> {
        let closed = GroupRecord { leaving: true, ..group.clone() };
        if group.leaving {
            return Ok(closed);
        }
        let write = at_version(Write::update(self.group_key(group)), group, version).set("leaving", true);
        match self.change(vec![write], &acting.record("group.close", group.target(), "")).await {
            Ok(()) => Ok(closed),
            Err(error) if error.refused(0) => Err(GroupError::Changed),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a custom group that is closed and empty.
    pub async fn delete_group(&self, group: &GroupRecord, acting: &Acting<'_>) -> Result<(), StoreError> {
        let folded = fold_user_name(&group.attributes.display_name);
        let writes = vec![
            Write::delete(self.group_key(group)).when("#id = :id").bind(":id", &group.id),
            Write::delete(self.name_key(&folded, 'G')).when("#id = :id").bind(":id", &group.id),
        ];
        self.change(writes, &acting.record("group.delete", group.target(), "")).await
    }

    /// The write that makes a custom group a new version, if it is the one that is meant.
    fn touch_group(&self, group: &GroupRecord, version: Version, at: Timestamp) -> Write {
        let write = Write::update(self.group_key(group)).add("version", 1).set("updated", at);
        at_version(write, group, version)
    }

    fn group_key(&self, group: &GroupRecord) -> Key {
        let (partition, sk) = sequence('G', group.seq);
        self.key(&partition, sk)
    }
}

/// `write`, if the group is still there, and the version that is meant.
fn at_version(write: Write, group: &GroupRecord, version: Version) -> Write {
    let write = write.when("#id = :id AND attribute_not_exists(#leaving)").bind(":id", &group.id);
    match version {
        Version::Any => write,
        Version::Exactly(read) => write.when("#version = :read").bind(":read", read),
    }
}

/// The folded name, unless it is a role-group's: theirs are taken without an index.
fn free_name(attributes: &GroupAttributes) -> Result<String, GroupError> {
    let folded = fold_user_name(&attributes.display_name);
    let taken = Role::ALL.into_iter().any(|role| fold_user_name(role.name()) == folded);
    if taken { Err(GroupError::NameTaken) } else { Ok(folded) }
}

impl GroupRecord {
    /// The group in an audit record.
    pub fn target(&self) -> String {
        format!("group:{}", self.id)
    }
}
