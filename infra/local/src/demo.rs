//! The main job, from an empty deployment to a delivered report, each step through the functions' own routes.
//!
//! One rule: what the product answered decides. A step that deviates ends the run with a failure.
//!
//! A run over kept data goes on where the last one was stopped, wherever that was. What a step does once and could not
//! do again (a refusal seen before an approval) is noted as a part of it; what it may have done without noting it (a
//! creation, an approval) is found, not done twice. A run over new data takes none of these excuses.

mod approvals;
mod assessment;
pub mod browser;
mod delivery;
mod directory;
pub mod narrator;
mod onboarding;
mod provisioning;
mod review;
mod scans;
mod sign_in;
mod sign_on;
mod state;
mod tally;

use std::path::{Path, PathBuf};

use anyhow::Context;

pub use self::{
    browser::Browser,
    directory::{Directory, SAML_APP},
    narrator::Narrator,
    state::State,
    tally::Tally,
};
use crate::{
    Stack,
    stack::{OPERATOR, OPERATOR_EMAIL},
};

/// The demo's customer, and who is who there.
pub const CUSTOMER: &str = "acme";
pub const SPONSOR: &str = "sponsor@acme.example";
pub const SECOND_ADMIN: &str = "second.admin@acme.example";
/// Asks for the partner's access: whoever asks does not decide.
pub const COORDINATOR: &str = "coordinator@acme.example";

/// A run: the stack, what is told, what is remembered.
pub struct Demo<'s> {
    pub stack: &'s Stack,
    pub narrator: Narrator,
    pub state: State,
    /// Where reports and manifests are put for a person to look at.
    pub shelf: PathBuf,
    /// Whether the run may move the stack's clock by a week, to show the schedule.
    travels: bool,
}

/// The people of the demo, signed in.
#[derive(Clone)]
pub struct People {
    pub operator: Browser,
    pub sponsor: Browser,
    pub second_admin: Browser,
    pub coordinator: Browser,
    /// Provisioned by SCIM, signed in by SAML.
    pub engineer: Option<Browser>,
}

impl<'s> Demo<'s> {
    /// A run over `stack`, whose data is kept in `data` if anywhere.
    ///
    /// # Errors
    /// The data cannot be read, or is about another org than the twin's.
    pub fn new(stack: &'s Stack, data: Option<&Path>, narrator: Narrator) -> anyhow::Result<Self> {
        let shelf = data.map_or_else(|| PathBuf::from(".data/demo"), |data| data.join("delivered"));
        let mut state = State::open(data)?;
        state.is_about(if stack.is_synthetic { "synthetic" } else { "recordings" })?;
        Ok(Self { stack, narrator, state, shelf, travels: true })
    }

    /// Runs the job up to the published report and leaves the clock where it is, so that an authenticator app
    /// shows the codes that the stack expects.
    pub async fn prepare(&mut self) -> anyhow::Result<People> {
        self.travels = false;
        let mut people = self.onboard().await.context("onboarding")?;
        self.provision(&mut people).await.context("provisioning")?;
        self.sign_on(&mut people).await.context("single sign-on")?;
        self.assess(&mut people).await.context("assessment")?;
        Ok(people)
    }

    /// Runs the whole job.
    pub async fn run(&mut self) -> anyhow::Result<People> {
        let mut people = self.onboard().await.context("onboarding")?;
        self.provision(&mut people).await.context("provisioning")?;
        self.sign_on(&mut people).await.context("single sign-on")?;
        self.assess(&mut people).await.context("assessment")?;
        self.deliver(&mut people).await.context("delivery")?;
        self.keep_all(&mut people).await.context("keeping what was delivered")?;
        Ok(people)
    }

    /// Whether the step `title` is still to be done; tells so.
    fn begins(&mut self, title: &str) -> bool {
        let done = self.state.is_done(title);
        self.narrator.step(title);
        if done {
            self.narrator.note("done by an earlier run");
        }
        !done
    }

    /// How a creation is answered: with 409 if a run that was stopped had made it already.
    fn created(&self) -> &'static [u16] {
        if self.stack.resumed { &[201, 409] } else { &[201] }
    }

    async fn sign_in_operator(&mut self) -> anyhow::Result<Browser> {
        self.sign_in("operator", OPERATOR, OPERATOR_EMAIL).await
    }
}

/// What a read-only administrator lacks: the custom role that goes with it (Okta's permission names).
fn permissions() -> std::collections::BTreeSet<String> {
    let names = [
        "okta.users.read",
        "okta.users.apitokens.read",
        "okta.groups.read",
        "okta.apps.read",
        "okta.authzServers.read",
        "okta.identityProviders.read",
        "okta.iam.read",
        "okta.realm.read",
        "okta.devices.read",
        "okta.customizations.read",
    ];
    names.map(ToOwned::to_owned).into()
}
