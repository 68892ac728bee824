//! The report: what a customer, an auditor and a partner read.
//!
//! Its one rule: a report is data made of a sealed manifest, its outcomes and the published findings, and nothing else.
//! The same three give the same bytes; there is no clock here.

pub mod findings;
pub mod html;
pub mod json;
pub mod model;
pub mod sanitized;

pub use findings::Findings;
pub use model::{Input, Report};
pub use sanitized::Sanitized;
