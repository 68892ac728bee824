//! Pages of users: one query at any index, since the place is the address.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{UserRecord, is_settled};
use crate::store::{
    StoreError, TenantStore,
    keys::sequence,
    table::{Range, Write},
};

/// How many users a filter without a direct lookup may look at.
pub const MAX_SCAN: usize = 10_000;

/// How places are spread: 1,024 to a partition.
const PER_PARTITION: u64 = 1024;

/// How many places were given, and which of them stay empty.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Listing {
    #[serde(default)]
    pub next: u64,
    #[serde(default, with = "serde_dynamo::number_set", skip_serializing_if = "BTreeSet::is_empty")]
    pub holes: BTreeSet<u64>,
}

impl Listing {
    /// How many there are, exact once writes are at rest.
    pub fn total(&self) -> u64 {
        self.next.saturating_sub(self.holes.len() as u64)
    }

    /// The place of the `index`-th (from 1) that is not a hole.
    pub fn place(&self, index: u64) -> u64 {
        let mut place = index;
        for &hole in &self.holes {
            if hole > place {
                break;
            }
            place += 1;
        }
        place
    }
}

impl TenantStore {
    /// How many users there are, and where.
    pub async fn user_listing(&self) -> Result<Listing, StoreError> {
        Ok(self.table.read(&self.key("C", "U")).await?.unwrap_or_default())
    }

    /// Users from the `start`-th (from 1) on, at most `count`, in order of creation. The total is
    /// that of the same reading of the counter.
    pub async fn users(&self, start: u64, count: u32) -> Result<(u64, Vec<UserRecord>), StoreError> {
        let listing = self.user_listing().await?;
        if count == 0 || start > listing.total() {
            return Ok((listing.total(), Vec::new()));
        }
        let mut users = Vec::new();
        let mut place = listing.place(start);
        while users.len() < count as usize && place <= listing.next {
            let (partition, from) = sequence('U', place);
            let pk = self.partition(&partition);
            let limit = count - u32::try_from(users.len()).unwrap_or(count);
            let range = Range { pk: &pk, from: Some(&from), to: None, newest_first: false, limit };
            let found = self.table.list::<UserRecord>(&range).await?;
            // Deleted users are read and do not count: the page is filled from where the reading ended, and the
            // next partition comes when this one has no more.
            place = match found.last() {
                Some(last) if found.len() == limit as usize => last.seq + 1,
                _ => (place / PER_PARTITION + 1) * PER_PARTITION,
            };
            users.extend(found.into_iter().filter(|user| !user.deleted));
        }
        Ok((listing.total(), users))
    }

    /// All users that `wanted` accepts, in order of creation; none when there are too many to look at.
    pub async fn scan_users(
        &self,
        mut wanted: impl FnMut(&UserRecord) -> bool,
    ) -> Result<Option<Vec<UserRecord>>, StoreError> {
        let (total, _) = self.users(1, 0).await?;
        if total > MAX_SCAN as u64 {
            return Ok(None);
        }
        let (_, users) = self.users(1, u32::try_from(MAX_SCAN).unwrap_or(u32::MAX)).await?;
        Ok(Some(users.into_iter().filter(|user| wanted(user)).collect()))
    }

    /// The write that marks a place as empty for good.
    pub(in crate::store) fn hole(&self, kind: char, seq: u64) -> Write {
        Write::update(self.key("C", kind)).add_to_number_set("holes", seq)
    }

    pub(in crate::store) async fn leave_hole(&self, kind: char, seq: u64) -> Result<(), StoreError> {
        self.table.write(vec![self.hole(kind, seq)]).await
    }

    /// Marks the places that a page showed to be empty, though later ones were filled more than a minute
    /// ago: a creation died between its two trips.
    pub async fn heal_listing(&self, page: &[UserRecord], now: jiff::Timestamp) -> Result<(), StoreError> {
        let settled = page.windows(2).filter(|pair| is_settled(pair[1].created, now));
        let gaps: Vec<u64> = settled.flat_map(|pair| pair[0].seq + 1..pair[1].seq).collect();
        if gaps.is_empty() {
            return Ok(());
        }
        let listing = self.user_listing().await?;
        for seq in gaps.into_iter().filter(|seq| !listing.holes.contains(seq)) {
            self.leave_hole('U', seq).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_skip_holes() {
        let listing = Listing { next: 8, holes: [1, 4, 5].into() };
        assert_eq!(listing.total(), 5);
        assert_eq!((1..=5).map(|i| listing.place(i)).collect::<Vec<_>>(), [2, 3, 6, 7, 8]);
    }
}
