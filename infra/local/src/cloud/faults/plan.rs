//! Which call meets which fault.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The service refuses for load: `ProvisionedThroughputExceededException`, `SlowDown`, and so on.
    Throttled,
    /// DynamoDB refuses because another transaction holds the item: every item of a transaction has the reason
    /// `TransactionConflict`; a single write gets `TransactionConflictException`.
    Conflict,
    /// The service does what was asked, and the answer never arrives.
    ReplyLost,
    /// The call is sent late.
    Delay(Duration),
    /// The service fails before it did anything, with this status.
    ServerError(u16),
}

/// When a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the n-th call of the operation, from 1.
    Nth(u64),
    /// At so many calls in a thousand, chosen by the plan's seed.
    PerMille(u16),
}

/// Rules, tried in order; the first that holds decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    seed: u64,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    operation: String,
    when: When,
    fault: Fault,
}

impl Plan {
    /// A plan without rules.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, rules: Vec::new() }
    }

    /// Adds a rule for `service.Operation`, `service.*` or `*`. Services are named as the SDK's crates are: `dynamodb`,
    /// `s3`, `sqs`, `secretsmanager`, `kms`, `sts`, `sesv2`.
    #[must_use]
    pub fn rule(mut self, operation: &str, when: When, fault: Fault) -> Self {
        self.rules.push(Rule { operation: operation.to_owned(), when, fault });
        self
    }

    /// What happens to call number `call` of `operation`.
    pub(super) fn fate(&self, operation: &str, call: u64) -> Option<Fault> {
        let holds = |(index, rule): &(usize, &Rule)| {
            rule.covers(operation)
                && match rule.when {
                    When::Nth(nth) => nth == call,
                    When::PerMille(chance) => self.draw(*index, operation, call) < chance,
                }
        };
        self.rules.iter().enumerate().find(holds).map(|(_, rule)| rule.fault.clone())
    }

    /// 0 to 999, the same for the same seed, rule, operation and call.
    fn draw(&self, rule: usize, operation: &str, call: u64) -> u16 {
        let input = format!("{}/{rule}/{operation}/{call}", self.seed);
        let hash = digest(&SHA256, input.as_bytes());
        let drawn = hash.as_ref().iter().take(7).fold(0_u64, |sum, &byte| (sum << 8) | u64::from(byte));
        u16::try_from(drawn % 1000).unwrap_or_default()
    }
}

impl Rule {
    fn covers(&self, operation: &str) -> bool {
        match self.operation.strip_suffix('*') {
            Some(prefix) => operation.starts_with(prefix),
            None => self.operation == operation,
        }
    }
}
