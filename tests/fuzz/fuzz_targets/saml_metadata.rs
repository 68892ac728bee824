//! The metadata parser: what it accepts can be stored and read again.
#![no_main]

use fuzz::saml::IdpMetadata;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(idp) = IdpMetadata::parse(input) {
        assert!(!idp.certificates.is_empty() && !idp.entity_id.is_empty());
        let stored = serde_json::to_string(&idp).expect("JSON");
        assert_eq!(serde_json::from_str::<IdpMetadata>(&stored).expect("the same"), idp);
    }
});
