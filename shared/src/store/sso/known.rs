//! Private halves of the workspaces' keys, as this process has met them.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{Purpose, SpKey};
use crate::{
    store::{Secrets, ServiceError},
    tenant::TenantId,
};

/// How many keys one process remembers.
const KNOWN: usize = 1_000;

/// Keys by whose they are and their id.
type Known<K> = BTreeMap<(TenantId, String), Arc<K>>;

/// The keys of one purpose. A key never changes under its id, so each is read once.
pub struct KnownKeys<K> {
    secrets: Secrets,
    purpose: Purpose,
    /// From PKCS #8, DER.
    parse: fn(&[u8]) -> Option<K>,
    known: Arc<RwLock<Known<K>>>,
}

impl<K> KnownKeys<K> {
    /// The keys of `purpose` that `secrets` holds.
    pub fn new(secrets: Secrets, purpose: Purpose, parse: fn(&[u8]) -> Option<K>) -> Self {
        Self { secrets, purpose, parse, known: Arc::default() }
    }

    /// The private half of `key`; none if it is not there or not usable.
    pub async fn get(&self, tenant: &TenantId, key: &SpKey) -> Result<Option<Arc<K>>, ServiceError> {
        let name = (tenant.clone(), key.id.clone());
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let der = self.secrets.sp_key(tenant, self.purpose, key).await?;
        let Some(read) = der.and_then(|der| (self.parse)(&der)).map(Arc::new) else { return Ok(None) };
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() < KNOWN {
            all.insert(name, read.clone());
        }
        Ok(Some(read))
    }
}

impl<K> Clone for KnownKeys<K> {
    fn clone(&self) -> Self {
        let (secrets, known) = (self.secrets.clone(), self.known.clone());
        Self { secrets, purpose: self.purpose, parse: self.parse, known }
    }
}
