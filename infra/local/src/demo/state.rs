//! What a run must remember to go on after it was killed: who has which second factor, what was handed out.
//!
//! Local and made up, like everything in the demo; kept beside the stack's data, readable by its owner alone.

use std::{
    collections::BTreeMap,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The run's memory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Which org the twin played, `synthetic` or `recordings`; none before the first run.
    #[serde(default)]
    org: Option<String>,
    /// TOTP secrets (base32) by e-mail.
    pub second_factors: BTreeMap<String, String>,
    /// Session cookies by e-mail.
    #[serde(default)]
    pub sessions: BTreeMap<String, BTreeMap<String, String>>,
    /// When they were opened, on the stack's clock.
    #[serde(default)]
    pub signed_in: BTreeMap<String, Timestamp>,
    /// The SCIM token that was shown.
    pub scim_token: Option<String>,
    /// Titles of the steps that are done, and of the parts of steps that cannot be done again.
    pub done: Vec<String>,
    #[serde(skip)]
    file: Option<PathBuf>,
}

impl State {
    /// What the last run over `data` left.
    pub fn open(data: Option<&Path>) -> anyhow::Result<Self> {
        let Some(data) = data else { return Ok(Self::default()) };
        let file = data.join("demo.json");
        let state: Self = match std::fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", file.display()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        Ok(Self { file: Some(file), ..state })
    }

    /// Notes which org the twin plays.
    ///
    /// # Errors
    /// An earlier run was about another one: what it did says nothing about this one.
    pub fn is_about(&mut self, org: &str) -> anyhow::Result<()> {
        let Some(before) = &self.org else {
            self.org = Some(org.to_owned());
            return self.save();
        };
        ensure!(
            before == org,
            "this data was made with --org {before}: start with that again, or take other --data for --org {org}"
        );
        Ok(())
    }

    /// Keeps it, whole or not at all.
    pub fn save(&self) -> anyhow::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let temporary = file.with_extension("new");
        let mut out = std::fs::OpenOptions::new();
        let mut out = out.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        out.write_all(&serde_json::to_vec(self)?)?;
        out.sync_all()?;
        std::fs::rename(&temporary, file)?;
        Ok(())
    }

    /// Notes that a step, or a part of one, is done.
    pub fn finish(&mut self, step: &str) -> anyhow::Result<()> {
        self.done.push(step.to_owned());
        self.save()
    }

    /// Notes that a step is to be done again.
    pub fn undo(&mut self, step: &str) -> anyhow::Result<()> {
        self.done.retain(|done| done != step);
        self.save()
    }

    /// Whether a step, or a part of one, was done, by this run or one before.
    pub fn is_done(&self, step: &str) -> bool {
        self.done.iter().any(|done| done == step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stays_with_the_org_that_it_was_made_with() {
        let folder = tempfile::tempdir().unwrap();
        let about = |org: &str| State::open(Some(folder.path())).unwrap().is_about(org);
        about("synthetic").unwrap();
        about("synthetic").unwrap();
        let refused = about("recordings").unwrap_err().to_string();
        assert!(refused.contains("--org synthetic") && refused.contains("--data"), "{refused}");
        about("synthetic").unwrap();
    }
}
