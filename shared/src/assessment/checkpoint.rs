//! Where a collection stands, so that any Lambda can go on where the last one stopped or died.
//!
//! Its one rule: it changes only after the part it speaks of is kept. A part that no checkpoint names is not part of
//! the snapshot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{part::Part, status::Status};
use crate::okta::{
    Endpoint, Pacing,
    endpoints::{self, Pick},
};

/// The version this code writes and reads.
const VERSION: u32 = 2;

/// More parents than this are not asked one by one: the resource ends partial instead.
const MAX_PARENTS: usize = 5_000;

/// The state of one scan's collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    pub scan: String,
    pub started_at: Timestamp,
    /// API calls of all steps so far.
    pub calls: u64,
    pub pacing: Pacing,
    pub(super) resources: BTreeMap<String, Reading>,
    pub(super) parts: Vec<Part>,
}

/// The state of one resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading {
    /// Set when the reading has ended.
    pub status: Option<Status>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// In a fan-out: whom to ask for, in order of finding.
    pub parents: Vec<String>,
    /// There were more parents than we ask for.
    pub overflow: bool,
    /// There was a row of which nobody can tell whether it is a parent, or which.
    pub unclear: bool,
    /// Which parent is being read.
    pub shard: u32,
    /// The URL of the next page; `None` is the first.
    pub cursor: Option<String>,
    pub seq: u32,
    pub pages: u32,
    pub rows: u64,
    /// Parents whose first page was answered with 404. Okta says so of what was deleted since it was listed, and of
    /// what the app's role may not see. Reading the parent once more would not tell them apart, for it is answered the
    /// same way: with any of these the resource ends partial.
    pub gone: u32,
    /// Failed tries of the current page.
    pub attempts: u8,
    pub retry_at: Option<Timestamp>,
    /// The current shard was begun again after its cursor expired.
    pub restarted: bool,
    pub mark: LoopMark,
}

impl Reading {
    /// How a fan-out over `of` ends after its last parent: complete only if nobody was left out.
    fn end_of_fan_out(&self, of: &str) -> Status {
        let (gone, parents) = (self.gone, self.parents.len());
        if self.overflow {
            Status::Partial(format!("more than {MAX_PARENTS} to ask for"))
        } else if self.unclear {
            Status::Partial(format!("a row of {of} does not say whom to ask for"))
        } else if gone > 0 {
            let answered = format!("{gone} of {parents} parents answered 404");
            Status::Partial(format!("{answered}: deleted during the scan, or not readable"))
        } else {
            Status::Complete
        }
    }
}

/// Finds a chain of cursors that runs in a circle, keeping one cursor (Brent).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LoopMark {
    cursor: String,
    steps: u32,
    power: u32,
}

impl LoopMark {
    /// Whether `cursor` was seen before.
    pub fn is_loop(&mut self, cursor: &str) -> bool {
        if self.cursor == cursor {
            return true;
        }
        self.steps += 1;
        if self.steps > self.power {
            *self = Self { cursor: cursor.to_owned(), steps: 0, power: (self.power * 2).max(1) };
        }
        false
    }
}

/// Numbers for the progress bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub calls: u64,
    pub rows: u64,
    pub resources_done: u32,
    pub resources_total: u32,
}

/// Saves checkpoints, conditionally on nobody else having saved one.
pub trait CheckpointStore: Send + Sync {
    fn save(&self, checkpoint: &Checkpoint) -> impl Future<Output = Result<(), SaveError>> + Send;

    /// Lets the reading go on for [`super::collect::LEASED`] and a call's length, if the customer still allows it. Gives
    /// the instant from which the customer does not.
    fn renew(&self) -> impl Future<Output = Result<Timestamp, RenewError>> + Send;
}

/// The reading may not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenewError {
    #[error("an approval that the reading rests on has ended")]
    Ended,
    #[error("want the lease renewed, got {0}")]
    Failed(String),
}

/// A checkpoint could not be saved; the step ends and is done again from the last one saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("want the checkpoint saved, got {0}")]
pub struct SaveError(pub String);

/// The stored checkpoint is not one this code can go on from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("want a checkpoint of version {VERSION}, got something else")]
pub struct BadCheckpoint;

impl Checkpoint {
    /// The start of a collection of everything in the endpoint table.
    pub fn new(scan: impl Into<String>, now: Timestamp) -> Self {
        let resources = endpoints::ALL.iter().map(|e| (e.key.to_owned(), Reading::default())).collect();
        let (pacing, parts) = (Pacing::default(), Vec::new());
        Self { version: VERSION, scan: scan.into(), started_at: now, calls: 0, pacing, resources, parts }
    }

    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads a stored checkpoint. One with another version or another set of resources is refused: the scan starts anew.
    pub fn from_json(json: &[u8]) -> Result<Self, BadCheckpoint> {
        let read: Self = serde_json::from_slice(json).map_err(|_| BadCheckpoint)?;
        let whole = endpoints::ALL.iter().all(|e| read.resources.contains_key(e.key));
        let same = whole && read.resources.len() == endpoints::ALL.len() && read.version == VERSION;
        same.then_some(read).ok_or(BadCheckpoint)
    }

