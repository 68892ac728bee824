//! An Okta org to develop against: the other side of everything the product does with Okta.
//!
//! | part | what it plays |
//! |---|---|
//! | `api` | the org authorization server and the read-only management API, with limits |
//! | `org` | the org itself: synthetic with planted faults and known answers, or of recordings |
//! | `idp` | the SAML identity provider, with a sign-in page |
//! | `provisioning` | the SCIM client |
//! | `control` | `/_twin`: sets it all up, over HTTP |
//!
//! The one rule: it shares no code with the product, so that a mistake in one is not forgiven by the
//! same mistake in the other. Where Okta's behaviour is not documented, the twin takes the reading
//! that is harder on its client, and says so.
//!
//! Everything is served from one loopback port. The twin has no passwords and trusts whoever reaches
//! it: it must never listen anywhere else.
//!
//! # The control API
//! | request | does |
//! |---|---|
//! | `GET /_twin` | this list, with links |
//! | `GET /_twin/service-apps`, `PUT /_twin/service-apps/{client_id}` | API Services apps: [`ServiceApp`] |
//! | `GET /_twin/saml-apps`, `PUT /_twin/saml-apps/{app}` | SAML apps: [`SamlApp`] |
//! | `GET /_twin/scim-apps`, `PUT /_twin/scim-apps/{app}` | SCIM apps: [`ScimApp`] (the token is never shown) |
//! | `POST /_twin/saml/{app}/response` | a signed response: `{user, in_response_to?, tamper?}`, see [`Tamper`] |
//! | `POST /_twin/saml-keys` | a step of a rollover of the signing keys: [`Rollover`] |
//! | `POST /_twin/scim/{app}/{operation}` | provisioning: the names of [`Provisioning`]'s methods with hyphens, and of their parameters; answers the transcript |
//! | `GET /_twin/scim/{app}` | what provisioning remembers |
//! | `GET /_twin/users?search=...&limit=n` | users of the org |
//! | `GET /_twin/answers` | what an assessment must find |
//! | `GET /_twin/counters`, `DELETE /_twin/counters` | requests per bucket, 429s, attempts to write |
//! | `PUT /_twin/limits` | rate limits: [`RateLimits`] |
//! | `POST /_twin/noise` | requests of somebody else: `{bucket, requests}` |
//! | `PUT /_twin/faults` | a list of [`Fault`]s, in place of the present ones |
//! | `PATCH /_twin/org` | changes a document of the org: `{"path", "change"}` (merge patch) |

mod api;
mod config;
mod control;
mod idp;
mod options;
mod org;
mod outbound;
mod provisioning;
pub mod saml;
mod seed;
mod server;
mod service;
mod state;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use self::api::limits::{BUCKETS, BucketCount};
pub use self::config::{SamlApp, ScimApp, ScimKind, Secret, ServiceApp};
pub use self::idp::{Rollover, Signed, SignedResponse, Tamper, When};
pub use self::options::{Now, Org, RateLimits, TwinOptions};
pub use self::org::answers::{Expected, KnownAnswer};
pub use self::provisioning::{AppGroup, Exchange, Links, Outcome, Provisioning, PushedGroup, Run};
use self::state::{App, Faults, locked, read, write};
pub use self::state::{Counters, Fault, Refusals};

/// A user of the org, as far as a person needs to know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinUser {
    pub id: String,
    pub login: String,
    pub status: String,
}

/// A running twin. It stops when it is dropped.
pub struct Twin {
    app: Arc<App>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Twin {
    /// Makes the org and serves it.
    ///
    /// # Errors
    /// The address is not loopback or taken, or the state folder or the recordings cannot be read.
    pub async fn start(options: TwinOptions) -> anyhow::Result<Self> {
        server::start(options).await
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.app.base_url
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The org's id (`00o...`).
    pub fn org_id(&self) -> &str {
        &self.app.org_id
    }

    /// Ends open requests and stops serving.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the server is gone already.
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
    }

    /// Registers an API Services app, or changes it. Its `client_id` must be set.
    pub fn put_service_app(&self, app: ServiceApp) {
        self.app.configure(|config| config.service_apps.insert(app.client_id.clone(), app));
    }

    /// Registers a SAML app, or changes it.
    pub fn put_saml_app(&self, name: &str, app: SamlApp) {
        self.app.configure(|config| config.saml_apps.insert(name.to_owned(), app));
    }

    /// Sets an app's provisioning up, or changes it.
    pub fn put_scim_app(&self, name: &str, app: ScimApp) {
        self.app.configure(|config| config.scim_apps.insert(name.to_owned(), app));
    }

    /// Moves the apps: `moved` gives the present form of each of their addresses, or none if it still holds.
    pub fn move_apps(&self, moved: impl Fn(&str) -> Option<String>) {
        self.app.configure(|config| config.move_apps(moved));
    }

    /// The SCIM client of an app.
    pub fn provisioning(&self, name: &str) -> Option<Provisioning> {
        Provisioning::open(&self.app, name)
    }

    /// Where a SAML app's metadata is.
    pub fn metadata_url(&self, name: &str) -> String {
        format!("{}/metadata", idp::sso_url(&self.app, name))
    }

    /// The tile of a SAML app on the dashboard: IdP-initiated sign-in.
    pub fn dashboard_url(&self, name: &str) -> String {
        format!("{}/home/{name}", self.app.base_url)
    }

    /// A response for a user without a browser; `None` if there is no such app.
    ///
    /// # Errors
    /// The response cannot be signed.
    pub fn saml_response(
        &self,
        name: &str,
        login: &str,
        in_response_to: Option<&str>,
        tamper: &Tamper,
    ) -> Result<Option<SignedResponse>, saml::SamlError> {
        let Some(app) = idp::find(&self.app, name) else { return Ok(None) };
        idp::respond(&self.app, name, &app, login, in_response_to, tamper).map(Some)
    }

    /// A step of a rollover of the identity provider's keys.
    ///
    /// # Errors
    /// The key cannot be made or kept.
    pub fn roll(&self, step: Rollover) -> anyhow::Result<()> {
        self.app.roll(step)
    }

    /// What an assessment of this org must find; nothing for an org of recordings.
    pub fn known_answers(&self) -> &[KnownAnswer] {
        &self.app.answers
    }

    pub fn users(&self) -> Vec<TwinUser> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let user = |row: &org::Row| TwinUser {
            id: text(&row["id"]),
            login: org::login(row).unwrap_or_default().to_owned(),
            status: text(&row["status"]),
        };
        read(&self.app.org).rows("/api/v1/users").iter().map(user).collect()
    }

    /// Changes a document of the org (RFC 7396), for "fixed since the last scan". `false` if there is none.
    pub fn change(&self, path: &str, change: &Value) -> bool {
        write(&self.app.org).merge(path, change).is_some()
    }

    pub fn counters(&self) -> Counters {
        Counters::of(&self.app)
    }

    pub fn set_rate_limits(&self, limits: RateLimits) {
        locked(&self.app.limits).limits = limits;
    }

    /// Requests of somebody else that use a bucket of the org up. `false` if there is no such bucket.
    pub fn noise(&self, bucket: &str, requests: u32) -> bool {
        locked(&self.app.limits).noise(bucket, requests, self.app.now())
    }

    /// Makes endpoints fail, in place of those that fail now.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        *locked(&self.app.faults) = Faults(faults);
    }
}

impl std::fmt::Debug for Twin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Twin").field("base_url", &self.app.base_url).finish_non_exhaustive()
    }
}

/// Where the recorded answers lie, if they are there: beside the checkout.
#[cfg(test)]
const RECORDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/okta/recordings");
