//! Grants that hand tokens or passwords through places they should not be.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "APP-02",
    title: "No OpenID Connect application uses the implicit or password grant",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Applications,
    subject: Subject::Resource,
    needs: &["apps"],
    controls: &[nist("SC-23"), soc2("CC6.1"), iso("A.8.26")],
    params: &[],
    why: "Implicit puts tokens into URLs; password gives the application the person's password and no second factor.",
    fix: "Use the authorization code grant with PKCE.",
    references: &["https://www.rfc-editor.org/rfc/rfc9700"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    for app in facts::open_id_apps(snapshot, &mut judge)? {
        let pointer = "/settings/oauthClient/grant_types";
        let grants = judge.texts(app, pointer);
        let weak: Vec<_> = grants.into_iter().filter(|grant| matches!(*grant, "implicit" | "password")).collect();
        judge.decide(app, pointer, "authorization_code", weak.join(", "), weak.is_empty());
    }
    facts::all_apps(snapshot, judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                       {"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"grant_types": ["authorization_code", "refresh_token"]}}}]}"#,
    fail: r#"{"apps": [{"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"grant_types": ["authorization_code", "implicit"]}}}]}"#,
    odd: r#"{"apps": [{"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {}}}]}"#,
};
