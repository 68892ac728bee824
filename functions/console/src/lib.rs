//! The workspace's web pages. Each action is one route that answers HTML or JSON by `Accept`; every form is a
//! plain POST, and the pages work without script.

mod approvals;
mod ask;
mod assets;
mod audit;
mod break_glass;
mod customers;
mod findings;
mod home;
mod layout;
mod notify;
mod orgs;
mod reports;
mod review;
mod scans;
mod scim;
mod sessions;
mod sign_in;
mod sso;
mod users;
mod words;

use axum::{Router, extract::FromRef};
use shared::{
    http::{Door, Outbound, input, observe::Surface, start},
    ops::config::ConfigError,
    store::{Aws, Evidence, Mailer, Queue, Secrets},
};

/// What the pages need beside the door.
#[derive(Clone)]
pub struct Console {
    pub door: Door,
    pub secrets: Secrets,
    pub mailer: Mailer,
    pub evidence: Evidence,
    /// Where reports are asked for.
    pub reports: Queue,
    /// The way to Okta orgs and identity providers.
    pub outbound: Outbound,
    /// Loopback origins that count as Okta orgs: the local stack's twin. Empty everywhere else.
    pub extra_okta_origins: Vec<String>,
}

impl Console {
    /// From the deployment's settings.
    pub fn new(aws: &Aws, door: Door, outbound: Outbound) -> Result<Self, ConfigError> {
        Ok(Self {
            door,
            secrets: aws.secrets()?,
            mailer: aws.mailer()?,
            evidence: aws.evidence()?,
            reports: aws.queue("REPORT_QUEUE_URL")?,
            outbound,
            extra_okta_origins: Vec::new(),
        })
    }

    /// Besides Okta's own, takes these loopback origins for orgs: the local stack's twin.
    #[must_use]
    pub fn with_okta_origins(self, origins: Vec<String>) -> Self {
        Self { extra_okta_origins: origins, ..self }
    }
}

impl FromRef<Console> for Door {
    fn from_ref(console: &Console) -> Self {
        console.door.clone()
    }
}

/// The function's routes, a module each.
pub fn router(console: Console) -> Router {
    let routes = Router::new()
        .merge(approvals::routes())
        .merge(assets::routes())
        .merge(audit::routes())
        .merge(break_glass::routes())
        .merge(customers::routes())
        .merge(findings::routes())
        .merge(home::routes())
        .merge(orgs::routes())
        .merge(reports::routes())
        .merge(review::routes())
        .merge(scans::routes())
        .merge(scim::routes())
        .merge(sessions::routes())
        .merge(sign_in::routes())
        .merge(sso::routes())
        .merge(users::routes());
    start::finish(input::checked(routes), console, Surface::Web)
}
