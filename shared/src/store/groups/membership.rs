//! Members come and go as deltas: one transaction for up to 49 of them, waves of transactions for more.
//!
//! Each (group, member) pair ends as in some serial order of all changes. The first transaction of a change also makes
//! a custom group a new version, so that an `If-Match` sees members too; a role-group has no item and no version.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Group, GroupError, Version};
use crate::{
    store::{
        StoreError, TenantStore,
        audit::Acting,
        table::{Item, Range, Write, decode},
    },
    tenant::resource_id,
};

/// Two writes a member, one for the group and one for the audit record, of the 100 that DynamoDB takes.
pub const PER_TRANSACTION: usize = 49;

/// Transactions in flight for one request.
const WAVE: usize = 8;

/// How many members change in one wave of transactions.
pub const PER_WAVE: usize = PER_TRANSACTION * WAVE;

/// With how many members a group can be created: its name takes another write.
pub const AT_CREATION: usize = PER_TRANSACTION - 1;

/// One member of one group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MemberRecord {
    pub user: String,
    pub since: Timestamp,
}

/// What a batch of membership changes did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Applied {
    pub changed: usize,
    /// Ids that name no user of this workspace: left out, the rest was applied.
    pub unknown: Vec<String>,
}

impl Applied {
    fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.unknown.extend(other.unknown);
    }
}

impl TenantStore {
    /// Members of a group in order of their ids, at most `limit`.
    pub async fn members(&self, group: &str, limit: u32) -> Result<Vec<MemberRecord>, StoreError> {
        self.member_items(group, limit).await?.into_iter().map(decode).collect()
    }

    pub(in crate::store) async fn member_items(
        &self,
        group: &str,
        limit: u32,
    ) -> Result<Vec<Item>, StoreError> {
        let pk = self.partition(&format!("M#{group}"));
        self.table.query(&Range { pk: &pk, from: None, to: None, newest_first: false, limit }).await
    }

    /// Adds (`true`) and removes (`false`) members; an unknown user is left out and named in the answer and the
    /// audit log.
    pub async fn change_members(
        &self,
        group: &Group,
        version: Version,
        delta: &BTreeMap<String, bool>,
        acting: &Acting<'_>,
    ) -> Result<Applied, GroupError> {
        let id = &self.group_id(group);
        let changes: Vec<_> = delta.iter().map(|(user, add)| (user.clone(), *add)).collect();
        let mut batches = changes.chunks(PER_TRANSACTION).map(<[_]>::to_vec).collect::<Vec<_>>();
        let mut all = Applied::default();
        if let Group::Custom(group) = group
            && !group.leaving
            && !batches.is_empty()
        {
            let touch = || vec![self.touch_group(group, version, acting.at)];
            match self.change_batch(id, touch, CHANGED, batches.remove(0), acting).await {
                Err(error) if error.refused(0) => return Err(GroupError::Changed),
                first => all.add(first?),
            }
        }
        let rest = stream::iter(batches)
            .map(|batch| self.change_batch(id, Vec::new, CHANGED, batch, acting))
            .buffer_unordered(WAVE);
        Ok(rest
            .try_fold(all, |mut all, one| async move {
                Ok({
                    all.add(one);
                    all
                })
            })
            .await?)
    }

    /// Takes a user who is being deleted out of a group. What the group is then is no new version: nobody can
    /// put the user back.
    pub(in crate::store) async fn leave_group(
        &self,
        group: &str,
        user: &str,
        acting: &Acting<'_>,
    ) -> Result<(), StoreError> {
        self.change_batch(group, Vec::new, CHANGED, vec![(user.to_owned(), false)], acting).await.map(drop)
    }

