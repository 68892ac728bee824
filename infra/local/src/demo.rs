//! The main job, from an empty deployment to a delivered report, each step through the functions' own routes.
//!
//! One rule: what the product answered decides. A step that deviates ends the run with a failure.

pub mod browser;
pub mod narrator;
mod onboarding;
mod provisioning;

use anyhow::Context;

pub use self::{browser::Browser, narrator::Narrator};
use crate::Stack;

/// The demo's customer.
pub const CUSTOMER: &str = "acme";

/// The people of the demo, signed in.
pub struct People {
    pub operator: Browser,
    pub sponsor: Browser,
    pub second_admin: Browser,
}

/// Runs the whole job on a fresh stack.
pub async fn run(stack: &Stack, narrator: &mut Narrator) -> anyhow::Result<People> {
    let people = onboarding::run(stack, narrator).await.context("onboarding")?;
    provisioning::run(stack, narrator, &people).await.context("provisioning")?;
    Ok(people)
}
