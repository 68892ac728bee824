//! Bodies of PATCH requests, from bytes to what becomes of a user and to the change of a group.
#![no_main]

use fuzz::scim::{PatchRequest, ResourceKind, UserAttributes, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(body) = json::parse(input) else { return };
    if let Ok(patch) = PatchRequest::parse(&body, ResourceKind::Group) {
        let _ = patch.group_change();
    }
    if let Ok(patch) = PatchRequest::parse(&body, ResourceKind::User)
        && let Ok(user) = user().apply_patch(&patch)
    {
        let user = user.to_object();
        assert!(user["active"].is_boolean() && user["userName"].is_string() && !user.contains_key("password"));
    }
});

fn user() -> UserAttributes {
    let user = serde_json::json!({
        "userName": "ada@example.com", "active": true, "name": { "givenName": "Ada" },
        "emails": [{ "value": "ada@example.com", "type": "work", "primary": true }],
    });
    serde_json::from_value(user).expect("attributes")
}