    /// What makes exactly `wanted` the members: who is to come and who is to go.
    pub async fn membership_difference(
        &self,
        group: &Group,
        wanted: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, bool>, StoreError> {
        let present = self.present(group).await?;
        let added = wanted.difference(&present).map(|user| (user.clone(), true));
        let removed = present.difference(wanted).map(|user| (user.clone(), false));
        Ok(added.chain(removed).collect())
    }

    /// What of `delta` is not so yet.
    pub async fn membership_left(
        &self,
        group: &Group,
        delta: &BTreeMap<String, bool>,
    ) -> Result<BTreeMap<String, bool>, StoreError> {
        let present = self.present(group).await?;
        let left = delta.iter().filter(|(user, add)| present.contains(*user) != **add);
        Ok(left.map(|(user, add)| (user.clone(), *add)).collect())
    }

    async fn present(&self, group: &Group) -> Result<BTreeSet<String>, StoreError> {
        let members = self.members(&self.group_id(group), u32::MAX).await?;
        Ok(members.into_iter().map(|member| member.user).collect())
    }

    /// One transaction: the writes of `first`, whose refusals are the caller's, and these members.
    pub(super) async fn change_batch(
        &self,
        group: &str,
        first: impl Fn() -> Vec<Write>,
        action: &str,
        batch: Vec<(String, bool)>,
        acting: &Acting<'_>,
    ) -> Result<Applied, StoreError> {
        let (known, mut unknown): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|(user, _)| self.user_key(user).is_some());
        let mut known = self.one_to_a_place(known, &mut unknown).await?;
        loop {
            let mut writes = first();
            // The n-th member's user is write `users + 2n`: refused when there is no such user.
            let users = writes.len() + 1;
            for (user, add) in &known {
                writes.extend(self.membership(group, user, *add, acting.at));
            }
            let audit = acting.record(action, format!("group:{group}"), detail(&known, &unknown));
            match self.change(writes, &audit).await {
                Ok(()) => {
                    let unknown = unknown.into_iter().map(|(user, _)| user).collect();
                    return Ok(Applied { changed: known.len(), unknown });
                }
                Err(StoreError::Condition(refused)) => {
                    let is_missing = |index: usize| refused.contains(&(users + 2 * index));
                    if !(0..known.len()).any(is_missing) || refused.iter().any(|index| *index + 1 < users) {
                        return Err(StoreError::Condition(refused));
                    }
                    let (missing, found): (Vec<_>, Vec<_>) =
                        known.into_iter().enumerate().partition(|(index, _)| is_missing(*index));
                    unknown.extend(missing.into_iter().map(|(_, member)| member));
                    known = found.into_iter().map(|(_, member)| member).collect();
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Of several ids that name one place, one at most is somebody's: the others are `unknown`. A transaction changes an
    /// item once.
    async fn one_to_a_place(
        &self,
        members: Vec<(String, bool)>,
        unknown: &mut Vec<(String, bool)>,
    ) -> Result<Vec<(String, bool)>, StoreError> {
        let mut once = BTreeSet::new();
        let places = members.iter().filter_map(|(user, _)| resource_id::sequence(user));
        let shared: BTreeSet<_> = places.filter(|place| !once.insert(*place)).collect();
        if shared.is_empty() {
            return Ok(members);
        }
        let mut known = Vec::with_capacity(members.len());
        for member in members {
            let is_shared = resource_id::sequence(&member.0).is_some_and(|place| shared.contains(&place));
            if is_shared && self.user(&member.0).await?.is_none() {
                unknown.push(member);
            } else {
                known.push(member);
            }
        }
        Ok(known)
    }

    fn membership(&self, group: &str, user: &str, add: bool, at: Timestamp) -> Vec<Write> {
        let Some(user_key) = self.user_key(user) else { return Vec::new() };
        let member = self.key(&format!("M#{group}"), user);
        let groups = vec![group.to_owned()];
        let of_user = Write::update(user_key);
        let (item, of_user) = if add {
            let record = MemberRecord { user: user.to_owned(), since: at };
            (Write::put(member, &record), of_user.add_to_set("groups", groups))
        } else {
            (Write::delete(member), of_user.delete_from_set("groups", groups))
        };
        vec![item, of_user.when("#id = :id AND #deleted = :no").bind(":id", user).bind(":no", false)]
    }
}

/// The audit record's action.
const CHANGED: &str = "group.members";

/// Who joined and left. First those who could not: what a client sent as their ids is said only if it could be
/// an id, since an audit record holds no names.
fn detail(known: &[(String, bool)], unknown: &[(String, bool)]) -> String {
    let unknown = unknown.iter().map(|(user, _)| {
        let id = if resource_id::is_uuid(user) { user } else { "(not an id)" };
        format!("unknown:{id}")
    });
    let known = known.iter().map(|(user, add)| format!("{}{user}", if *add { '+' } else { '-' }));
    unknown.chain(known).collect::<Vec<_>>().join(" ")
}
