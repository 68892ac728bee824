//! Evidence in S3: under the tenant's prefix, written once, checked by digest on the way in and out.

use aws_sdk_s3::{
    Client,
    error::ProvideErrorMetadata,
    primitives::{ByteStream, DateTime},
    types::{ChecksumAlgorithm, ObjectLockMode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{scans::Stored, service_error::ServiceError};
use crate::{
    delivery::DataClass,
    tenant::{Digest, TenantId},
};

const S3: &str = "S3";

/// How long manifests and reports are locked: seven years with their leap days (decisions.md, Delivery).
const LONG_LOCK: SignedDuration = SignedDuration::from_hours(24 * (7 * 365 + 2));

/// Until when an object of `class` that is written at `at` is locked. `None`: as long as the bucket locks everything
/// (`EvidenceLockDays` in infra/template.yaml).
fn locked_until(class: DataClass, at: Timestamp) -> Option<Timestamp> {
    match class {
        DataClass::FindingsSanitized | DataClass::Report | DataClass::Manifest => {
            at.checked_add(LONG_LOCK).ok()
        }
        DataClass::RawIdentity | DataClass::Normalized | DataClass::FindingsFull | DataClass::AccessLog => {
            None
        }
    }
}

/// A document of a scan, as it is to be stored.
pub struct Document<'a> {
    pub scan: &'a str,
    /// The file's name for people.
    pub file: &'a str,
    pub class: DataClass,
    pub content_type: &'a str,
    pub bytes: Vec<u8>,
}

/// The bucket of a deployment.
#[derive(Clone)]
pub struct Evidence {
    client: Client,
    bucket: String,
}

impl Evidence {
    pub(super) fn new(client: Client, bucket: &str) -> Self {
        Self { client, bucket: bucket.to_owned() }
    }

    /// Keeps a document that is made at `at`, locked as its class is. Its digest is in its name, so that other bytes
    /// never meet it.
    pub async fn keep(
        &self,
        tenant: &TenantId,
        document: Document<'_>,
        at: Timestamp,
    ) -> Result<Stored, ServiceError> {
        let Document { scan, file, class, content_type, bytes } = document;
        let (sha256, length) = (Digest::of(&bytes), bytes.len() as u64);
        let name = format!("scans/{scan}/{}/{file}", &sha256.to_hex()[..16]);
        self.write_once(tenant, &name, content_type, locked_until(class, at), bytes).await?;
        Ok(Stored { name, sha256, bytes: length })
    }

    /// Writes `bytes` at `name` if nothing is there, `locked` as [`locked_until`] says. The same bytes there already
    /// are as good (a retry); other bytes are an error.
    pub(super) async fn write_once(
        &self,
        tenant: &TenantId,
        name: &str,
        content_type: &str,
        locked: Option<Timestamp>,
        bytes: Vec<u8>,
    ) -> Result<(), ServiceError> {
        let digest = Digest::of(&bytes);
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key(tenant, name))
            .content_type(content_type)
            .if_none_match("*")
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(STANDARD.encode(digest.as_bytes()))
            .set_object_lock_mode(locked.map(|_| ObjectLockMode::Governance))
            .set_object_lock_retain_until_date(locked.map(|until| DateTime::from_secs(until.as_second())))
            .body(ByteStream::from(bytes))
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            // 412: it is there. 409: somebody is writing it this moment.
            Err(error)
                if matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict")) =>
            {
                match self.read(tenant, name, &digest).await {
                    Ok(_) => Ok(()),
                    Err(ServiceError::Digest { .. }) => Err(ServiceError::Exists { what: "an object" }),
                    Err(other) => Err(other),
                }
            }
            Err(error) => Err(ServiceError::of(S3, &error)),
        }
    }

    /// The bytes at `name`, which must have this digest.
    pub async fn read(&self, tenant: &TenantId, name: &str, digest: &Digest) -> Result<Bytes, ServiceError> {
        let bytes = self.read_unchecked(tenant, name).await?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(ServiceError::Digest { what: "an object" })
        }
    }

    /// The bytes at `name`, whatever they are: the caller checks them.
    pub(super) async fn read_unchecked(&self, tenant: &TenantId, name: &str) -> Result<Bytes, ServiceError> {
        let get = self.client.get_object().bucket(&self.bucket).key(key(tenant, name)).send().await;
        let object = get.map_err(|error| match error.code() {
            Some("NoSuchKey") => ServiceError::Missing { service: S3, what: "such object" },
            _ => ServiceError::of(S3, &error),
        })?;
        let body = object.body.collect().await;
        let lost = |_| ServiceError::Unavailable { service: S3, code: "the answer broke off".to_owned() };
        Ok(body.map_err(lost)?.into_bytes())
    }
}

fn key(tenant: &TenantId, name: &str) -> String {
    format!("tenants/{tenant}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_and_reports_are_locked_for_longer_than_what_they_rest_on() {
        let at: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
        let long: Option<Timestamp> = Some("2033-03-01T08:00:00Z".parse().unwrap());
        let until = DataClass::ALL.map(|class| locked_until(class, at));
        assert_eq!(until, [None, None, None, long, long, long, None]);
    }
}
