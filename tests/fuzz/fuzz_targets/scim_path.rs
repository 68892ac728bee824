//! PATCH paths: what is parsed can be printed, and is the same path when it is parsed again.
#![no_main]

use fuzz::scim::{ResourceKind, path::Path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for kind in [ResourceKind::User, ResourceKind::Group] {
        let Ok(path) = Path::parse(text, kind) else { continue };
        assert_eq!(Path::parse(&path.to_string(), kind).expect("what was printed"), path);
    }
});
