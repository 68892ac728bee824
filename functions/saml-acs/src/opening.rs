//! The workspace's keys that open encrypted Assertions.
//!
//! One rule: a key that is named and cannot be read is our failure; the response is not judged without it.

use std::sync::Arc;

use shared::{
    http::Problem,
    saml::DecryptionKey,
    store::sso::{KnownKeys, SpKeys},
    tenant::TenantId,
};

/// The present key first, and the one before it while it is not retired.
pub(crate) async fn keys(
    known: &KnownKeys<DecryptionKey>,
    tenant: &TenantId,
    keys: Option<SpKeys>,
) -> Result<Vec<Arc<DecryptionKey>>, Problem> {
    let mut all = Vec::new();
    for key in keys.iter().flat_map(|keys| &keys.encryption) {
        all.push(known.get(tenant, key).await?.ok_or_else(|| {
            tracing::error!(key = %key.id, "a decryption key without its private half");
            Problem::internal()
        })?);
    }
    Ok(all)
}
