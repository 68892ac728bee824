//! What is taken out of a row before it is kept.
//!
//! Why: Okta's answers can hold secrets in clear (the client secret of an OIDC identity provider, headers of a hook)
//! and more of a person's profile than any rule reads. Its one rule: a secret never reaches a part; anything else,
//! known to us or not, stays as it was answered.

use serde_json::{Map, Value};

/// What stands in the place of a secret.
const REDACTED: &str = "REDACTED";

/// Members that hold a secret when they hold a text.
const SECRET_NAMES: [&str; 11] = [
    "client_secret",
    "secret",
    "secretkey",
    "secretkeyenc",
    "accesskey",
    "privatekey",
    "private_key",
    "password",
    "apikey",
    "token",
    "sharedsecret",
];

/// Replaces secrets, at any depth.
pub fn secrets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let header = members.contains_key("key") && members.len() == 2;
            for (name, member) in members {
                let secret = SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str())
                    // `{"key": "X-Api-Key", "value": "..."}`: a header of a hook.
                    || (header && name == "value")
                    // The private members of a JWK (RFC 7518 6).
                    || matches!(name.as_str(), "d" | "dp" | "dq" | "qi");
                match member {
                    Value::String(text) if secret => REDACTED.clone_into(text),
                    other => secrets(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(secrets),
        _ => {}
    }
}

/// Keeps only the named members; `profile.login` names a member one level down.
pub fn keep(value: &mut Value, names: &[&str]) {
    let Value::Object(members) = value else { return };
    let mut kept = Map::new();
    for name in names {
        match name.split_once('.') {
            None => {
                if let Some(member) = members.get(*name) {
                    kept.insert((*name).to_owned(), member.clone());
                }
            }
            Some((outer, inner)) => {
                if let Some(member) = members.get(outer).and_then(|o| o.get(inner)) {
                    let outer = kept.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                    outer[inner] = member.clone();
                }
            }
        }
    }
    *members = kept;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let mut row = json!({
            "protocol": {"credentials": {"client": {"client_id": "abc", "client_secret": "s3cret"}}},
            "channel": {"config": {"headers": [{"key": "X-Api-Key", "value": "s3cret"}], "authScheme": {"type": "HEADER"}}},
            "settings": {"app": {"secretKey": "s3cret", "secretKeyEnc": null}, "password": {"complexity": {"minLength": 8}}},
            "newField": [{"value": "kept"}],
            "jwks": [{"kty": "RSA", "n": "kept", "d": "s3cret"}],
        });
        secrets(&mut row);
        let text = row.to_string();
        assert!(!text.contains("s3cret"));
        assert_eq!(text.matches("kept").count(), 2);
        assert_eq!(row["settings"]["password"]["complexity"]["minLength"], 8);
    }

    #[test]
    fn only_named_members_are_kept() {
        let mut row =
            json!({"id": "1", "profile": {"login": "a@example.com", "mobilePhone": "x"}, "credentials": {}});
        keep(&mut row, &["id", "status", "profile.login", "profile.email"]);
        assert_eq!(row, json!({"id": "1", "profile": {"login": "a@example.com"}}));
    }
}
