//! A workspace and its first administrator come into being together.

use super::{
    ServiceError, StoreError, TenantStore, Workspaces,
    audit::Acting,
    links::INVITATION,
    mailer::Mailer,
    table::Write,
    users::{NewUser, Source, UserRecord},
};
use crate::{
    delivery::{
        Email,
        partner::{FreeMail, vet_lead},
    },
    ops::random,
    scim::UserAttributes,
    tenant::{Role, Subdomain, TenantId, Workspace, WorkspaceKind, WorkspaceState},
};

/// What an operator says of a new workspace.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    pub subdomain: Subdomain,
    pub name: String,
    pub kind: WorkspaceKind,
    /// Of the first administrator, who is invited there. Also that person's userName.
    pub email: String,
}

/// A workspace was not created.
#[derive(Debug, thiserror::Error)]
pub enum OnboardingError {
    #[error("the subdomain was given before")]
    SubdomainTaken,
    #[error("want an e-mail address that can be a userName")]
    Email,
    #[error(transparent)]
    FreeMail(#[from] FreeMail),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Mail(#[from] ServiceError),
}

/// A workspace that was created, and its first administrator's invitation.
#[derive(Debug)]
pub struct Created {
    pub workspace: Workspace,
    pub sponsor: UserRecord,
    /// For the invitation's mail only.
    pub invitation: String,
}

impl Workspaces {
    /// Creates a workspace: a customer's is pending until the sponsor accepts it (approval 1), the operators'
    /// and a partner's are active. A partner's sponsor has an address at the firm's own domain ([`vet_lead`]).
    pub async fn create_with_sponsor(
        &self,
        new: &NewWorkspace,
        acting: &Acting<'_>,
    ) -> Result<Created, OnboardingError> {
        self.create_beside(|_| Vec::new(), new, acting).await
    }

    /// The same, and puts it on the list of the `operators` who ask for it.
    pub async fn create_listed(
        &self,
        operators: &TenantStore,
        new: &NewWorkspace,
        acting: &Acting<'_>,
    ) -> Result<Created, OnboardingError> {
        self.create_beside(|workspace| operators.customer(workspace, acting), new, acting).await
    }

    async fn create_beside(
        &self,
        beside: impl FnOnce(&Workspace) -> Vec<Write>,
        new: &NewWorkspace,
        acting: &Acting<'_>,
    ) -> Result<Created, OnboardingError> {
        let state = match new.kind {
            WorkspaceKind::Customer => WorkspaceState::Pending,
            WorkspaceKind::Operator => WorkspaceState::Active,
            WorkspaceKind::Partner => {
                vet_lead(&Email::parse(&new.email).map_err(|_| OnboardingError::Email)?)?;
                WorkspaceState::Active
            }
        };
        let mut workspace = Workspace {
            tenant: TenantId::new(random::id(acting.random, "t")),
            subdomain: new.subdomain.clone(),
            name: new.name.clone(),
            kind: new.kind,
            state,
            settings: crate::tenant::workspace::Settings::default(),
            withdrawals: 0,
            created: acting.at,
            version: 1,
        };
        let store = self.table().tenant(&workspace);
        let (sponsor, mut writes) = store.first_user(invited(&new.email, vec![Role::Admin])?, acting);
        // SSO can break: the first administrator stays able to mend it, until somebody else is named.
        workspace.settings.break_glass = vec![sponsor.id.clone()];
        let (invitation, link) = store.new_link(&sponsor.id, INVITATION, acting.at, acting.random);
        writes.push(link);
        writes.extend(store.workspace_request(&workspace, &sponsor, acting)?);
        writes.extend(beside(&workspace));
        let audit = acting.record("workspace.create", format!("workspace:{}", workspace.tenant), "");
        match self.create(&workspace, writes, &audit).await {
            Ok(()) => Ok(Created { workspace, sponsor, invitation }),
            Err(error) if error.refused(0) => Err(OnboardingError::SubdomainTaken),
            Err(error) => Err(error.into()),
        }
    }
}

impl TenantStore {
    /// Invites a person with a direct role; the link goes into a mail and nowhere else.
    pub async fn invite(
        &self,
        email: &str,
        role: Role,
        acting: &Acting<'_>,
    ) -> Result<(UserRecord, String), InviteError> {
        let new = invited(email, vec![role]).map_err(|_| InviteError::Email)?;
        let user = self.create_user(new, acting).await?;
        let (invitation, link) = self.new_link(&user.id, INVITATION, acting.at, acting.random);
        self.add_link(link, &acting.record("user.invite", user.target(), role.name())).await?;
        Ok((user, invitation))
    }
}

/// A person was not invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    #[error("want an e-mail address that can be a userName")]
    Email,
    #[error(transparent)]
    User(#[from] super::users::UserError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn invited(email: &str, grants: Vec<Role>) -> Result<NewUser, OnboardingError> {
    let body = serde_json::json!({
        "userName": email,
        "emails": [{ "value": email, "type": "work", "primary": true }],
    });
    let well_formed =
        email.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'));
    let attributes = UserAttributes::from_create(&body).ok().filter(|_| well_formed);
    let attributes = attributes.ok_or(OnboardingError::Email)?;
    Ok(NewUser { attributes, source: Source::Invited, grants })
}

/// Sends an invitation.
pub async fn send_invitation(
    mailer: &Mailer,
    origin: &str,
    to: &str,
    token: &str,
) -> Result<(), ServiceError> {
    let text = format!(
        "You are invited to the Atomation workspace {origin}.\n\n\
         Open this link within 7 days to set up your sign-in. It works once:\n\
         {origin}/sign-in/link?token={token}\n\n\
         If you did not expect this, ignore it: nothing happens.\n"
    );
    mailer.send(to, "Your Atomation workspace", &text).await
}
