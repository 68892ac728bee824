//! A forged document, its name and what must be said of it.

use crate::{
    shape::{Shape, Signed},
    xml::Element,
};

/// How much of what a forged document shows is cryptographically sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// What was signed is still there, and its digest and signature are valid: only where things are is wrong.
    Intact,
    /// What was signed was changed: the digest is wrong too.
    Broken,
    /// The genuine key has signed the whole wrong thing: every digest and signature is valid.
    Sealed,
    /// Nothing that counts is signed by the genuine key.
    Foreign,
}

/// A document that must not sign anybody in.
#[derive(Debug, Clone)]
pub struct Forged {
    /// The row of the bad-input catalogue, such as `A01`.
    pub row: &'static str,
    /// What was done.
    pub attack: String,
    /// In whose hand.
    pub shape: Shape,
    /// What the genuine document had signed.
    pub signed: Signed,
    /// What is sound about it.
    pub proof: Proof,
    /// The document.
    pub xml: Vec<u8>,
    /// The code of the refusal, such as `saml.multiple_assertions`.
    pub reason: &'static str,
    /// The document as it was before it was written, unless it never was well-formed.
    #[cfg_attr(not(test), expect(dead_code, reason = "the forge's own tests look at it"))]
    pub(crate) root: Option<Element>,
}

impl Forged {
    /// The whole name, for messages and files.
    pub fn name(&self) -> String {
        format!("{} {}, {:?}, {:?} signed, {:?}", self.row, self.attack, self.shape, self.signed, self.proof)
    }
}
