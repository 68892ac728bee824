//! What a newly fetched metadata document changes, and whether an Admin must say so first.
//!
//! One rule: what breaks with the pinned document waits for a person. A rollover, which keeps one key while it brings
//! the next, is believed: who serves the metadata can add a key, as the identity provider's own rollover must be able
//! to. The Admins hear of it (infra/adr/0008).

use super::IdpMetadata;

/// The difference between the pinned metadata and a newer document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// None.
    Nothing,
    /// Taken over as it is: keys came or went while at least one stayed, or only a note beside them changed.
    Rollover(Keys),
    /// Waits for an Admin, for these reasons.
    Break(Vec<&'static str>),
}

/// The keys in which two documents differ, by the SHA-256 fingerprints of their certificates. None of either when a
/// document with a rolling `validUntil` was renewed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

impl Keys {
    /// Whether both documents name the same keys.
    pub fn are_the_same(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl IdpMetadata {
    /// What `newer` changes of this. `signs_requests` says whether our AuthnRequests are signed.
    pub fn change_to(&self, newer: &Self, signs_requests: bool) -> Change {
        let reasons: Vec<_> = [
            (newer.entity_id != self.entity_id, "another entity id"),
            (newer.sso_redirect != self.sso_redirect, "another sign-on address"),
            (newer.replaces_all_keys_of(self), "none of the present keys is left"),
            (newer.want_authn_requests_signed && !signs_requests, "only signed requests are accepted"),
        ]
        .into_iter()
        .filter_map(|(differs, reason)| differs.then_some(reason))
        .collect();
        if !reasons.is_empty() {
            Change::Break(reasons)
        } else if newer == self {
            Change::Nothing
        } else {
            Change::Rollover(Keys { added: newer.keys_beyond(self), removed: self.keys_beyond(newer) })
        }
    }

    /// The fingerprints of this document's certificates that `other` does not name.
    pub fn keys_beyond(&self, other: &Self) -> Vec<String> {
        let only_here = self.certificates.iter().filter(|key| !other.certificates.contains(key));
        only_here.map(|key| key.sha256_fingerprint.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use okta_twin::saml::{SigningIdp, metadata_xml};

    use super::*;

    const SSO: &str = "https://acme.okta.com/sso";

    fn key(name: &str) -> SigningIdp {
        let at = |text: &str| text.parse().unwrap();
        SigningIdp::generate(name, at("2026-01-01T00:00:00Z"), at("2036-01-01T00:00:00Z")).unwrap()
    }

    fn metadata(entity: &str, sso: &str, keys: &[&SigningIdp]) -> IdpMetadata {
        let certificates: Vec<_> = keys.iter().map(|key| key.certificate()).collect();
        IdpMetadata::parse(metadata_xml(entity, sso, &certificates).as_bytes()).unwrap()
    }

    #[test]
    fn b12_a_rollover_keeps_a_key_and_everything_else_waits() {
        let (a, b, c) = (key("a"), key("b"), key("c"));
        let pinned = metadata("idp", SSO, &[&a]);
        let change = |newer: &IdpMetadata| pinned.change_to(newer, false);
        assert_eq!(change(&pinned), Change::Nothing);
        let fingerprints = |keys: &[&SigningIdp]| match keys {
            [] => Vec::new(),
            keys => metadata("idp", SSO, keys)
                .certificates
                .into_iter()
                .map(|key| key.sha256_fingerprint)
                .collect(),
        };
        let rollover = |added: &[&SigningIdp], removed: &[&SigningIdp]| {
            Change::Rollover(Keys { added: fingerprints(added), removed: fingerprints(removed) })
        };
        assert_eq!(change(&metadata("idp", SSO, &[&a, &b])), rollover(&[&b], &[]));
        let both = metadata("idp", SSO, &[&a, &b]);
        assert_eq!(both.change_to(&metadata("idp", SSO, &[&b]), false), rollover(&[], &[&a]));
        assert_eq!(both.change_to(&metadata("idp", SSO, &[&b, &c]), false), rollover(&[&c], &[&a]));

        let breaks = |newer: &IdpMetadata, reason: &str| {
            let Change::Break(reasons) = change(newer) else { panic!("taken over unasked: {reason}") };
            assert!(reasons.contains(&reason), "{reasons:?}");
        };
        breaks(&metadata("idp", SSO, &[&b]), "none of the present keys is left");
        breaks(&metadata("idp", SSO, &[&b, &c]), "none of the present keys is left");
        breaks(&metadata("other", SSO, &[&a]), "another entity id");
        breaks(&metadata("idp", "https://evil.example.com/sso", &[&a]), "another sign-on address");
        let mut picky = pinned.clone();
        picky.want_authn_requests_signed = true;
        breaks(&picky, "only signed requests are accepted");
        assert_eq!(pinned.change_to(&picky, true), Change::Rollover(Keys::default()));
    }

    #[test]
    fn a_rolling_valid_until_and_another_order_bring_no_key() {
        let (a, b) = (key("a"), key("b"));
        let pinned = metadata("idp", SSO, &[&a, &b]);
        let mut renewed = metadata("idp", SSO, &[&b, &a]);
        renewed.valid_until = Some("2026-03-02T00:00:00Z".parse().unwrap());
        let Change::Rollover(keys) = pinned.change_to(&renewed, false) else { panic!("not taken over") };
        assert!(keys.are_the_same());
    }
}
