//! CPU time per operation, the figure that a busy machine disturbs least.

use std::hint::black_box;

use cpu_time::ThreadTime;

/// Batches per measurement; the fastest is reported, since noise only ever adds.
const BATCHES: usize = 15;
/// Long enough for the thread clock's resolution.
const BATCH_MICROSECONDS: f64 = 20_000.0;

/// Microseconds of this thread's CPU per call of `operation`: the best of several batches.
pub fn microseconds<T>(mut operation: impl FnMut() -> T) -> f64 {
    let once = batch(1, &mut operation).max(0.1);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive count")]
    let calls = (BATCH_MICROSECONDS / once).ceil() as usize;
    (0..BATCHES).map(|_| batch(calls, &mut operation)).fold(f64::INFINITY, f64::min)
}

fn batch<T>(calls: usize, operation: &mut impl FnMut() -> T) -> f64 {
    let began = ThreadTime::now();
    for _ in 0..calls {
        black_box(operation());
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let calls = calls as f64;
    began.elapsed().as_secs_f64() * 1e6 / calls
}
