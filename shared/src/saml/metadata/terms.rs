//! Whether a document that can be read may be pinned: by this workspace, in this deployment, now.

use jiff::Timestamp;

use super::{IdpMetadata, MetadataError};
use crate::saml::{KeyKind, Mismatch};

/// What a document must agree with to be pinned.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The current time.
    pub now: Timestamp,
    /// Whether ECDSA keys count (the workspace's switch); RSA always does.
    pub allow_ecdsa: bool,
    /// Whether the sign-on address may be without TLS: the local stack's twin, and nothing of a deployment.
    pub plain_http: bool,
}

impl IdpMetadata {
    /// Whether the document may be pinned.
    ///
    /// # Errors
    /// It has ended (`validUntil`), would send people to a place without TLS, or names no key that may sign here.
    pub fn pinnable(&self, terms: Terms) -> Result<(), MetadataError> {
        if let Some(until) = self.valid_until.filter(|until| *until <= terms.now) {
            let want = format!("after {}", terms.now);
            return Err(MetadataError::ValidUntil(Mismatch::new(want, until.to_string())));
        }
        if !terms.plain_http && !self.sso_redirect.starts_with("https:") {
            return Err(MetadataError::Endpoint(Mismatch::new("an https URL", &self.sso_redirect)));
        }
        if !self.has_key_that_counts(terms.allow_ecdsa) {
            let want = "an RSA certificate, or ECDSA keys allowed on the SSO page";
            return Err(MetadataError::KeyKind(Mismatch::new(want, "ECDSA certificates only")));
        }
        Ok(())
    }

    /// Whether anybody could sign in at all.
    pub fn has_key_that_counts(&self, allow_ecdsa: bool) -> bool {
        self.certificates.iter().any(|key| allow_ecdsa || key.key_kind == KeyKind::Rsa)
    }
}
