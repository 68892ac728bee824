//! Without a phishing-resistant authenticator, a good copy of the sign-in page is enough.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "FAC-01",
    title: "A phishing-resistant authenticator is available",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Authenticators,
    subject: Subject::Org,
    needs: &["authenticators", "okta-verify-methods"],
    controls: &[nist("IA-2(6)"), pci("8.5.1"), soc2("CC6.1"), iso("A.8.5"), hipaa("164.312(d)"), cis("6.3")],
    params: &[],
    why: "Passwords, codes and push messages can be passed on by whoever sits between a person and the org.",
    fix: "Activate security keys or passkeys (FIDO2), a smart card, or FastPass in Okta Verify.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh-configure-authenticators"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    let active = |row: &Row, pointer: &str, name: &str| {
        row.text(pointer) == Some(name) && row.text("/status") == Some("ACTIVE")
    };
    let authenticators = snapshot.resource("authenticators")?;
    let keys = ["webauthn", "smart_card_idp"];
    let by_key = authenticators.iter().any(|a| keys.iter().any(|key| active(a, "/key", key)));
    let verify = authenticators.iter().any(|a| active(a, "/key", "okta_verify"));
    // FastPass is the method `signed_nonce` of Okta Verify.
    let fast_pass = snapshot.resource("okta-verify-methods")?.iter().any(|m| active(m, "/type", "signed_nonce"));
    if by_key || (verify && fast_pass) {
        return Ok(Outcome::Pass);
    }
    let known = |row: &&Row| matches!(row.text("/status"), Some("ACTIVE" | "INACTIVE")) && row.text("/key").is_some();
    match authenticators.iter().find(|row| !known(row)) {
        // It may be the one.
        Some(row) => judge.odd(row, "/status"),
        None if authenticators.is_empty() => {}
        None => judge.org_hit("authenticators", "webauthn, smart_card_idp or FastPass ACTIVE", "none of them"),
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"authenticators": [{"id": "a1", "key": "okta_verify", "status": "ACTIVE"}, {"id": "a2", "key": "webauthn", "status": "INACTIVE"}],
              "okta-verify-methods": [{"@parent": "a1", "type": "push", "status": "ACTIVE"}, {"@parent": "a1", "type": "signed_nonce", "status": "ACTIVE"}]}"#,
    fail: r#"{"authenticators": [{"id": "a1", "key": "okta_verify", "status": "ACTIVE"}, {"id": "a2", "key": "webauthn", "status": "INACTIVE"}],
              "okta-verify-methods": [{"@parent": "a1", "type": "push", "status": "ACTIVE"}, {"@parent": "a1", "type": "signed_nonce", "status": "INACTIVE"}]}"#,
    odd: r#"{"authenticators": [{"id": "a2", "key": "webauthn", "status": "PENDING"}]}"#,
};
