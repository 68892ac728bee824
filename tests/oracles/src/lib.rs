//! Second opinions on SAML: what other people's code says of the messages that we send and of those that we judge.
//!
//! One rule: `shared::saml` may refuse what they accept; it never accepts what xmlsec1 calls invalid. Where the
//! verdicts differ, `infra/adr/0003` says why.
//!
//! Without the feature `native` there is nothing here, and no C library is linked.

#![cfg(feature = "native")]

pub mod openssl;
pub mod schema;
pub mod xmlsec1;

use std::process::{Command, Output};

use anyhow::Context;

/// Runs a program to its end.
fn run(command: &mut Command) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.output().with_context(|| format!("{name} is not installed: tests/tools/install"))
}
