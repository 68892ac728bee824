//! Keeps a connection's metadata fresh: fetched from where it came from, judged, taken over or staged.
//!
//! One rule: a document that cannot be had or used changes nothing, and one that breaks with what was pinned waits
//! for an Admin ([`Change::Break`]). What was pinned decides who signs in until then.

mod news;

use jiff::Timestamp;

use super::{Outbound, outbound::METADATA_TYPES};
use crate::{
    saml::{
        IdpMetadata, MetadataError,
        metadata::{Change, Keys, Terms},
    },
    store::{
        Mailer, StoreError, TenantStore,
        audit::Acting,
        sso::{RefreshFailure, RefreshState, SsoConnection, Staged},
    },
    tenant::{PublicBase, Workspace},
};

/// How a refresh ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// There is nothing to fetch, or somebody changed the connection meanwhile.
    Nothing,
    /// Nothing changed.
    Same,
    /// The new document is in force, and so are its keys.
    Applied(Keys),
    /// New metadata waits for an Admin: whether it is another than waited before, and why.
    Staged { new: bool, reasons: Vec<String> },
    /// Nothing was fetched that can be used: whether that is for a new reason, and which.
    Failed { new: bool, code: &'static str },
}

impl Refreshed {
    /// The word for it in answers and counts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Same => "same",
            Self::Applied(_) => "applied",
            Self::Staged { .. } => "staged",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What every refresh of a workspace needs, on a schedule or because an Admin asks: there is none that tells nobody.
pub struct Refresher<'a> {
    /// The way to identity providers.
    pub outbound: &'a Outbound,
    /// The way to the Admins.
    pub mailer: &'a Mailer,
    /// Where the mail leads.
    pub base: &'a PublicBase,
    /// Whose connection it is.
    pub workspace: &'a Workspace,
}

impl Refresher<'_> {
    /// Refreshes the workspace's connection, if its metadata came from an address, and tells the Admins what is news.
    pub async fn refresh(&self, store: &TenantStore, acting: &Acting<'_>) -> Result<Refreshed, StoreError> {
        let refreshed = self.look(store, acting).await?;
        news::tell(self, store, &refreshed).await;
        Ok(refreshed)
    }

    async fn look(&self, store: &TenantStore, acting: &Acting<'_>) -> Result<Refreshed, StoreError> {
        let Some(connection) = store.sso().await?.filter(|connection| connection.enabled) else {
            return Ok(Refreshed::Nothing);
        };
        let Some(url) = &connection.metadata_url else { return Ok(Refreshed::Nothing) };
        let before = store.sso_refresh().await?;
        let run = Run { store, acting, connection: &connection, before };
        match self.fetch(url, acting.at).await {
            Ok(idp) => run.judge(idp).await,
            Err((code, text)) => run.fail(code, text).await,
        }
    }

    /// The metadata at `url`, or the stable code and the text of why there is none to use.
    async fn fetch(&self, url: &str, now: Timestamp) -> Result<IdpMetadata, (&'static str, String)> {
        let document = self.outbound.fetch(url, METADATA_TYPES).await;
        let document = document.map_err(|error| (error.code(), error.to_string()))?;
        let usable = |idp: IdpMetadata| pinnable(&idp, self.outbound, self.workspace, now).map(|()| idp);
        let idp = IdpMetadata::parse(&document).and_then(usable);
        idp.map_err(|error| (error.code(), error.to_string()))
    }
}

/// Whether `workspace` may pin this document now.
///
/// # Errors
/// Those of [`IdpMetadata::pinnable`].
pub fn pinnable(
    idp: &IdpMetadata,
    outbound: &Outbound,
    workspace: &Workspace,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let (allow_ecdsa, plain_http) =
        (workspace.settings.allow_ecdsa, outbound.is_exception(&idp.sso_redirect));
    idp.pinnable(Terms { now, allow_ecdsa, plain_http })
}

struct Run<'a> {
    store: &'a TenantStore,
    acting: &'a Acting<'a>,
    connection: &'a SsoConnection,
    before: RefreshState,
}

impl Run<'_> {
    async fn judge(&self, idp: IdpMetadata) -> Result<Refreshed, StoreError> {
        let signs = !self.store.sp_keys().await?.signing.is_empty();
        let state = RefreshState { refreshed_at: Some(self.acting.at), ..RefreshState::default() };
        match self.connection.idp.change_to(&idp, signs) {
            Change::Nothing => {
                let noted = self.store.note_refresh(self.connection, &state, None).await?;
                Ok(if noted { Refreshed::Same } else { Refreshed::Nothing })
            }
            Change::Rollover(keys) => {
                let audit = self.acting.record("sso.refresh", "sso", detail(&keys));
                let applied = self.store.apply_refresh(self.connection, idp, &state, &audit).await?;
                Ok(if applied { Refreshed::Applied(keys) } else { Refreshed::Nothing })
            }
            Change::Break(reasons) => {
                let reasons: Vec<String> = reasons.into_iter().map(str::to_owned).collect();
                self.stage(Staged { idp, found_at: self.acting.at, reasons }, state).await
            }
        }
    }

    async fn stage(&self, staged: Staged, state: RefreshState) -> Result<Refreshed, StoreError> {
        let waiting = self.before.staged.as_ref().filter(|waiting| waiting.digest() == staged.digest());
        let (new, reasons) = (waiting.is_none(), staged.reasons.clone());
        let audit = new.then(|| self.acting.record("sso.refresh.staged", "sso", reasons.join("; ")));
        let staged = waiting.cloned().unwrap_or(staged);
        let state = RefreshState { staged: Some(staged), ..state };
        let noted = self.store.note_refresh(self.connection, &state, audit.as_ref()).await?;
        Ok(if noted { Refreshed::Staged { new, reasons } } else { Refreshed::Nothing })
    }

    async fn fail(&self, code: &'static str, text: String) -> Result<Refreshed, StoreError> {
        let before = self.before.failure.as_ref().filter(|failure| failure.code == code);
        let since = before.map_or(self.acting.at, |failure| failure.since);
        let audit = before
            .is_none()
            .then(|| self.acting.record("sso.refresh.failed", "sso", format!("{code}: {text}")));
        let failure = RefreshFailure { code: code.to_owned(), text, since, last: self.acting.at };
        let state = RefreshState { failure: Some(failure), ..self.before.clone() };
        let noted = self.store.note_refresh(self.connection, &state, audit.as_ref()).await?;
        Ok(if noted { Refreshed::Failed { new: audit.is_some(), code } } else { Refreshed::Nothing })
    }
}

/// Which keys came and which went, in one line.
fn detail(keys: &Keys) -> String {
    let (added, removed) =
        (keys.added.iter().map(|key| ('+', key)), keys.removed.iter().map(|key| ('-', key)));
    let signed = added.chain(removed).map(|(sign, key)| format!("{sign}{key}")).collect::<Vec<_>>();
    if signed.is_empty() { "the same keys".to_owned() } else { signed.join(" ") }
}
