//! What every other module may use and which uses none of them: time, randomness, configuration, telemetry.

pub mod clock;
pub mod config;
pub mod csv;
pub mod meter;
pub mod pem;
pub mod random;
pub mod telemetry;

pub use clock::{Clock, OffsetClock, SystemClock};
pub use config::Config;
pub use random::{Random, SystemRandom};
