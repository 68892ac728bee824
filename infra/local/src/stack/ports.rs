//! Which port is whose. Kept with the data, so that a restarted stack is where it was: addresses were handed out.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use serde::Serialize;
use shared::tenant::Subdomain;
use tokio::net::TcpListener;

/// What the gateway's port is called among those of parts.
pub(super) const GATEWAY: &str = "gateway";

/// Ports by workspace.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<String, u16>,
    listening: BTreeMap<String, u16>,
}

/// Where a workspace is.
#[derive(Debug, Serialize)]
pub(crate) struct Place {
    pub workspace: String,
    /// For browsers.
    pub origin: String,
    /// Its own port, for clients that do not resolve `*.localhost`.
    pub address: String,
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

    /// Listens for a part of the stack that is no workspace, such as the gateway: on the port asked for, else on
    /// that of the last run, else on a free one.
    pub(super) async fn bind(&self, part: &str, asked: u16) -> anyhow::Result<TcpListener> {
        let name = part_name(part);
        let kept = self.locked().kept.get(&name).copied();
        let wanted = if asked == 0 { kept.unwrap_or(0) } else { asked };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await.with_context(|| {
            format!("port {wanted} of the {part} is taken; end what uses it, or start with other --data")
        })?;
        self.locked().kept.insert(name, listener.local_addr()?.port());
        self.save()?;
        Ok(listener)
    }

    /// The gateway's port; 0 before it was bound.
    pub(super) fn gateway(&self) -> u16 {
        self.locked().kept.get(&part_name(GATEWAY)).copied().unwrap_or_default()
    }

    /// A workspace's origin, such as `http://acme.localhost:8080`.
    pub(super) fn origin(&self, workspace: &str) -> String {
        format!("http://{}:{}", host(workspace), self.gateway())
    }

    /// Where the workspaces are that have a port of their own, by name.
    pub(crate) fn places(&self) -> Vec<Place> {
        let listening = self.locked().listening.clone();
        let place = |(workspace, port): (String, u16)| Place {
            origin: self.origin(&workspace),
            address: address(port),
            workspace,
        };
        listening.into_iter().map(place).collect()
    }

    pub(super) fn known(&self) -> Vec<Subdomain> {
        let state = self.locked();
        state.kept.keys().filter_map(|name| Subdomain::parse(name).ok()).collect()
    }

    pub(super) fn kept(&self, subdomain: &Subdomain) -> Option<u16> {
        self.locked().kept.get(subdomain.as_str()).copied()
    }

    pub(super) fn listening(&self, subdomain: &Subdomain) -> Option<u16> {
        self.locked().listening.get(subdomain.as_str()).copied()
    }

    pub(super) fn keep(&self, subdomain: &Subdomain, port: u16) -> anyhow::Result<()> {
        let mut state = self.locked();
        state.listening.insert(subdomain.as_str().to_owned(), port);
        state.kept.insert(subdomain.as_str().to_owned(), port);
        drop(state);
        self.save()
    }

    fn save(&self) -> anyhow::Result<()> {
        if let Some(file) = &self.file {
            let temporary = file.with_extension("new");
            std::fs::write(&temporary, serde_json::to_vec(&self.locked().kept)?)?;
            std::fs::rename(&temporary, file)?;
        }
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host of a workspace.
pub(super) fn host(workspace: &str) -> String {
    format!("{workspace}.localhost")
}

/// A workspace's own port, as an address.
pub(super) fn address(port: u16) -> String {
    format!("http://{}:{port}", Ipv4Addr::LOCALHOST)
}

/// No subdomain begins so.
fn part_name(part: &str) -> String {
    format!("@{part}")
}
