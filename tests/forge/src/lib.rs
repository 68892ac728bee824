//! An identity provider that signs for real, in the hand of eight well-known ones, and a forger who knows every
//! published way to make a verifier believe what was never signed.
//!
//! It shares no code with the verifiers that it tries, the canonicalizer included, and depends on no parser: a
//! document is made as a tree, forged as a tree, and written once.
//!
//! - [`genuine`]: what must be accepted, for each [`Shape`] and each [`Signed`] part;
//! - [`Scene::attacks`]: what must be refused, each with the row of the bad-input catalogue and the reason that must be
//!   given. A reason that hides behind another (an invalid digest before a missing structural check) would prove
//!   nothing: every attack is also forged so that its digests and signatures are valid, see [`Proof`];
//! - [`mutations`]: every element and attribute deleted, doubled, renamed, moved and changed, with and without the
//!   key, each with what must come of it.

mod attacks;
mod canonical;
mod forged;
mod idp;
mod message;
mod mutations;
mod shape;
mod sign;
#[cfg(test)]
mod tests;
pub mod xml;

pub use attacks::{EVE, Scene};
pub use canonical::canonical;
pub use forged::{Forged, Proof};
pub use idp::Idp;
pub use message::{Document, Draft, Facts};
pub use mutations::{Change, Fate, Mutant, mutations};
pub use shape::{Hash, Shape, Signed, Style};
pub use sign::Signing;

/// What an honest identity provider sends.
pub fn genuine(idp: &Idp, shape: Shape, signed: Signed, facts: &Facts) -> Document {
    Draft::new(shape, facts).sign(idp, signed)
}
