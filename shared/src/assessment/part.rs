//! A part: the rows of one page, as they are kept.
//!
//! Its one rule: a part is written once and is known by its digest, so that a page read twice after a crash is either
//! the same part or another one, never a changed one.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where a part lies and what it is. `sha256` (hex), `bytes` and `rows` speak of the NDJSON before any compression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRef {
    /// The sink's key. It must depend on the digest, so that another content never meets the same key.
    pub key: String,
    pub sha256: String,
    pub bytes: u64,
    pub rows: u64,
}

/// A part and its place in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub resource: String,
    /// The parent's number in a fan-out, else 0.
    pub shard: u32,
    /// The page's number in the shard.
    pub seq: u32,
    pub key: String,
    pub sha256: String,
    pub bytes: u64,
    pub rows: u64,
}

/// Keeps parts. Putting the same content again succeeds and gives the same reference.
pub trait PartSink: Send + Sync {
    fn put(
        &self,
        resource: &str,
        shard: u32,
        seq: u32,
        ndjson: Vec<u8>,
    ) -> impl Future<Output = Result<PartRef, SinkError>> + Send;
}

/// A part could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("want the part kept, got {0}")]
pub struct SinkError(pub String);

/// The NDJSON of a page: one line per row, with the parent's id where there is one.
pub fn encode(parent: Option<&str>, rows: &[Value]) -> Vec<u8> {
    let mut out = String::new();
    for value in rows {
        let line = match parent {
            Some(parent) => json!({"parent": parent, "value": value}),
            None => json!({"value": value}),
        };
        out.push_str(&line.to_string());
        out.push('\n');
    }
    out.into_bytes()
}

/// The lines of an NDJSON part as (parent, value). `None` if any line is not one.
pub fn decode(ndjson: &[u8]) -> Option<Vec<(Option<String>, Value)>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        parent: Option<String>,
        value: Value,
    }
    let lines = ndjson.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice::<Line>(line).ok().map(|l| (l.parent, l.value))).collect()
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_back_as_it_was() {
        let rows = [json!({"id": "1", "text": "a\nb", "unknown": [1.5, null]}), json!({"id": "2"})];
        let back = decode(&encode(Some("p"), &rows)).unwrap();
        assert_eq!(
            back.iter().map(|(p, v)| (p.as_deref(), v.clone())).collect::<Vec<_>>(),
            [(Some("p"), rows[0].clone()), (Some("p"), rows[1].clone())]
        );
        assert_eq!(decode(b"{\"value\":{}}\n{\"valu"), None);
    }

    #[test]
    fn the_digest_is_the_usual_one() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
