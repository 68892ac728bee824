//! The verifier: any bytes as a Response, and the genuine one with a piece of it replaced by any bytes.
#![no_main]

use std::sync::LazyLock;

use fuzz::{
    GENUINE, USER, expectations, idp,
    saml::{Identity, IdpMetadata, verify_document},
};
use libfuzzer_sys::fuzz_target;

static IDP: LazyLock<IdpMetadata> = LazyLock::new(idp);

static GENUINELY: LazyLock<Identity> =
    LazyLock::new(|| verify_document(GENUINE, &expectations(&IDP)).outcome.expect("the genuine Response"));

/// Whatever was changed: nobody else signs in.
fn judge(xml: &[u8]) {
    if let Ok(identity) = verify_document(xml, &expectations(&IDP)).outcome {
        assert_eq!(identity.name_id, USER);
        assert_eq!(identity.assertion_id, GENUINELY.assertion_id);
    }
}

fuzz_target!(|input: &[u8]| {
    judge(input);
    // Where, how much, and what instead.
    let Some((&[at0, at1, length0, length1], instead)) = input.split_first_chunk::<4>() else { return };
    let at = usize::from(u16::from_le_bytes([at0, at1])) % (GENUINE.len() + 1);
    let length = usize::from(u16::from_le_bytes([length0, length1])) % (GENUINE.len() - at + 1);
    judge(&[&GENUINE[..at], instead, &GENUINE[at + length..]].concat());
});
