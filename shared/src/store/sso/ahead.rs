//! The first trip of a sign-in: everything that can be read before the response is verified, at once.
//!
//! One rule: a guess says what to read early and decides nothing. The verified response names the request and
//! the person; whoever guessed wrong reads again.

use futures::{future::OptionFuture, join};

use super::{SpKeys, SsoConnection, WaitingRequest};
use crate::{
    store::{StoreError, TenantStore, Workspaces},
    tenant::{Digest, Subdomain, Workspace, session::SessionRecord},
};

/// What an unverified response and its request suggest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guess {
    /// The request that it may answer.
    pub request_id: Option<String>,
    /// The name that it may sign in.
    pub user_name: Option<String>,
    /// The session that the browser may have already.
    pub session: Option<Digest>,
    /// Whether it may be encrypted for the workspace's key.
    pub encrypted: bool,
}

/// What was read ahead.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// The workspace, in whatever state it is.
    pub workspace: Option<Workspace>,
    pub connection: Option<SsoConnection>,
    /// The request that [`Guess::request_id`] names.
    pub request: Option<WaitingRequest>,
    /// The id of the user whom [`Guess::user_name`] names; look at the user before believing it.
    pub user_id: Option<String>,
    /// Whether SCIM deleted a user of that name.
    pub was_deleted: bool,
    /// The session that [`Guess::session`] names, live or not.
    pub session: Option<SessionRecord>,
    /// The workspace's keys, if [`Guess::encrypted`].
    pub keys: Option<SpKeys>,
}

impl Workspaces {
    /// Reads ahead for a sign-in at `subdomain`: one trip, once this process has met the host.
    pub async fn read_ahead(
        &self,
        subdomain: &Subdomain,
        guess: &Guess,
    ) -> Result<Option<Ahead>, StoreError> {
        let Some(tenant) = self.tenant_of(subdomain).await? else { return Ok(None) };
        let store = TenantStore { table: self.table().clone(), tenant };
        let (workspace, connection, request, user_id, was_deleted, session, keys) = join!(
            self.read(&store.tenant),
            store.sso(),
            maybe(guess.request_id.as_deref().map(|id| store.request(id))),
            maybe(guess.user_name.as_deref().map(|name| store.user_id_of(name))),
            OptionFuture::from(guess.user_name.as_deref().map(|name| store.was_deleted(name))),
            maybe(guess.session.as_ref().map(|hash| store.session(hash))),
            OptionFuture::from(guess.encrypted.then(|| store.sp_keys())),
        );
        Ok(Some(Ahead {
            workspace: workspace?,
            connection: connection?,
            request: request?,
            user_id: user_id?,
            was_deleted: was_deleted.transpose()?.unwrap_or_default(),
            session: session?,
            keys: keys.transpose()?,
        }))
    }
}

/// What `read` gives, if there is something to read.
async fn maybe<T>(
    read: Option<impl Future<Output = Result<Option<T>, StoreError>>>,
) -> Result<Option<T>, StoreError> {
    OptionFuture::from(read).await.unwrap_or(Ok(None))
}
