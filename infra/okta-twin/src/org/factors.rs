//! What each user has enrolled, made when asked for.
//!
//! The one rule: it follows from the user's id, so that two readings agree.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Row, id};
use crate::seed::Seed;

/// The factors of a user. Who was never active has none.
pub(crate) fn of(seed: Seed, base: &str, user: &Value) -> Vec<Row> {
    if user["activated"].is_null() {
        return Vec::new();
    }
    let owner = id(user);
    let kinds: &[(&str, &str)] = match seed.below(&format!("factors/{owner}"), 10) {
        0 => &[],
        1..4 => &[("push", "OKTA"), ("token:software:totp", "OKTA")],
        4..9 => &[("signed_nonce", "OKTA"), ("push", "OKTA")],
        _ => &[("webauthn", "FIDO")],
    };
    let factor = |(kind, provider): &(&str, &str)| {
        let factor = seed.id("opf", &format!("{owner}/{kind}"));
        Arc::new(json!({
            "id": factor,
            "factorType": kind,
            "provider": provider,
            "vendorName": provider,
            "status": "ACTIVE",
            "created": user["created"],
            "lastUpdated": user["lastUpdated"],
            "profile": { "credentialId": user["profile"]["login"] },
            "_links": {
                "self": { "href": format!("{base}/api/v1/users/{owner}/factors/{factor}") },
                "user": { "href": format!("{base}/api/v1/users/{owner}") },
            },
        }))
    };
    kinds.iter().map(factor).collect()
}
