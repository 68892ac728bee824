//! Pages of users: one query at any index, since the place is the address.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream, try_join};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{UserRecord, is_settled};
use crate::scim::Start;
use crate::store::{
    StoreError, TenantStore,
    keys::sequence,
    table::{Item, Range, Write, decode},
};

/// How many users a filter without a direct lookup may look at.
pub const MAX_SCAN: usize = 10_000;

/// How places are spread: 1,024 to a partition.
const PER_PARTITION: u64 = 1024;

/// Users in memory while a filter looks through all: as large as users may be, together some megabytes.
const SCANNED_AT_ONCE: u64 = 256;

/// Bytes of attributes that a filter may find: what it finds is sorted and cut into pages in memory.
const MAX_FOUND: usize = 8 * 1024 * 1024;

/// Queries in flight for one request.
const PARTITIONS_AT_ONCE: usize = 8;

/// Lost places that one request closes at most; the next list goes on.
const MAX_CLOSED: usize = 400;

/// Places in the list, from 1; the end is not one of them.
type Places = std::ops::Range<u64>;

/// How many places were given, and which of them stay empty.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Listing {
    #[serde(default)]
    pub next: u64,
    /// When the last place was given.
    #[serde(default)]
    pub given: Option<Timestamp>,
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
            place = place.saturating_add(1);
        }
        place
    }

    /// The index (from 1) of the first that is at `place` or after it.
    pub fn index(&self, place: u64) -> u64 {
        place - self.holes.range(..place).count() as u64
    }
}

/// A page of users.
#[derive(Debug)]
pub struct UserPage {
    /// How many users there are, by the same reading of the counter.
    pub total: u64,
    pub users: Vec<UserRecord>,
    /// Places of the page that nobody has, though none of them is known to be a hole.
    gaps: Vec<u64>,
    /// The place where the next page begins, unless this is the last.
    pub next: Option<u64>,
}

/// What lies at a place where nobody ever was.
#[derive(Serialize)]
struct Grave {
    seq: u64,
    deleted: bool,
}

/// The user in an item; none when it was deleted or never was.
pub(super) fn living(item: Item) -> Result<Option<UserRecord>, StoreError> {
    if item.get("deleted").is_some_and(|deleted| deleted.as_bool() == Ok(&true)) {
        return Ok(None);
    }
    decode(item).map(Some)
}

impl TenantStore {
    /// How many users there are, and where.
    pub async fn user_listing(&self) -> Result<Listing, StoreError> {
        Ok(self.table.read(&self.key("C", "U")).await?.unwrap_or_default())
    }

    /// A page of at most `count` users, in order of creation.
    ///
    /// Where nobody was deleted the index is the place, so the counter and the page are read at once; what holes
    /// moved out of the page is read after, once.
    pub async fn user_page(&self, start: Start, count: u32, now: Timestamp) -> Result<UserPage, StoreError> {
        let (Start::Index(first) | Start::Place(first)) = start;
        let end = first.saturating_add(u64::from(count));
        let (listing, mut users) = try_join!(self.user_listing(), self.users_at(first..end))?;
        let index = match start {
            Start::Index(index) => index,
            Start::Place(place) => listing.index(place),
        };
        let behind = listing.place(index.saturating_add(u64::from(count)));
        let places = listing.place(index)..behind.min(listing.next + 1);
        users.retain(|user| places.contains(&user.seq));
        if places.end > end {
            users.extend(self.users_at(end.max(places.start)..places.end).await?);
        }
        let next = Some(places.end).filter(|place| *place <= listing.next);
        let gaps = gaps(&listing, places, &users, now);
        Ok(UserPage { total: listing.total(), users, next, gaps })
    }

