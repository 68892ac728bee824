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

    /// A clock at this distance from the machine's, to the millisecond.
    pub fn at_offset(offset: SignedDuration) -> Self {
        Self { offset_ms: millis(offset).into() }
    }

    /// How far it is ahead of the machine's; negative is behind.
    pub fn offset(&self) -> SignedDuration {
        SignedDuration::from_millis(self.offset_ms.load(std::sync::atomic::Ordering::SeqCst))
    }

    /// Moves the clock forward (or back, for a negative duration).
    pub fn advance(&self, by: SignedDuration) {
        self.offset_ms.fetch_add(millis(by), std::sync::atomic::Ordering::SeqCst);
    }
}

fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(self.offset()).unwrap_or(Timestamp::MAX)
    }
}
