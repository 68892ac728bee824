//! The key that signs AuthnRequests.
//!
//! One rule: a workspace that has a key sends nothing unsigned. A key that cannot be read is our failure, not a reason
//! to go without.

use std::sync::Arc;

use shared::{
    http::Problem,
    saml::RequestKey,
    store::sso::{KnownKeys, SpKeys},
    tenant::TenantId,
};

/// The key that signs for the workspace now; none if it has none.
pub(crate) async fn present(
    known: &KnownKeys<RequestKey>,
    tenant: &TenantId,
    keys: &SpKeys,
) -> Result<Option<Arc<RequestKey>>, Problem> {
    let Some(key) = keys.signing.first() else { return Ok(None) };
    let read = known.get(tenant, key).await?.ok_or_else(|| {
        tracing::error!(key = %key.id, "a signing key without its private half");
        Problem::internal()
    });
    read.map(Some)
}
