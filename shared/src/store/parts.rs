//! The parts of a snapshot in S3: compressed, written once, checked by digest when read.

use std::io::Read;

use futures::{StreamExt, TryStreamExt};

use super::{Evidence, ServiceError, scans::Stored};
use crate::{
    assessment::{
        Manifest, Snapshot,
        part::{PartRef, PartSink, SinkError, sha256_hex},
        snapshot::{OpenError, Opening},
    },
    tenant::{Digest, TenantId},
};

/// Parts read at once.
const AT_ONCE: usize = 8;

/// The media type of a part: NDJSON, compressed with zstd (RFC 8878).
pub const CONTENT_TYPE: &str = "application/zstd";

/// The parts of one scan.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    pub evidence: &'a Evidence,
    pub tenant: &'a TenantId,
    pub scan: &'a str,
}

/// Why a snapshot could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl PartSink for Parts<'_> {
    async fn put(&self, resource: &str, shard: u32, seq: u32, ndjson: Vec<u8>) -> Result<PartRef, SinkError> {
        let sha256 = sha256_hex(&ndjson);
        let bytes = ndjson.len() as u64;
        let rows = ndjson.split_inclusive(|byte| *byte == b'\n').count() as u64;
        let key = format!("scans/{}/{resource}/{shard}/{seq:06}-{}.ndjson.zst", self.scan, &sha256[..16]);
        let packed = zstd::encode_all(ndjson.as_slice(), 0).map_err(|error| SinkError(error.to_string()))?;
        let put = self.evidence.write_once(self.tenant, &key, CONTENT_TYPE, None, packed).await;
        match put {
            Ok(()) => {}
            // Another version of the compressor wrote the same rows: what counts is what is in it.
            Err(ServiceError::Exists { .. }) => {
                let there = self
                    .evidence
                    .read_unchecked(self.tenant, &key)
                    .await
                    .and_then(|packed| unpack(&packed, bytes))
                    .map_err(|error| SinkError(error.to_string()))?;
                if sha256_hex(&there) != sha256 {
                    return Err(SinkError("other content under its key".to_owned()));
                }
            }
            Err(error) => return Err(SinkError(error.to_string())),
        }
        Ok(PartRef { key, sha256, bytes, rows })
    }
}

impl Parts<'_> {
    /// The sealed snapshot, every part checked against the manifest, and its parts as objects of the bucket.
    pub async fn open(&self, manifest: &Manifest) -> Result<(Snapshot, Vec<Stored>), ReadBackError> {
        let mut opening = Opening::new(manifest);
        let mut objects = Vec::new();
        let mut reads = futures::stream::iter(manifest.parts.clone())
            .map(|part| async move {
                let packed = self.evidence.read_unchecked(self.tenant, &part.key).await?;
                Ok::<_, ServiceError>((part, packed))
            })
            .buffered(AT_ONCE);
        while let Some((part, packed)) = reads.try_next().await? {
            opening.add(&part.key, &unpack(&packed, part.bytes)?)?;
            let sha256 = Digest::of(&packed);
            objects.push(Stored { name: part.key, sha256, bytes: packed.len() as u64 });
        }
        drop(reads);
        Ok((opening.finish()?, objects))
    }
}

/// What is packed, at most `bytes` of it and one more: more is not what was written.
fn unpack(packed: &[u8], bytes: u64) -> Result<Vec<u8>, ServiceError> {
    let broken = |_| ServiceError::Digest { what: "a part" };
    let mut ndjson = Vec::new();
    let unpacked = zstd::Decoder::new(packed).map_err(broken)?;
    unpacked.take(bytes + 1).read_to_end(&mut ndjson).map_err(broken)?;
    Ok(ndjson)
}
