//! What can be read from a screen or told over the phone is no proof of a person.

use super::prelude::*;

const WEAK: [&str; 3] = ["phone_number", "okta_email", "security_question"];

/// The other kinds that Okta publishes. How strong a kind is that is not listed here, nobody has looked at yet.
const OTHERS: [&str; 15] = [
    "custom_app", "custom_otp", "duo", "external_idp", "google_otp", "okta_password", "okta_verify", "onprem_mfa",
    "rsa_token", "security_key", "smart_card_idp", "symantec_vip", "tac", "webauthn", "yubikey_token",
];

pub const RULE: Rule = Rule {
    id: "FAC-02",
    title: "Phone, e-mail and security question are not used to sign in",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Authenticators,
    subject: Subject::Resource,
    needs: &["authenticators"],
    controls: &[nist("IA-5"), cis("6.3"), soc2("CC6.1"), pci("8.4.2")],
    params: &[],
    why: "Numbers are moved to other SIM cards, mailboxes are shared and answers are on social media.",
    fix: "Deactivate these authenticators or allow them for recovery only.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh-healthinsight"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    for row in snapshot.resource("authenticators")? {
        match (row.text("/key"), row.text("/status")) {
            (Some(key), _) if OTHERS.contains(&key) => judge.fine(),
            (Some(_), Some("INACTIVE")) => judge.fine(),
            (key, _) if !key.is_some_and(|key| WEAK.contains(&key)) => judge.odd(row, "/key"),
            _ => judge.word(row, "/settings/allowedFor", "recovery, or INACTIVE", |word| match word {
                "recovery" | "none" => Some(true),
                "any" | "sso" => Some(false),
                _ => None,
            }),
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"authenticators": [{"id": "a1", "key": "webauthn", "status": "ACTIVE"},
                                 {"id": "a2", "key": "okta_email", "status": "ACTIVE", "settings": {"allowedFor": "recovery"}},
                                 {"id": "a3", "key": "phone_number", "status": "INACTIVE", "settings": {"allowedFor": "any"}}]}"#,
    fail: r#"{"authenticators": [{"id": "a3", "key": "phone_number", "status": "ACTIVE", "settings": {"allowedFor": "any"}}]}"#,
    odd: r#"{"authenticators": [{"id": "a2", "key": "okta_email", "status": "ACTIVE", "settings": {"allowedFor": "sometimes"}},
                                {"id": "a4", "key": "telepathy", "status": "ACTIVE"}]}"#,
};
