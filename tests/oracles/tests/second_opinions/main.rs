//! What others say of our messages, and of those that we judge.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly, their helpers too")]

mod both;
mod corpus;
mod other_side;
