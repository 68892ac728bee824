//! What strangers send, thrown at the parsers that read it first.
//!
//! The one rule: the code under test is the product's own, file by file. `saml`, `scim` and `ops/random.rs`
//! are links into `shared/src`: those modules are pure, so that a fuzzer is built without an AWS SDK, in two
//! minutes instead of twenty.

pub mod ops;
pub mod saml;
pub mod scim;

use std::sync::LazyLock;

use aws_lc_rs::{encoding::AsDer, rsa::{KeySize, PrivateDecryptingKey}};
use jiff::Timestamp;
use saml::{DEFAULT_CLOCK_SKEW, DecryptionKey, Expectations, IdpMetadata};

/// Who the genuine Response signs in, and nobody else may be.
pub const USER: &str = "ada@example.com";
/// A Response that an IdP signed twice, its key long forgotten.
pub const GENUINE: &[u8] = include_bytes!("../seeds/saml_response/both.xml");

/// What encrypted assertions are opened with: without a key they would be refused before they are looked at.
static KEY: LazyLock<DecryptionKey> = LazyLock::new(|| {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key");
    DecryptionKey::from_pkcs8(key.as_der().expect("PKCS #8").as_ref()).expect("the same key")
});

/// What the genuine Response is an answer to.
pub fn expectations(idp: &IdpMetadata) -> Expectations<'_> {
    Expectations {
        idp,
        sp_entity_id: "https://acme.atomation.example.com/saml/metadata",
        acs_url: "https://acme.atomation.example.com/auth/saml/acs",
        request_ids: &["_request1"],
        allow_idp_initiated: true,
        require_signed_assertion: false,
        allow_ecdsa: true,
        decryption_key: Some(&KEY),
        refuse_outdated_certificate: false,
        now: "2026-06-19T12:00:00Z".parse::<Timestamp>().expect("an instant"),
        clock_skew: DEFAULT_CLOCK_SKEW,
    }
}

/// The pinned IdP.
pub fn idp() -> IdpMetadata {
    IdpMetadata::parse(include_bytes!("../seeds/saml_metadata/okta.xml")).expect("the IdP's metadata")
}
