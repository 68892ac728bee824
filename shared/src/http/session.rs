//! People: a session cookie of the workspace that the host names.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, Method, header, request::Parts},
};

use super::{Door, Problem, Visit};
use crate::{
    store::{TenantStore, audit::Acting, users::UserRecord},
    tenant::{
        Digest, Permission, Principal, WorkspaceState,
        session::{self, Live},
    },
};

/// A signed-in person: the principal, the user as just read, and the request.
pub struct Person {
    pub visit: Visit,
    pub principal: Principal,
    pub user: UserRecord,
    pub session: Live,
    pub session_hash: Digest,
}

impl Person {
    /// The workspace's store.
    pub fn store(&self) -> TenantStore {
        self.visit.door.table().tenant(&self.principal)
    }

    /// Who acts, for audit records.
    pub fn acting(&self) -> Acting<'_> {
        self.visit.acting(format!("user:{}", self.user.id))
    }

    /// Refuses who lacks `permission`.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        self.principal.require(permission).map_err(|forbidden| {
            Problem::forbidden(
                "permission",
                "Your role does not allow this.",
                format!(
                    "It needs the permission {}. Ask an Admin of your workspace for a role that has it.",
                    forbidden.permission.key()
                ),
            )
        })
    }

    /// Refuses who did not show a second factor or a sign-in within the last ten minutes: changes to the
    /// front door.
    pub fn require_fresh(&self) -> Result<(), Problem> {
        if self.principal.is_fresh() {
            return Ok(());
        }
        let next = "Go to Sign in again (/sign-in/again), confirm it is you, then repeat the change.";
        Err(Problem::forbidden("session.step_up", "This change needs a fresh sign-in.", next))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person
where
    Door: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visit = Visit::from_request_parts(parts, state).await?;
        if parts.method != Method::GET && parts.method != Method::HEAD {
            same_origin(&parts.headers, &visit.origin())?;
        }
        let person = person(visit, &parts.headers).await?.ok_or_else(Problem::signed_out)?;
        let before_acceptance =
            ["/sign-", ACCEPTANCE].iter().any(|start| parts.uri.path().starts_with(start));
        if person.visit.workspace.state == WorkspaceState::Pending && !before_acceptance {
            return Err(Problem::pending());
        }
        Ok(person)
    }
}

/// Where the sponsor accepts the workspace; until then nothing else opens.
pub const ACCEPTANCE: &str = "/approvals/workspace";

/// The signed-in person of a request, if there is one.
pub async fn person(visit: Visit, headers: &HeaderMap) -> Result<Option<Person>, Problem> {
    let Some(secret) = visit.cookies()?.session(sent_cookies(headers)) else { return Ok(None) };
    let session_hash = secret.hash();
    let store = visit.store();
    let Some(record) = store.session(&session_hash).await? else { return Ok(None) };
    let Some(user) = store.user(record.user.as_str()).await? else { return Ok(None) };
    let judged = session::judge(&record, user.session_state(), visit.workspace.withdrawals, visit.at);
    let Ok(session) = judged else { return Ok(None) };
    let Some(role) = user.role(&visit.workspace.tenant) else { return Ok(None) };
    let principal = Principal::from_session(&session, &visit.workspace.tenant, visit.workspace.kind, role);
    let Ok(principal) = principal else { return Ok(None) };
    if let Some(at) = session.touch() {
        store.touch_session(&session_hash, at).await?;
    }
    Ok(Some(Person { visit, principal, user, session, session_hash }))
}

/// The `Cookie` headers of a request, as far as they are text.
pub fn sent_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok())
}

/// Refuses a state change that another site may have caused: the `Origin` must be ours (ASVS 3.5.1).
pub fn same_origin(headers: &HeaderMap, origin: &str) -> Result<(), Problem> {
    let one = |name| {
        let mut all = headers.get_all(name).iter();
        (all.next().and_then(|v| v.to_str().ok()), all.next().is_none())
    };
    let (sent, only) = one(header::ORIGIN);
    let (site, _) = one(header::HeaderName::from_static("sec-fetch-site"));
    if sent == Some(origin) && only && site.is_none_or(|site| site == "same-origin") {
        return Ok(());
    }
    let next = format!("Send the request from {origin}, with that Origin header.");
    Err(Problem::forbidden("origin", "This change was not asked for from the workspace's own pages.", next))
}
