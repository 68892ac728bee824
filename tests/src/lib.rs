//! What the end-to-end tests stand on.

pub mod front;
pub mod lab;
pub mod world;
