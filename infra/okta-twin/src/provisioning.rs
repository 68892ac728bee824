//! The org as a SCIM 2.0 client: Okta's exact requests, headers and order.
//!
//! The one rule: the twin sends what Okta sends, also where Okta is odd (no path in a PATCH, the
//! whole GET body back in a PUT, no DELETE of a user ever), because that is what must be survived.
//! What is sent and answered is written down in [`Exchange`]s, without the bearer token and passwords.
//!
//! Source: developer.okta.com "SCIM 2.0 with Okta" and "SCIM protocol reference"; captured traffic.

mod bodies;
mod groups;
mod users;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::wire::Exchange;
use crate::config::{ScimApp, ScimKind};
use crate::org::{Row, id};
use crate::state::{App, locked, read};

/// What an app's provisioning remembers: ids on the other side, by ids in the org.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    /// Okta user id to SCIM id, from the first provisioning on. Never forgotten by a deactivation.
    pub users: BTreeMap<String, String>,
    /// Users who are assigned now.
    pub assigned: BTreeSet<String>,
    /// "Refresh App Groups": display name and SCIM id of the other side's groups.
    pub app_groups: Vec<AppGroup>,
    /// Okta group id to what it is pushed to.
    pub pushed: BTreeMap<String, PushedGroup>,
}

/// A group of the other side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppGroup {
    pub id: String,
    pub display_name: String,
}

/// A group of the org that is pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedGroup {
    pub scim_id: String,
    pub name: String,
    /// Okta user ids.
    pub members: BTreeSet<String>,
}

/// How a provisioning job ended, as Okta would show it to the admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    Done,
    /// Final: the admin must push again.
    Failed {
        message: String,
    },
    /// 429: the job waits and goes on later.
    Paused {
        seconds: u64,
        message: String,
    },
}

/// Everything one operation sent and got.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    #[serde(flatten)]
    pub outcome: Outcome,
    pub exchanges: Vec<Exchange>,
}

impl Run {
    pub fn is_done(&self) -> bool {
        self.outcome == Outcome::Done
    }
}

/// Provisioning of one app. Get it from [`crate::Twin::provisioning`].
#[derive(Clone)]
pub struct Provisioning {
    app: Arc<App>,
    name: String,
    settings: ScimApp,
    patience: Duration,
}

/// Why an operation stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("{0}")]
    Failed(String),
    #[error("paused for {0} s: {1}")]
    Paused(u64, String),
}

impl Provisioning {
    pub(crate) fn open(app: &Arc<App>, name: &str) -> Option<Self> {
        let settings = locked(&app.config).scim_apps.get(name).cloned()?;
        Some(Self { app: app.clone(), name: name.to_owned(), settings, patience: Duration::from_secs(30) })
    }

    /// How long a run waits for 429s by itself before it ends as [`Outcome::Paused`] (30 s by default).
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What is remembered of the other side.
    pub fn links(&self) -> Links {
        locked(&self.app.config).links.get(&self.name).cloned().unwrap_or_default()
    }

    fn remember<T>(&self, change: impl FnOnce(&mut Links) -> T) -> T {
        self.app.configure(|config| change(config.links.entry(self.name.clone()).or_default()))
    }

    fn patches(&self) -> bool {
        self.settings.kind == ScimKind::Catalog
    }

    /// A user of the org, by id or login.
    fn user(&self, key: &str) -> Result<Row, Stop> {
        let user = read(&self.app.org).one(&format!("/api/v1/users/{key}"));
        user.ok_or_else(|| Stop::Failed("There is no such user in the org.".to_owned()))
    }

    /// A group of the org, by id or name.
    fn group(&self, key: &str) -> Result<Row, Stop> {
        let org = read(&self.app.org);
        let groups = org.rows("/api/v1/groups");
        let group = groups.iter().find(|row| id(row) == key || row["profile"]["name"] == key);
        group.cloned().ok_or_else(|| Stop::Failed("There is no such group in the org.".to_owned()))
    }

    /// The members of a group of the org who are assigned to the app.
    fn assigned_members(&self, group: &Value) -> BTreeSet<String> {
        let assigned = self.links().assigned;
        let org = read(&self.app.org);
        let members = org.rows(&format!("/api/v1/groups/{}/users", id(group)));
        members.iter().map(|row| id(row).to_owned()).filter(|id| assigned.contains(id)).collect()
    }
}
