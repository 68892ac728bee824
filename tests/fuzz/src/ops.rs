//! As much of `shared::ops` as the pure modules use.

pub mod random;
