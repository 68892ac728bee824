//! A workspace: one customer's tenant, the operators' own, or a partner firm's.

use serde::{Deserialize, Serialize};

use super::{Subdomain, TenantId, UserId, session::Limits};

/// What the store keeps of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    pub tenant: TenantId,
    pub subdomain: Subdomain,
    /// The name people read.
    pub name: String,
    pub kind: WorkspaceKind,
    pub state: WorkspaceState,
    #[serde(default)]
    pub settings: Settings,
    /// How often trust was withdrawn from what signs people in by SAML. A session that was opened before the last time
    /// is over (`session::judge`); every request reads this record anyway.
    pub withdrawals: u64,
    pub created: jiff::Timestamp,
    /// Counts changes; a write names the version it read.
    pub version: u64,
}

/// Whose workspace it is. Operator and partner permissions never reach into a customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceKind {
    Customer,
    Operator,
    Partner,
}

impl WorkspaceKind {
    /// The name that people read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Operator => "Operator",
            Self::Partner => "Partner",
        }
    }
}

/// A workspace is born `Pending`; the sponsor's acceptance (approval 1) activates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceState {
    Pending,
    Active,
    Suspended,
    Offboarded,
}

/// What an Admin can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the page, on its own")]
pub struct Settings {
    /// Sign-in that starts at the IdP's dashboard is accepted.
    pub idp_initiated: bool,
    /// Only people provisioned by SCIM (or invited) may sign in; JIT creates nobody.
    pub require_provisioning: bool,
    /// A signed Response is not enough: the Assertion carries a signature of its own.
    pub require_signed_assertion: bool,
    /// Responses that an ECDSA key signed are accepted, not only those of an RSA key.
    pub allow_ecdsa: bool,
    /// How long sessions last. A change counts from the next sign-in on.
    pub session: Limits,
    /// Administrators who may sign in by e-mail although SSO is on.
    pub break_glass: Vec<UserId>,
    /// How many Okta orgs the workspace may hold; an operator can raise it.
    pub max_orgs: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idp_initiated: true,
            require_provisioning: false,
            require_signed_assertion: false,
            allow_ecdsa: false,
            session: Limits::default(),
            break_glass: Vec::new(),
            max_orgs: 6,
        }
    }
}
