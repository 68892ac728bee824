//! Workspaces and their people, put into the store by the product's own code: what is there before a test's first
//! request.

use anyhow::Context;
use serde_json::json;
use shared::{
    delivery::{
        Approval, ApprovalId,
        approval::{Approver, AuthContext, text_sha256},
    },
    scim::UserAttributes,
    store::{
        TenantStore, Workspaces,
        audit::Acting,
        onboarding::{Created, NewWorkspace},
        users::{NewUser, Source, UserRecord},
    },
    tenant::{
        Principal, Role, Subdomain, Workspace, WorkspaceKind,
        session::{self, IdpSession, Limits, Method, SessionSecret, SignIn},
    },
};

/// A workspace as an operator creates it, with its first administrator. A customer's is pending.
pub async fn workspace(
    workspaces: &Workspaces,
    name: &str,
    kind: WorkspaceKind,
    acting: &Acting<'_>,
) -> anyhow::Result<Created> {
    let new = NewWorkspace {
        subdomain: Subdomain::parse(name)?,
        name: format!("{name} Inc."),
        kind,
        email: format!("sponsor@{name}.example"),
    };
    Ok(workspaces.create_with_sponsor(&new, acting).await?)
}

/// One more person of the workspace `of`.
pub async fn person(
    store: &TenantStore,
    of: &Workspace,
    name: &str,
    role: Role,
    acting: &Acting<'_>,
) -> anyhow::Result<UserRecord> {
    let body = json!({ "userName": format!("{name}@{}.example", of.subdomain.as_str()) });
    let attributes = UserAttributes::from_create(&body)?;
    let new = NewUser { attributes, source: Source::Invited, grants: vec![role] };
    Ok(store.create_user(new, acting).await?)
}

/// Opens a session: its secret, and whom it proves. A sign-in by SAML rests on what the workspace trusts now.
pub async fn signed_in(
    store: &TenantStore,
    workspace: &Workspace,
    user: &UserRecord,
    method: Method,
    acting: &Acting<'_>,
) -> anyhow::Result<(SessionSecret, Principal)> {
    let idp = (method == Method::Saml).then(|| IdpSession {
        entity_id: format!("http://www.okta.com/{}", workspace.subdomain.as_str()),
        authn_instant: acting.at,
        acr: None,
        withdrawals: workspace.withdrawals,
    });
    let sign_in = SignIn {
        tenant: workspace.tenant.clone(),
        user: user.id.clone(),
        method,
        epoch: user.epoch,
        saml_not_on_or_after: None,
        idp,
        strong_auth_at: Some(acting.at),
    };
    let (secret, record) = session::open(sign_in, Limits::default(), acting.at, acting.random);
    let audit = acting.record("session.open", user.target(), "");
    store.open_session(&secret.hash(), &record, Vec::new(), &audit).await?;
    let live = session::judge(&record, user.session_state(), workspace.withdrawals, acting.at)?;
    let role = user.role(&workspace.tenant).context("an active user")?;
    Ok((secret, Principal::from_session(&live, &workspace.tenant, workspace.kind, role)?))
}

/// Approves the request with this id for `by`, who has read it.
pub async fn approve(
    store: &TenantStore,
    by: &Principal,
    id: &ApprovalId,
    acting: &Acting<'_>,
) -> anyhow::Result<Approval> {
    let request = store.approval(id).await?.context("the request")?;
    Ok(store.approve(id, &approver(by, &request), acting).await?)
}

/// `principal` as one who has read the text of `approval`.
pub fn approver<'a>(principal: &'a Principal, approval: &Approval) -> Approver<'a> {
    let context = AuthContext { method: Method::Email, idp: None, authn_instant: None, acr: None };
    Approver { principal, saw: text_sha256(approval), context }
}
