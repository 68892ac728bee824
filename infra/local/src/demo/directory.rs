//! Where everything is in a served stack: one table for people, one line of JSON for tools.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use shared::ops::Clock;

use super::{CUSTOMER, Demo, SECOND_ADMIN, SPONSOR};
use crate::stack::{OPERATOR, OPERATOR_EMAIL};

/// The addresses and the (made up) credentials of the demo.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    /// The stack's time when this was printed (RFC 3339): what it expects TOTP codes for.
    pub now: String,
    pub console: String,
    pub scim: Scim,
    pub saml: Saml,
    /// The Okta twin; `/_twin` lists what it can do.
    pub twin: String,
    /// The mail that was sent.
    pub outbox: String,
    /// Where all workspaces are, those that were created since too.
    pub workspaces: String,
    pub operator: Account,
    pub workspace: Account,
    pub second_admin: Account,
    /// By function, the environment in which `cargo lambda watch` runs it on this stack.
    pub functions: BTreeMap<String, BTreeMap<String, String>>,
}

/// For a SCIM client.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scim {
    pub base_url: String,
    pub token: String,
}

/// For an identity provider and for signing in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Saml {
    pub metadata: String,
    pub sign_in: String,
    pub idp_metadata: String,
    pub idp_dashboard: String,
}

/// Somebody who can sign in by e-mail link and TOTP.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The origin, for browsers.
    pub origin: String,
    /// The workspace's own port, for clients that do not resolve `*.localhost`.
    pub address: String,
    pub email: String,
    /// Base32, for an authenticator.
    pub totp_secret: String,
}

/// The SAML app of the demo at the twin.
pub const SAML_APP: &str = "acme-saml";

impl Directory {
    /// What a finished run made.
    pub async fn of(demo: &Demo<'_>) -> anyhow::Result<Self> {
        let stack = demo.stack;
        let origin = stack.origin(CUSTOMER);
        Ok(Self {
            now: format!("{:.3}", stack.clock.now()),
            console: origin.clone(),
            scim: Scim {
                base_url: format!("{}/scim/v2", stack.address(CUSTOMER).await?),
                token: demo.state.scim_token.clone().unwrap_or_default(),
            },
            saml: Saml {
                metadata: format!("{origin}/saml/metadata"),
                sign_in: format!("{origin}/auth/saml/login"),
                idp_metadata: stack.twin.metadata_url(SAML_APP),
                idp_dashboard: stack.twin.dashboard_url(SAML_APP),
            },
            twin: stack.twin.base_url().to_owned(),
            outbox: stack.outbox_url().to_owned(),
            workspaces: format!("{}workspaces", stack.outbox_url()),
            operator: account(demo, OPERATOR, OPERATOR_EMAIL).await?,
            workspace: account(demo, CUSTOMER, SPONSOR).await?,
            second_admin: account(demo, CUSTOMER, SECOND_ADMIN).await?,
            functions: stack.environments.clone(),
        })
    }
}

async fn account(demo: &Demo<'_>, subdomain: &str, email: &str) -> anyhow::Result<Account> {
    Ok(Account {
        origin: demo.stack.origin(subdomain),
        address: demo.stack.address(subdomain).await?,
        email: email.to_owned(),
        totp_secret: demo.state.second_factors.get(email).cloned().unwrap_or_default(),
    })
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: &str| writeln!(f, "{name:<20} {value}");
        row("The stack's time", &self.now)?;
        row("Console", &self.console)?;
        row("  the same on", &self.workspace.address)?;
        row("  Admin", &format!("{}  (TOTP {})", self.workspace.email, self.workspace.totp_secret))?;
        row(
            "  second Admin",
            &format!("{}  (TOTP {})", self.second_admin.email, self.second_admin.totp_secret),
        )?;
        row("Operators' console", &self.operator.origin)?;
        row("  operator", &format!("{}  (TOTP {})", self.operator.email, self.operator.totp_secret))?;
        row("SCIM base URL", &self.scim.base_url)?;
        row("  token", &self.scim.token)?;
        row("Sign in by SAML", &self.saml.sign_in)?;
        row("  from the dashboard", &self.saml.idp_dashboard)?;
        row("Okta twin", &format!("{}/_twin", self.twin))?;
        row("Mail outbox", &self.outbox)?;
        row("All workspaces", &self.workspaces)
    }
}
