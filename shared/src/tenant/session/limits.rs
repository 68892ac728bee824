//! How long a workspace lets its sessions last: as long as we do, or shorter.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{ABSOLUTE, IDLE};

/// The least that a workspace can ask for; less would end sessions between two clicks.
const LEAST_IDLE_MINUTES: u16 = 5;
/// [`IDLE`] in minutes.
const MOST_IDLE_MINUTES: u16 = 30;
/// [`ABSOLUTE`] in hours.
const MOST_HOURS: u16 = 12;

/// A workspace's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    idle_minutes: u16,
    hours: u16,
}

/// A limit that nobody can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfRange {
    #[error("wanted {LEAST_IDLE_MINUTES} to {MOST_IDLE_MINUTES} minutes without a request, got {got}")]
    Idle { got: u16 },
    #[error("wanted 1 to {MOST_HOURS} hours in all, got {got}")]
    Absolute { got: u16 },
}

impl Limits {
    /// So many minutes without a request, so many hours in all.
    pub fn new(idle_minutes: u16, hours: u16) -> Result<Self, OutOfRange> {
        if !(LEAST_IDLE_MINUTES..=MOST_IDLE_MINUTES).contains(&idle_minutes) {
            return Err(OutOfRange::Idle { got: idle_minutes });
        }
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(OutOfRange::Absolute { got: hours });
        }
        Ok(Self { idle_minutes, hours })
    }

    /// How many minutes a session lasts without a request.
    pub fn idle_minutes(self) -> u16 {
        self.idle_minutes
    }

    /// How many hours a session lasts at most.
    pub fn hours(self) -> u16 {
        self.hours
    }

    /// Never more than [`IDLE`], whatever was stored.
    pub(super) fn idle(self) -> SignedDuration {
        SignedDuration::from_mins(self.idle_minutes.into()).min(IDLE)
    }

    /// Never more than [`ABSOLUTE`], whatever was stored.
    pub(super) fn absolute(self) -> SignedDuration {
        SignedDuration::from_hours(self.hours.into()).min(ABSOLUTE)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { idle_minutes: MOST_IDLE_MINUTES, hours: MOST_HOURS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_most_and_a_workspace_can_only_shorten_it() {
        let most = Limits::default();
        assert_eq!((most.idle(), most.absolute()), (IDLE, ABSOLUTE));
        let least = Limits::new(5, 1).unwrap();
        assert_eq!(
            (least.idle(), least.absolute()),
            (SignedDuration::from_mins(5), SignedDuration::from_hours(1))
        );
        for (idle, hours) in [(0, 12), (4, 12), (31, 12), (30, 0), (30, 13)] {
            assert!(Limits::new(idle, hours).is_err(), "{idle} {hours}");
        }
        let stored: Limits = serde_json::from_str(r#"{"idle_minutes":600,"hours":999}"#).unwrap();
        assert_eq!((stored.idle(), stored.absolute()), (IDLE, ABSOLUTE));
    }
}
