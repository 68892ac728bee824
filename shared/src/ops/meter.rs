//! Counts what one request costs in the database: calls, sequential trips, capacity units.
//!
//! Speed is counted, not felt: the figures of a request are the same on every machine.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;

tokio::task_local! {
    static METER: Arc<Mutex<State>>;
}

/// What was counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// Requests sent to DynamoDB.
    pub calls: u32,
    /// Waves of requests: calls in flight at the same time are one trip.
    pub trips: u32,
    /// Consumed read capacity units.
    pub rcu: f64,
    /// Consumed write capacity units.
    pub wcu: f64,
}

#[derive(Debug, Default)]
struct State {
    cost: Cost,
    in_flight: u32,
}

/// Runs `work` and returns what it cost.
pub async fn measured<F: Future>(work: F) -> (F::Output, Cost) {
    let state = Arc::new(Mutex::new(State::default()));
    let output = METER.scope(state.clone(), work).await;
    let cost = state.lock().unwrap_or_else(PoisonError::into_inner).cost;
    (output, cost)
}

/// A call in flight; counted when made, and again when its answer tells the units.
#[derive(Debug)]
pub struct Call(Option<Arc<Mutex<State>>>);

/// Counts one call that starts now. Outside [`measured`] nothing is counted.
pub fn call() -> Call {
    let state = METER.try_with(Arc::clone).ok();
    if let Some(state) = &state {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.cost.calls += 1;
        if state.in_flight == 0 {
            state.cost.trips += 1;
        }
        state.in_flight += 1;
    }
    Call(state)
}

impl Call {
    /// Adds the units that the answer named.
    pub fn consumed(&self, rcu: f64, wcu: f64) {
        if let Some(state) = &self.0 {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.cost.rcu += rcu;
            state.cost.wcu += wcu;
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(state) = &self.0 {
            state.lock().unwrap_or_else(PoisonError::into_inner).in_flight -= 1;
        }
    }
}
