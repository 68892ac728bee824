//! What the requests of a run cost in the database: the sum of what the gateway said of each.

use std::fmt;

/// The sum so far.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Tally {
    /// Requests whose answer said what they cost.
    pub requests: u32,
    calls: u64,
    trips: u64,
    rcu: f64,
    wcu: f64,
}

impl Tally {
    /// Adds what was said of one request, such as `calls=2 trips=1 rcu=1 wcu=0`. Nothing said adds nothing.
    pub fn add(&mut self, cost: &str) {
        if cost.is_empty() {
            return;
        }
        self.requests += 1;
        for (name, value) in cost.split_whitespace().filter_map(|part| part.split_once('=')) {
            match name {
                "calls" => self.calls += value.parse::<u64>().unwrap_or_default(),
                "trips" => self.trips += value.parse::<u64>().unwrap_or_default(),
                "rcu" => self.rcu += value.parse::<f64>().unwrap_or_default(),
                "wcu" => self.wcu += value.parse::<f64>().unwrap_or_default(),
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, calls, trips, rcu, wcu } = self;
        write!(
            f,
            "{requests} of them said what they cost: {calls} DynamoDB calls in {trips} sequential trips, {rcu} read \
             and {wcu} write units"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_summed_up() {
        let mut tally = Tally::default();
        for said in ["calls=2 trips=1 rcu=1.5 wcu=0", "", "calls=3 trips=2 rcu=0.5 wcu=7 new=1"] {
            tally.add(said);
        }
        assert_eq!(
            tally.to_string(),
            "2 of them said what they cost: 5 DynamoDB calls in 3 sequential trips, 2 read and 7 write units"
        );
    }
}
