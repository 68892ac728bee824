//! Where bytes would go.
//!
//! One rule: an approval binds the hash of the whole descriptor. Whatever changes in it (bucket, account, role,
//! key, proof of ownership), the hash no longer matches and nothing is delivered until somebody approves again.

use serde::{Deserialize, Serialize};

use super::{Email, PartnerId};
use crate::{canonical, tenant::Digest};

/// An S3 bucket outside our account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// The twelve digits of the owner, sent as `x-amz-expected-bucket-owner`.
    pub account: String,
    pub bucket: String,
    pub prefix: String,
    pub region: String,
    pub role_arn: String,
    /// Of the external id, which itself is a secret of the trust policy.
    pub external_id_sha256: Digest,
    pub kms_key_arn: String,
    /// Of the challenge that the owner put into the bucket.
    pub ownership_proof_sha256: Digest,
}

/// Where bytes would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Destination {
    /// Nowhere: they stay in the workspace's bucket and its members read them there.
    Workspace {},
    /// A bucket of the customer's own.
    CustomerBucket { bucket: Bucket },
    /// A person outside the workspace, named by the customer: a report recipient.
    Person { email: Email },
    /// They stay in the workspace's bucket; the partner's people read them there.
    PartnerRead { partner: PartnerId },
    /// A copy in a partner's bucket. It cannot be recalled.
    PartnerPush { partner: PartnerId, bucket: Bucket },
}

impl Destination {
    /// The hash that an approval binds. `None` when the descriptor cannot be written canonically: no delivery.
    pub fn hash(&self) -> Option<Digest> {
        let text = canonical::to_string(self).ok()?;
        Some(Digest::framed([&b"atomation.destination.v1"[..], text.as_bytes()]))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A bucket for the tests of this crate.
    pub(crate) fn bucket() -> Bucket {
        Bucket {
            account: "111122223333".into(),
            bucket: "evidence-example".into(),
            prefix: "okta/".into(),
            region: "eu-central-1".into(),
            role_arn: "arn:aws:iam::111122223333:role/evidence".into(),
            external_id_sha256: Digest::of(b"external id"),
            kms_key_arn: "arn:aws:kms:eu-central-1:111122223333:key/k1".into(),
            ownership_proof_sha256: Digest::of(b"challenge"),
        }
    }

    #[test]
    fn any_drift_changes_the_hash() {
        let partner = PartnerId::new("p1");
        let base = serde_json::to_value(Destination::PartnerPush { partner, bucket: bucket() }).unwrap();
        let hash = |json: &serde_json::Value| {
            serde_json::from_value::<Destination>(json.clone()).unwrap().hash().unwrap()
        };
        let fields = base["bucket"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields.len(), 8);
        for field in fields {
            let mut drifted = base.clone();
            let new = if field.ends_with("sha256") { Digest::of(b"new").to_hex() } else { "new".into() };
            drifted["bucket"][&field] = new.into();
            assert_ne!(hash(&base), hash(&drifted), "{field}");
        }
        let mut other = base.clone();
        other["partner"] = "p2".into();
        assert_ne!(hash(&base), hash(&other));
    }

    #[test]
    fn the_hash_is_stable_over_releases() {
        // A change here invalidates every live approval: it must be meant.
        let hash = Destination::PartnerRead { partner: PartnerId::new("p1") }.hash().unwrap();
        let body = br#"{"kind":"partner_read","partner":"p1"}"#;
        assert_eq!(hash, Digest::framed([&b"atomation.destination.v1"[..], body]));
    }

    #[test]
    fn an_unknown_field_or_kind_does_not_read() {
        for bad in [
            r#"{"kind":"partner_read","partner":"p1","also":"p2"}"#,
            r#"{"kind":"workspace","bucket":"b"}"#,
            r#"{"kind":"somewhere"}"#,
            r#"{"kind":"partner_read"}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<Destination>(bad).is_err(), "{bad}");
        }
    }
}
