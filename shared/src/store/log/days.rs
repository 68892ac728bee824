//! Logs by day: rows of one day in one partition, read back newest first over the days that are kept.
//!
//! One rule: a row is read for 30 days and no longer, whether or not DynamoDB has deleted it by then.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ops::{Random, random},
    store::{
        StoreError, TenantStore,
        table::{Range, Write},
    },
};

/// How long a row is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A row of a log.
pub(super) trait Row: Serialize + DeserializeOwned {
    /// The log's name in the key map.
    const LOG: &'static str;
    /// Time-ordered: RFC 3339 to the microsecond, and an id.
    fn id(&self) -> &str;
    fn at(&self) -> Timestamp;
}

/// The id of a row made at `at`.
pub(super) fn row_id(at: Timestamp, random: &dyn Random) -> String {
    format!("{at:.6}#{}", random::id(random, ""))
}

impl TenantStore {
    /// The write that keeps a row.
    pub(super) fn log_row<T: Row>(&self, row: &T) -> Write {
        let end = row.at().saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        Write::put(self.key(&day::<T>(row.at()), row.id()), row).expires(end.as_second())
    }

    /// Rows older than `before` (an id), newest first, at most `limit`.
    pub(super) async fn log_rows<T: Row>(
        &self,
        now: Timestamp,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        // What a caller sends as an id is a key only if it could be one.
        let before = before.filter(|id| id.len() <= 64);
        let mut rows: Vec<T> = Vec::new();
        let oldest = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        let asked = before.and_then(|id| id.split('#').next()?.parse().ok());
        let mut at = asked.unwrap_or(now).min(now);
        while at >= oldest && rows.len() < limit as usize {
            let pk = self.partition(&day::<T>(at));
            let wanted = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(limit));
            // One more, since the range begins with `before` itself.
            let limit = wanted.saturating_add(1);
            let range = Range { pk: &pk, from: before, to: None, newest_first: true, limit };
            rows.extend(self.table.list::<T>(&range).await?);
            rows.retain(|row| Some(row.id()) != before && row.at() >= oldest);
            let Ok(yesterday) = at.to_zoned(TimeZone::UTC).date().yesterday() else { break };
            let Ok(end) = yesterday.at(23, 59, 59, 999_999_999).to_zoned(TimeZone::UTC) else { break };
            at = end.timestamp();
        }
        rows.truncate(limit as usize);
        Ok(rows)
    }
}

fn day<T: Row>(at: Timestamp) -> String {
    format!("B#{}#{}", T::LOG, at.strftime("%Y-%m-%d"))
}
