use super::*;
use crate::{
    assessment::snapshot::{OpenError, Opening},
    okta::{endpoints, testing::now},
};

const NDJSON: &[u8] = b"{\"value\":{\"id\":\"u1\"}}\n";

/// A sealed snapshot with one user and nothing else.
pub(crate) fn sealed() -> Manifest {
    let mut checkpoint = Checkpoint::new("scan-1", now());
    for e in endpoints::ALL {
        checkpoint.end(e.key, Status::Complete, now());
    }
    checkpoint.reading("users").rows = 1;
    checkpoint.parts.push(Part {
        resource: "users".into(),
        shard: 0,
        seq: 0,
        key: "k".into(),
        sha256: sha256_hex(NDJSON),
        bytes: NDJSON.len() as u64,
        rows: 1,
    });
    let subject = Subject {
        tenant: "t-1".into(),
        org: "o-1".into(),
        org_url: "https://acme.okta.com".into(),
        okta_org_id: "00oExample".into(),
        scopes: vec!["okta.users.read".into()],
        rule_library: "2026.11.1".into(),
    };
    Manifest::seal(&checkpoint, subject, now()).unwrap()
}

#[test]
fn it_is_read_back_only_as_it_was_written() {
    let manifest = sealed();
    let bytes = manifest.to_bytes().unwrap();
    assert_eq!(Manifest::from_bytes(&bytes).unwrap(), manifest);
    let text = String::from_utf8(bytes).unwrap();
    for (from, to) in [
        ("\"rows\":1", "\"rows\":2"),
        ("manifest/1", "manifest/2"),
        ("\"scan\":", "\"x\":1,\"scan\":"),
        ("{\"calls\"", "{ \"calls\""),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text);
        assert!(Manifest::from_bytes(other.as_bytes()).is_err(), "{from}");
    }
    let root = &manifest.merkle_root;
    let other = text.replace(root.as_str(), &sha256_hex(b"other"));
    assert!(matches!(Manifest::from_bytes(other.as_bytes()), Err(ManifestError::Root { .. })));
}

#[test]
fn the_statement_names_the_manifest_by_digest() {
    let manifest = sealed();
    let statement: serde_json::Value = serde_json::from_slice(&manifest.statement().unwrap()).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["subject"][0]["digest"]["sha256"], manifest.sha256().unwrap());
    assert_eq!(statement["predicate"]["merkleRoot"], manifest.merkle_root);
}

#[test]
fn a_part_that_differs_is_missing_or_is_unknown_is_an_error() {
    let manifest = sealed();
    let mut opening = Opening::new(&manifest);
    assert!(matches!(opening.add("k", b"{\"value\":{\"id\":\"u2\"}}\n"), Err(OpenError::Digest { .. })));
    assert_eq!(opening.add("other", NDJSON), Err(OpenError::Unknown("other".into())));
    assert_eq!(Opening::new(&manifest).finish().unwrap_err(), OpenError::Missing("k".into()));
    let mut opening = Opening::new(&manifest);
    opening.add("k", NDJSON).unwrap();
    assert_eq!(opening.finish().unwrap().resource("users").unwrap()[0].id(), "u1");
}
