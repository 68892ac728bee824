//! Ids that read the same in every ephemeral run with the same seed.
//!
//! The one rule: never for a key or a secret. It hashes a counter, so who knows the seed knows every id.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use shared::ops::Random;

pub(super) struct SeededRandom {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededRandom {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let counter = self.drawn.fetch_add(1, Ordering::SeqCst);
            let block = digest(&SHA256, &[self.seed.to_be_bytes(), counter.to_be_bytes()].concat());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}
