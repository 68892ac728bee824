//! The redirect URI decides who gets the code.

use url::Url;

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "APP-03",
    title: "Redirect URIs are https, exact and not local",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Applications,
    subject: Subject::Resource,
    needs: &["apps"],
    controls: &[nist("SC-8"), soc2("CC6.1"), iso("A.8.26")],
    params: &[],
    why: "A code sent over http, to a wildcard host or to a local port can be picked up by somebody else.",
    fix: "Register exact https addresses, and keep development addresses in an app of their own.",
    references: &["https://www.rfc-editor.org/rfc/rfc9700"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    for app in facts::open_id_apps(snapshot, &mut judge)? {
        let kind = app.text("/settings/oauthClient/application_type");
        if kind == Some("service") {
            judge.fine();
            continue;
        }
        let pointer = "/settings/oauthClient/redirect_uris";
        let uris = judge.texts(app, pointer);
        let bad = uris.into_iter().find(|uri| !is_safe(uri, kind == Some("native")));
        judge.decide(app, pointer, "exact https addresses", bad.unwrap_or_default(), bad.is_none());
        judge.word(app, "/settings/oauthClient/wildcard_redirect", "DISABLED", |wildcard| match wildcard {
            "DISABLED" => Some(true),
            "SUBDOMAIN" => Some(false),
            _ => None,
        });
    }
    facts::all_apps(snapshot, judge.outcome())
}

/// Native apps may use their own scheme and the loopback interface (RFC 8252 7).
fn is_safe(uri: &str, native: bool) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let local = facts::is_local(&url);
    match url.scheme() {
        _ if uri.contains('*') => false,
        "https" => !local || native,
        "http" => native && local,
        _ => native,
    }
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                       {"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"application_type": "web", "redirect_uris": ["https://app.example.com/cb"], "wildcard_redirect": "DISABLED"}}},
                       {"id": "a4", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"application_type": "native", "redirect_uris": ["com.example.app:/cb", "http://127.0.0.1/cb"], "wildcard_redirect": "DISABLED"}}}]}"#,
    fail: r#"{"apps": [{"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"application_type": "web", "redirect_uris": ["https://app.example.com/cb", "http://localhost:3000/cb"]}}}]}"#,
    odd: r#"{"apps": [{"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"application_type": "web"}}}]}"#,
};
