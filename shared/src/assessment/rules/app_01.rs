//! An app that Okta signs in to by typing a password has a password that can be stolen.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "APP-01",
    title: "Applications use SAML or OpenID Connect, not stored passwords",
    severity: Severity::Medium,
    // Whether the application can do better is for a person to say.
    confidence: Estimated,
    area: Area::Applications,
    subject: Subject::Resource,
    needs: &["apps"],
    controls: &[soc2("CC6.1"), cis("6.7"), nist("IA-2"), iso("A.8.5")],
    params: &[],
    why: "Stored passwords go around multifactor sign-in and live on after a person has left.",
    fix: "Move the application to SAML or OpenID Connect where it can; else note who accepts the risk.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh-healthinsight"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    for app in facts::live(snapshot, "apps")? {
        // Directories and other apps without sign-on answer null.
        if app.at("/signOnMode").is_some_and(serde_json::Value::is_null) {
            judge.fine();
            continue;
        }
        judge.word(app, "/signOnMode", "SAML_2_0 or OPENID_CONNECT", |mode| match mode {
            "SAML_2_0" | "SAML_1_1" | "WS_FEDERATION" | "OPENID_CONNECT" | "BOOKMARK" => Some(true),
            "AUTO_LOGIN" | "BASIC_AUTH" | "BROWSER_PLUGIN" | "SECURE_PASSWORD_STORE" => Some(false),
            _ => None,
        });
    }
    facts::all_apps(snapshot, judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                       {"id": "a3", "name": "crm", "signOnMode": "SAML_2_0"}, {"id": "a4", "status": "INACTIVE", "signOnMode": "AUTO_LOGIN"}, {"id": "a5", "signOnMode": null}]}"#,
    fail: r#"{"apps": [{"id": "a3", "name": "crm", "status": "ACTIVE", "signOnMode": "BROWSER_PLUGIN"}]}"#,
    odd: r#"{"apps": [{"id": "a3", "name": "crm", "status": "ACTIVE", "signOnMode": "TELEPATHY"}]}"#,
};
