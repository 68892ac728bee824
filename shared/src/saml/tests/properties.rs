//! Whatever bytes come: an answer, no panic, and never somebody who was not signed.

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::STANDARD};
use okta_twin::saml::Sign;
use proptest::prelude::*;

use super::harness::*;
use crate::saml::{IdpMetadata, verify};

static SIGNED_XML: LazyLock<Vec<String>> =
    LazyLock::new(|| SIGNED.iter().map(|&mode| signed(&genuine(mode))).collect());

fn identity_is_genuine(xml: &[u8]) {
    if let Ok(identity) = judge_with(xml, &expectations()).outcome {
        assert_eq!((identity.name_id.as_str(), identity.assertion_id.as_str()), (USER, "id2000000000000002"));
    }
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(value in "\\PC*") {
        prop_assert!(verify(&value, &expectations()).outcome.is_err());
    }

    /// The oracle is the crate that the rest of the product decodes with.
    #[test]
    fn base64_is_strict(text in "[A-Za-z0-9+/]{0,70}[=A-D_ -]{0,4}") {
        prop_assert_eq!(STANDARD.decode(&text).ok(), base64_simd::STANDARD.decode_to_vec(&text).ok());
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(judge_with(&bytes, &expectations()).outcome.is_err());
        prop_assert!(IdpMetadata::parse(&bytes).is_err());
    }

    #[test]
    fn a_changed_byte_changes_nobody(mode in 0..3_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut xml = SIGNED_XML[mode].clone().into_bytes();
        let at = at.index(xml.len());
        xml[at] = byte;
        identity_is_genuine(&xml);
    }

    #[test]
    fn a_moved_piece_changes_nobody(
        mode in 0..3_usize,
        from in any::<prop::sample::Index>(),
        length in 0..3000_usize,
        to in any::<prop::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let mut xml = SIGNED_XML[mode].clone().into_bytes();
        let from = from.index(xml.len());
        let end = (from + length).min(xml.len());
        let piece: Vec<u8> =
            if keep { xml[from..end].to_vec() } else { xml.drain(from..end).collect() };
        let to = to.index(xml.len() + 1);
        xml.splice(to..to, piece);
        identity_is_genuine(&xml);
    }

    #[test]
    fn any_name_is_read_in_full_or_refused(name in "\\PC{1,64}") {
        let mut spec = genuine(Sign::Both);
        spec.name_id = Some(name.clone());
        match judge(&signed(&spec)).outcome {
            Ok(identity) => prop_assert_eq!(identity.name_id, name),
            Err(rejection) => prop_assert_eq!(rejection.code(), "saml.nameid"),
        }
    }
}
