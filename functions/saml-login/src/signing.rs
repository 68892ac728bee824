//! The keys that sign AuthnRequests, as this process has met them.
//!
//! One rule: a workspace that has a key sends nothing unsigned. A key that cannot be read is our failure, not a reason
//! to go without.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use shared::{
    http::Problem,
    saml::RequestKey,
    store::{
        Secrets,
        sso::{SpKey, SpKeys},
    },
    tenant::TenantId,
};

/// How many keys one process remembers.
const KNOWN: usize = 1_000;

/// Keys by whose they are and their id.
type Known = BTreeMap<(TenantId, String), Arc<RequestKey>>;

/// A key never changes under its id, so it is read once.
#[derive(Clone)]
pub(crate) struct RequestKeys {
    secrets: Secrets,
    known: Arc<RwLock<Known>>,
}

impl RequestKeys {
    pub(crate) fn of(secrets: Secrets) -> Self {
        Self { secrets, known: Arc::default() }
    }

    /// The key that signs for the workspace now; none if it has none.
    pub(crate) async fn present(
        &self,
        tenant: &TenantId,
        keys: &SpKeys,
    ) -> Result<Option<Arc<RequestKey>>, Problem> {
        let Some(key) = keys.signing.first() else { return Ok(None) };
        let name = (tenant.clone(), key.id.clone());
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let read = Arc::new(self.read(tenant, key).await?);
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() < KNOWN {
            all.insert(name, read.clone());
        }
        Ok(Some(read))
    }

    async fn read(&self, tenant: &TenantId, key: &SpKey) -> Result<RequestKey, Problem> {
        self.secrets.request_key(tenant, key).await?.ok_or_else(|| {
            tracing::error!(key = %key.id, "a signing key without its private half");
            Problem::internal()
        })
    }
}
