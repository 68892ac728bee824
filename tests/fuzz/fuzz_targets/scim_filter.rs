//! The filter language: what is parsed can be printed, and means the same when it is parsed again.
#![no_main]

use fuzz::scim::{Filter, ResourceKind};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let resource = json!({
        "id": "u1", "userName": "ada@example.com", "active": true, "displayName": "Ada",
        "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
        "members": [{ "value": "u1" }],
        "meta": { "lastModified": "2026-06-19T12:00:00Z" },
    });
    for kind in [ResourceKind::User, ResourceKind::Group] {
        let Ok(filter) = Filter::parse(text, kind) else { continue };
        let matches = filter.matches(&resource);
        let _ = filter.lookup();
        let again = Filter::parse(&filter.to_string(), kind).expect("what was printed");
        assert_eq!(again.to_string(), filter.to_string());
        assert_eq!(again.matches(&resource), matches);
    }
});
