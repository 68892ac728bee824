//! What every other module may use and which uses none of them: time, randomness, configuration, telemetry.

pub mod clock;
pub mod random;

pub use clock::{Clock, SystemClock};
pub use random::{Random, SystemRandom};
