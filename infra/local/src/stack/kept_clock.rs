//! The stack's clock, kept with its data: the next run is never earlier than what the last one wrote.
//!
//! One rule: a new time is on disk before anybody reads it from the clock, so that a run which is killed in between
//! has written nothing that is later than what is kept.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::ops::{Clock, OffsetClock};

/// Where the clock's distance from the machine's is kept, if anywhere.
#[derive(Debug)]
pub(super) struct KeptClock {
    file: Option<PathBuf>,
    /// Held while the clock is moved: of two at once, one would be lost on disk.
    moving: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    offset_ms: i64,
}

impl KeptClock {
    /// The clock of the data in `data`.
    pub(super) fn of(data: Option<&Path>) -> Self {
        Self { file: data.map(|data| data.join("clock.json")), moving: Mutex::new(()) }
    }

    /// Sets `clock` to where the last run left it, or leaves it at the time that was `asked` for.
    ///
    /// # Errors
    /// The time asked for is earlier than the data's: what was written would lie in the future.
    pub(super) fn begin(&self, clock: &OffsetClock, asked: Option<Timestamp>) -> anyhow::Result<()> {
        let kept = self.read()?;
        match (asked, kept) {
            (None, kept) => clock.advance(kept.unwrap_or(SignedDuration::ZERO)),
            (Some(asked), Some(kept)) if clock.offset() < kept => {
                let data = OffsetClock::at_offset(kept).now();
                anyhow::bail!(
                    "--clock {asked} is earlier than the time of this data, {data:.0}: leave --clock out to go on from \
                     there, give a later time, or take other --data"
                )
            }
            (Some(_), _) => {}
        }
        self.write(clock.offset())
    }

    /// How far ahead the last run left it; none if there was no run.
    fn read(&self) -> anyhow::Result<Option<SignedDuration>> {
        let Some(file) = &self.file else { return Ok(None) };
        match std::fs::read(file) {
            Ok(bytes) => {
                let kept: Kept = serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is damaged", file.display()))?;
                Ok(Some(SignedDuration::from_millis(kept.offset_ms)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| file.display().to_string()),
        }
    }

    /// Keeps it, whole or not at all.
    fn write(&self, offset: SignedDuration) -> anyhow::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let kept = Kept { offset_ms: i64::try_from(offset.as_millis())? };
        let temporary = file.with_extension("new");
        std::fs::write(&temporary, serde_json::to_vec(&kept)?)?;
        std::fs::rename(&temporary, file)?;
        Ok(())
    }

    /// Moves `clock` on.
    pub(super) fn advance(&self, clock: &OffsetClock, by: SignedDuration) -> anyhow::Result<()> {
        let _one_at_a_time = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(clock.offset().saturating_add(by))?;
        clock.advance(by);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_run_begins_where_the_last_one_was() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptClock::of(Some(folder.path()));
        assert_eq!(kept.read().unwrap(), None);
        let clock = OffsetClock::at_offset(SignedDuration::from_secs(-5));
        for _ in 0..2 {
            kept.advance(&clock, SignedDuration::from_hours(1)).unwrap();
        }
        assert_eq!(clock.offset(), SignedDuration::from_secs(7_195));
        assert_eq!(KeptClock::of(Some(folder.path())).read().unwrap(), Some(clock.offset()));

        std::fs::write(folder.path().join("clock.json"), "{").unwrap();
        assert!(kept.read().is_err(), "a damaged one is not taken for none");
    }

    #[test]
    fn a_run_begins_where_it_is_asked_to_but_not_before_its_data() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptClock::of(Some(folder.path()));
        let hours = SignedDuration::from_hours;
        // What a run is asked for is the clock that it begins with.
        let begin = |ahead: SignedDuration, asked: bool| {
            let clock = OffsetClock::at_offset(ahead);
            let asked = asked.then(|| clock.now());
            kept.begin(&clock, asked).map(|()| clock.offset()).map_err(|error| error.to_string())
        };
        assert_eq!(begin(hours(-50), true), Ok(hours(-50)), "new data may begin in the past");
        assert_eq!(begin(hours(0), false), Ok(hours(-50)));
        assert_eq!(begin(hours(2), true), Ok(hours(2)));
        let refused = begin(hours(1), true).unwrap_err();
        assert!(refused.contains("earlier than the time of this data"), "{refused}");
        assert_eq!(begin(hours(0), false), Ok(hours(2)), "a refused run changed nothing");
    }

    #[test]
    fn without_a_folder_it_moves_all_the_same() {
        let (kept, clock) = (KeptClock::of(None), OffsetClock::default());
        kept.advance(&clock, SignedDuration::from_secs(30)).unwrap();
        assert_eq!((kept.read().unwrap(), clock.offset()), (None, SignedDuration::from_secs(30)));
    }
}
