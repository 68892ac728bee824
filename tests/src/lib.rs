//! What the end-to-end tests stand on.

pub mod lab;
pub mod world;
