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

/// Runs `work` and returns what it cost. Inside another measurement it counts there too.
pub async fn measured<F: Future>(work: F) -> (F::Output, Cost) {
    let outer = METER.try_with(Arc::clone).ok();
    let state = Arc::new(Mutex::new(State::default()));
    let output = METER.scope(state.clone(), work).await;
    let cost = locked(&state).cost;
    if let Some(outer) = outer {
        let mut outer = locked(&outer);
        outer.cost.calls += cost.calls;
        outer.cost.trips += cost.trips;
        outer.cost.rcu += cost.rcu;
        outer.cost.wcu += cost.wcu;
    }
    (output, cost)
}

fn locked(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call in flight; counted when made, and again when its answer tells the units.
#[derive(Debug)]
pub struct Call(Option<Arc<Mutex<State>>>);

/// Counts one call that starts now. Outside [`measured`] nothing is counted.
pub fn call() -> Call {
    let state = METER.try_with(Arc::clone).ok();
    if let Some(state) = &state {
        let mut state = locked(state);
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
            let mut state = locked(state);
            state.cost.rcu += rcu;
            state.cost.wcu += wcu;
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(state) = &self.0 {
            locked(state).in_flight -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn one(rcu: f64) {
        let call = call();
        tokio::task::yield_now().await;
        call.consumed(rcu, 0.0);
    }

    #[tokio::test]
    async fn calls_at_the_same_time_are_one_trip_and_an_outer_measurement_sees_all() {
        let ((), outer) = measured(async {
            let ((), inner) = measured(async {
                futures::join!(one(1.0), one(0.5));
                one(1.0).await;
            })
            .await;
            assert_eq!(inner, Cost { calls: 3, trips: 2, rcu: 2.5, wcu: 0.0 });
            one(1.0).await;
        })
        .await;
        assert_eq!(outer, Cost { calls: 4, trips: 3, rcu: 3.5, wcu: 0.0 });
    }
}
