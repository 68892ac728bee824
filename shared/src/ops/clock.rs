//! Time as a parameter, so that every decision that depends on it can be tested to the second.

use jiff::{SignedDuration, Timestamp};

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The current instant, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that runs beside the machine's at a fixed distance: `cargo local --clock`, tests that travel.
#[derive(Debug, Default)]
pub struct OffsetClock {
    offset_ms: std::sync::atomic::AtomicI64,
}

impl OffsetClock {
    /// A clock that reads `start` now and goes on at the machine's pace.
    pub fn starting_at(start: Timestamp) -> Self {
        let offset = start.as_millisecond() - SystemClock.now().as_millisecond();
        Self { offset_ms: offset.into() }
    }

    /// Moves the clock forward (or back, for a negative duration).
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.fetch_add(by, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(std::sync::atomic::Ordering::SeqCst));
        SystemClock.now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }
}
