//! From an org's answers to judged findings.
//!
//! Why: a wrong "pass" is the worst thing this product can say. Its one rule: **only a sealed snapshot is judged, and
//! what could not be read is never a pass**.
//!
//! | step | module |
//! |---|---|
//! | read everything once, resumably | [`collect`], [`checkpoint`], [`part`] |
//! | seal what was read | [`manifest`], [`merkle`], [`dsse`] |
//! | look at it | [`snapshot`], [`facts`] |
//! | judge it | [`rule`], [`judge`], [`engine`], [`rules`] |
//! | decide about it | [`finding`], [`lifecycle`] |

pub mod checkpoint;
pub mod collect;
pub mod dsse;
pub mod engine;
pub mod facts;
pub mod finding;
pub mod framework;
pub mod judge;
pub mod lifecycle;
pub mod manifest;
pub mod merkle;
pub mod page;
pub mod part;
pub mod rule;
pub mod rules;
pub mod scrub;
pub mod snapshot;
pub mod status;

pub use checkpoint::Checkpoint;
pub use collect::{StepOutcome, step};
pub use engine::{Coverage, Evaluation, evaluate};
pub use finding::Finding;
pub use manifest::Manifest;
pub use rule::{Confidence, Outcome, Rule, Severity};
pub use snapshot::Snapshot;
pub use status::{Cause, Status};
