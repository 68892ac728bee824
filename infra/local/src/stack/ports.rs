//! Which workspace has which port of its own. Kept with the data, so that a restarted stack is where it was.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use anyhow::Context;
use shared::tenant::Subdomain;

/// Ports by workspace.
#[derive(Debug, Default)]
pub struct Ports {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<String, u16>,
    listening: BTreeMap<String, u16>,
}

impl Ports {
    /// The ports of the last run over `data`.
    pub(super) fn open(data: Option<&Path>) -> anyhow::Result<Self> {
        let Some(data) = data else { return Ok(Self::default()) };
        let file = data.join("ports.json");
        let kept = match std::fs::read(&file) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", file.display()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| file.display().to_string()),
        };
        Ok(Self { file: Some(file), state: Mutex::new(State { kept, listening: BTreeMap::new() }) })
    }

    pub(super) fn known(&self) -> Vec<Subdomain> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.kept.keys().filter_map(|name| Subdomain::parse(name).ok()).collect()
    }

    pub(super) fn kept(&self, subdomain: &Subdomain) -> Option<u16> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).kept.get(subdomain.as_str()).copied()
    }

    pub(super) fn listening(&self, subdomain: &Subdomain) -> Option<u16> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).listening.get(subdomain.as_str()).copied()
    }

    pub(super) fn keep(&self, subdomain: &Subdomain, port: u16) -> anyhow::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.listening.insert(subdomain.as_str().to_owned(), port);
        state.kept.insert(subdomain.as_str().to_owned(), port);
        if let Some(file) = &self.file {
            let temporary = file.with_extension("new");
            std::fs::write(&temporary, serde_json::to_vec(&state.kept)?)?;
            std::fs::rename(&temporary, file)?;
        }
        Ok(())
    }
}
