//! The workspaces' doors: each is reached by its host at the gateway, and by a port of its own from when it exists on,
//! since many clients do not resolve `*.localhost`.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use futures::FutureExt;
use shared::{store::Workspaces, tenant::Subdomain};
use tokio::sync::{Mutex, Notify};

use super::{
    OPERATOR,
    moved::Moved,
    ports::{self, Ports},
};
use crate::gateway::Gateway;

/// Opens them.
pub(super) struct Doors {
    gateway: Gateway,
    ports: Arc<Ports>,
    workspaces: Workspaces,
    /// Held while one is opened: of two at once for a workspace, one would be at a port that nobody knows.
    opening: Mutex<()>,
}

impl Doors {
    pub(super) fn new(gateway: Gateway, ports: Arc<Ports>, workspaces: Workspaces) -> Self {
        Self { gateway, ports, workspaces, opening: Mutex::default() }
    }

    /// The port of a workspace.
    pub(super) async fn open(&self, subdomain: &Subdomain) -> anyhow::Result<u16> {
        let _one_at_a_time = self.opening.lock().await;
        if let Some(port) = self.ports.listening(subdomain) {
            return Ok(port);
        }
        let host = ports::host(subdomain.as_str());
        let wanted = self.ports.kept(subdomain).unwrap_or(0);
        let port = match self.gateway.listen(wanted, Some(host.clone())).await {
            Ok(port) => port,
            // Somebody else has the port of the last run.
            Err(_) => self.gateway.listen(0, Some(host)).await?,
        };
        self.ports.keep(subdomain, port)?;
        Ok(port)
    }

    /// Opens those of an earlier run, and says where they are now.
    pub(super) async fn reopen(&self) -> anyhow::Result<Moved> {
        let mut own = BTreeMap::new();
        for subdomain in self.ports.known() {
            let before = self.ports.kept(&subdomain);
            let now = self.open(&subdomain).await?;
            own.insert(subdomain, (before.unwrap_or(now), now));
        }
        Ok(Moved::new(self.ports.gateway(), own))
    }

    /// Opens those of all workspaces that the operators created.
    pub(super) async fn open_all(&self) -> anyhow::Result<()> {
        let operators = self.workspaces.find(&Subdomain::parse(OPERATOR)?).await?;
        let operators = operators.context("there is no workspace of the operators")?;
        for workspace in self.workspaces.table().tenant(&operators).customers().await? {
            self.open(&workspace.subdomain).await?;
        }
        Ok(())
    }

    /// Opens that of each new workspace. The operators create them: what else changes is nothing to look for.
    pub(super) async fn watch(self: Arc<Self>) {
        let (changed, operators) = (Arc::new(Notify::new()), ports::host(OPERATOR));
        let teller = changed.clone();
        self.gateway.tell(move |host| {
            if host == operators {
                teller.notify_one();
            }
        });
        loop {
            // Without its type: the compiler follows only so many futures in each other.
            if let Err(error) = self.open_all().boxed().await {
                tracing::warn!(%error, "a new workspace has no port of its own yet");
            }
            changed.notified().await;
        }
    }

    /// Closes all of them.
    pub(super) fn close(&self) {
        self.gateway.stop();
    }
}
