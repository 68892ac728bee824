//! Members come and go as deltas: one transaction for up to 49 of them, waves of transactions for more.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::{
    StoreError, TenantStore,
    audit::Acting,
    table::{Item, Range, Write, decode},
};

/// Two writes a member and one for the audit record, of the 100 that DynamoDB takes.
const PER_TRANSACTION: usize = 49;

/// Transactions in flight for one request.
const WAVE: usize = 8;

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

    /// Adds (`true`) and removes (`false`) members. Each (group, member) pair ends as in some serial order
    /// with every other change; an unknown user is left out and named in the answer and the audit log.
    pub async fn change_members(
        &self,
        group: &str,
        delta: &BTreeMap<String, bool>,
        acting: &Acting<'_>,
    ) -> Result<Applied, StoreError> {
        let changes: Vec<_> = delta.iter().map(|(user, add)| (user.clone(), *add)).collect();
        let batches = changes.chunks(PER_TRANSACTION).map(<[_]>::to_vec).collect::<Vec<_>>();
        stream::iter(batches)
            .map(|batch| self.change_batch(group, batch, acting))
            .buffer_unordered(WAVE)
            .try_fold(Applied::default(), |mut all, one| async move {
                all.changed += one.changed;
                all.unknown.extend(one.unknown);
                Ok(all)
            })
            .await
    }

    /// Makes exactly `wanted` the members: the difference alone is written.
    pub async fn replace_members(
        &self,
        group: &str,
        wanted: &BTreeSet<String>,
        acting: &Acting<'_>,
    ) -> Result<Applied, StoreError> {
        let members = self.members(group, u32::MAX).await?;
        let present: BTreeSet<_> = members.into_iter().map(|member| member.user).collect();
        let added = wanted.difference(&present).map(|user| (user.clone(), true));
        let removed = present.difference(wanted).map(|user| (user.clone(), false));
        self.change_members(group, &added.chain(removed).collect(), acting).await
    }

    async fn change_batch(
        &self,
        group: &str,
        batch: Vec<(String, bool)>,
        acting: &Acting<'_>,
    ) -> Result<Applied, StoreError> {
        let (mut known, mut unknown): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|(user, _)| self.user_key(user).is_some());
        loop {
            let mut detail = String::new();
            let mut writes = Vec::with_capacity(known.len() * 2);
            for (user, add) in &known {
                detail.push_str(if *add { " +" } else { " -" });
                detail.push_str(user);
                writes.extend(self.membership(group, user, *add, acting.at));
            }
            for (user, _) in &unknown {
                // What a client sent as an id goes into the log shortened and escaped.
                detail.push_str(" unknown:");
                detail.extend(user.chars().take(64).flat_map(char::escape_default));
            }
            let audit = acting.record("group.members", format!("group:{group}"), detail.trim_start());
            match self.change(writes, &audit).await {
                Ok(()) => {
                    let unknown = unknown.into_iter().map(|(user, _)| user).collect();
                    return Ok(Applied { changed: known.len(), unknown });
                }
                // Write 2n+1 is the n-th member's user: refused when there is no such user.
                Err(StoreError::Condition(refused)) => {
                    let before = known.len();
                    let mut index = 0;
                    known.retain(|member| {
                        let missing = refused.contains(&(index * 2 + 1));
                        if missing {
                            unknown.push(member.clone());
                        }
                        index += 1;
                        !missing
                    });
                    if known.len() == before {
                        return Err(StoreError::Condition(refused));
                    }
                }
                Err(error) => return Err(error),
            }
        }
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
