//! Keeps a connection's metadata fresh: fetched from where it came from, judged, taken over or staged.
//!
//! One rule: a document that cannot be had or used changes nothing, and one that breaks with what was pinned waits
//! for an Admin ([`Change::Break`]). What was pinned decides who signs in until then.

use super::{Outbound, outbound::METADATA_TYPES};
use crate::{
    saml::{IdpMetadata, metadata::Change},
    store::{
        StoreError, TenantStore,
        audit::Acting,
        sso::{RefreshFailure, RefreshState, SsoConnection, Staged},
    },
};

/// How a refresh ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// There is nothing to fetch, or somebody changed the connection meanwhile.
    Nothing,
    /// Nothing changed.
    Same,
    /// Keys came or went and are in force.
    Applied,
    /// New metadata waits for an Admin: whether it is another than waited before, and why.
    Staged { new: bool, reasons: Vec<String> },
    /// Nothing was fetched that can be used: whether that is for a new reason, and which.
    Failed { new: bool, code: &'static str },
}

/// Refreshes the workspace's connection, if its metadata came from an address.
pub async fn refresh(
    outbound: &Outbound,
    store: &TenantStore,
    acting: &Acting<'_>,
) -> Result<Refreshed, StoreError> {
    let Some(connection) = store.sso().await?.filter(|connection| connection.enabled) else {
        return Ok(Refreshed::Nothing);
    };
    let Some(url) = &connection.metadata_url else { return Ok(Refreshed::Nothing) };
    let before = store.sso_refresh().await?;
    let run = Run { store, acting, connection: &connection, before };
    match fetch(outbound, url).await {
        Ok(idp) => run.judge(idp).await,
        Err((code, text)) => run.fail(code, text).await,
    }
}

/// The metadata at `url`, or the stable code and the text of why there is none.
async fn fetch(outbound: &Outbound, url: &str) -> Result<IdpMetadata, (&'static str, String)> {
    let document = outbound.fetch(url, METADATA_TYPES).await;
    let document = document.map_err(|error| (error.code(), error.to_string()))?;
    IdpMetadata::parse(&document).map_err(|error| (error.code(), error.to_string()))
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
            Change::Rollover => {
                let audit = self.acting.record("sso.refresh", "sso", rollover(&self.connection.idp, &idp));
                let applied = self.store.apply_refresh(self.connection, idp, &state, &audit).await?;
                Ok(if applied { Refreshed::Applied } else { Refreshed::Nothing })
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

/// Which keys went and which came, by the beginning of their fingerprints.
fn rollover(before: &IdpMetadata, after: &IdpMetadata) -> String {
    let missing = |of: &IdpMetadata, from: &IdpMetadata, sign: char| {
        let gone = of.certificates.iter().filter(|key| !from.certificates.contains(key));
        gone.map(|key| format!("{sign}{}", key.sha256_fingerprint.get(..16).unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    [missing(after, before, '+'), missing(before, after, '-')].concat().join(" ")
}