    pub fn is_collected(&self) -> bool {
        self.resources.values().all(|r| r.status.is_some())
    }

    pub fn progress(&self) -> Progress {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Progress {
            calls: self.calls,
            rows: self.resources.values().map(|r| r.rows).sum(),
            resources_done: count(self.resources.values().filter(|r| r.status.is_some()).count()),
            resources_total: count(self.resources.len()),
        }
    }

    pub(super) fn reading(&mut self, key: &str) -> &mut Reading {
        self.resources.entry(key.to_owned()).or_default()
    }

    pub(super) fn end(&mut self, key: &str, status: Status, now: Timestamp) {
        let reading = self.reading(key);
        reading.started_at.get_or_insert(now);
        reading.ended_at = Some(now);
        reading.cursor = None;
        reading.status = Some(status);
    }

    /// Ends what needs no call: resources without a scope, fan-outs without (more) parents. Returns what is left to
    /// read now and the instant at which it may be.
    pub(super) fn due(
        &mut self,
        scopes: &[String],
        now: Timestamp,
    ) -> Option<(&'static Endpoint, Timestamp)> {
        let mut first: Option<(&'static Endpoint, Timestamp)> = None;
        for e in endpoints::ALL {
            let Some(reading) = self.resources.get(e.key).filter(|r| r.status.is_none()) else { continue };
            if !scopes.iter().any(|s| s == e.scope) {
                self.end(e.key, Status::DeniedScope, now);
                continue;
            }
            if let Some(fan_out) = &e.fan_out {
                match self.resources.get(fan_out.of).and_then(|parent| parent.status.clone()) {
                    None => continue,
                    Some(Status::Complete) => {}
                    Some(Status::Partial(_)) => {
                        self.end(e.key, Status::Partial(format!("{} is not complete", fan_out.of)), now);
                        continue;
                    }
                    Some(other) => {
                        self.end(e.key, other, now);
                        continue;
                    }
                }
                if reading.shard as usize >= reading.parents.len() {
                    let status = reading.end_of_fan_out(fan_out.of);
                    self.end(e.key, status, now);
                    continue;
                }
            }
            let ready = self.pacing.ready_at(e.bucket, now).max(reading.retry_at.unwrap_or(now));
            if first.is_none_or(|(_, at)| ready < at) {
                first = Some((e, ready));
            }
        }
        first
    }

    /// Notes the parents that a page of `of` holds for the fan-outs over it.
    pub(super) fn note_parents(&mut self, of: &str, parent: Option<&str>, rows: &[serde_json::Value]) {
        for e in endpoints::ALL {
            let Some(fan_out) = e.fan_out.as_ref().filter(|f| f.of == of) else { continue };
            let reading = self.reading(e.key);
            for row in rows {
                let id = match (fan_out.pick)(parent, row) {
                    Pick::Ask(id) => id,
                    Pick::Skip => continue,
                    Pick::Unclear => {
                        reading.unclear = true;
                        continue;
                    }
                };
                if reading.parents.contains(&id) {
                    continue;
                }
                if reading.parents.len() == MAX_PARENTS {
                    reading.overflow = true;
                    break;
                }
                reading.parents.push(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::testing::now;

    #[test]
    fn only_a_checkpoint_of_this_code_is_gone_on_from() {
        let fresh = Checkpoint::new("scan-1", now());
        let json = fresh.to_json().unwrap();
        assert_eq!(Checkpoint::from_json(&json).unwrap(), fresh);
        let text = String::from_utf8(json).unwrap();
        for bad in [
            text.replace("\"version\":2", "\"version\":1"),
            text.replace("\"version\":2", "\"version\":3"),
            text.replace("\"users\":", "\"persons\":"),
            "{}".into(),
        ] {
            assert_eq!(Checkpoint::from_json(bad.as_bytes()), Err(BadCheckpoint));
        }
    }

    #[test]
    fn every_circle_is_found_and_no_straight_line() {
        for (lead, cycle) in [(0, 1), (0, 2), (3, 1), (5, 7), (40, 13)] {
            let mut mark = LoopMark::default();
            let found = (0..200).any(|i| {
                let at = if i < lead { i } else { lead + (i - lead) % cycle };
                mark.is_loop(&format!("cursor-{at}"))
            });
            assert!(found, "{lead} {cycle}");
        }
        let mut mark = LoopMark::default();
        assert!(!(0..10_000).any(|i| mark.is_loop(&format!("cursor-{i}"))));
    }
}
