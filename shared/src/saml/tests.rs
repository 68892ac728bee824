//! The verifier against the twin, which shares no code with it. Tests are named after the rows of the
//! bad-input catalogue (A01, A02, ...).

mod conditions;
mod corpus;
mod document;
mod ecdsa;
mod encryption;
mod genuine;
mod harness;
mod metadata;
mod properties;
mod request;
mod shape;