    /// All users that `wanted` accepts, in order of creation; none when there are too many to look at, or too many
    /// of them wanted. Users are looked at as they come, so that the others take no memory.
    pub async fn scan_users(
        &self,
        mut wanted: impl FnMut(&UserRecord) -> bool,
    ) -> Result<Option<Vec<UserRecord>>, StoreError> {
        let listing = self.user_listing().await?;
        if listing.total() > MAX_SCAN as u64 {
            return Ok(None);
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        let mut from = 1;
        while from <= listing.next {
            let places = from..(from + SCANNED_AT_ONCE).min(listing.next + 1);
            from = places.end;
            for user in self.users_at(places).await? {
                if wanted(&user) {
                    bytes += user.attributes.bytes();
                    found.push(user);
                }
            }
            if bytes > MAX_FOUND {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    /// What [`TenantStore::user_page`] reads at first.
    pub(in crate::store) async fn user_items(&self, start: u64, count: u32) -> Result<(), StoreError> {
        let counter = self.key("C", "U");
        let places = start..start.saturating_add(u64::from(count));
        try_join!(self.table.get(&counter), self.items_at(places)).map(drop)
    }

    /// The users at these places, in order.
    async fn users_at(&self, places: Places) -> Result<Vec<UserRecord>, StoreError> {
        let items = self.items_at(places).await?.into_iter();
        items.filter_map(|item| living(item).transpose()).collect()
    }

    /// The items at these places, in order: a query for each partition, at the same time.
    async fn items_at(&self, places: Places) -> Result<Vec<Item>, StoreError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let partitions = places.start / PER_PARTITION..places.end.div_ceil(PER_PARTITION);
        let places = &places;
        let parts = stream::iter(partitions).map(|partition| async move {
            let first = places.start.max(partition * PER_PARTITION);
            let last = (places.end - 1).min(partition * PER_PARTITION + PER_PARTITION - 1);
            let ((partition, from), (_, to)) = (sequence('U', first), sequence('U', last));
            let pk = self.partition(&partition);
            let range =
                Range { pk: &pk, from: Some(&from), to: Some(&to), newest_first: false, limit: u32::MAX };
            self.table.query(&range).await
        });
        let parts: Vec<_> = parts.buffered(PARTITIONS_AT_ONCE).try_collect().await?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// The write that takes a place out of the count.
    pub(super) fn hole(&self, seq: u64) -> Write {
        Write::update(self.key("C", "U")).add_to_number_set("holes", seq)
    }

    /// Closes a place for good; false when somebody is there (or it is closed already). A creation that is still
    /// on its way finds the place taken, so nobody is ever both in the table and out of the count.
    pub(super) async fn close_place(&self, seq: u64) -> Result<bool, StoreError> {
        let (partition, sk) = sequence('U', seq);
        let grave = Write::create(self.key(&partition, sk), &Grave { seq, deleted: true });
        match self.table.write(vec![grave, self.hole(seq)]).await {
            Ok(()) => Ok(true),
            Err(error) if error.refused(0) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A page as [`TenantStore::user_page`], after the places in it were closed that nobody has and nobody will take any
    /// more: a creation died between its two trips, or the answer that gave the place was lost.
    ///
    /// They are closed before the page is read: what comes after them moves up, and whoever walks on by what this page
    /// shows, or by what was asked for, must neither miss anybody nor see anybody twice.
    pub async fn closed_user_page(
        &self,
        start: Start,
        count: u32,
        now: Timestamp,
    ) -> Result<UserPage, StoreError> {
        let mut page = self.user_page(start, count, now).await?;
        let mut left = MAX_CLOSED;
        while !page.gaps.is_empty() && left > 0 {
            let closed = self.close_places(page.gaps.iter().take(left)).await;
            left = left.saturating_sub(page.gaps.len());
            // Also after a failure: some may be closed.
            page = self.user_page(start, count, now).await?;
            if let Err(error) = closed {
                tracing::warn!(error.message = %error, "a lost place stays in the count");
                break;
            }
        }
        Ok(page)
    }

    async fn close_places(&self, places: impl Iterator<Item = &u64>) -> Result<(), StoreError> {
        for seq in places {
            self.close_place(*seq).await?;
        }
        Ok(())
    }
}

/// Empty places that were given more than a minute ago: places are given in order, so those before a user of that
/// age, and all of them once none was given for so long.
fn gaps(listing: &Listing, places: Places, users: &[UserRecord], now: Timestamp) -> Vec<u64> {
    let settled = if listing.given.is_none_or(|given| is_settled(given, now)) {
        places.end
    } else {
        users.iter().rfind(|user| is_settled(user.created, now)).map_or(0, |user| user.seq)
    };
    let taken: BTreeSet<_> = users.iter().map(|user| user.seq).collect();
    (places.start..places.end.min(settled))
        .filter(|seq| !taken.contains(seq) && !listing.holes.contains(seq))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_skip_holes() {
        let listing = Listing { next: 8, given: None, holes: [1, 4, 5].into() };
        assert_eq!(listing.total(), 5);
        assert_eq!((1..=5).map(|i| listing.place(i)).collect::<Vec<_>>(), [2, 3, 6, 7, 8]);
        assert_eq!(
            (1..=9).map(|place| listing.index(place)).collect::<Vec<_>>(),
            [1, 1, 2, 3, 3, 3, 4, 5, 6]
        );
    }
}
