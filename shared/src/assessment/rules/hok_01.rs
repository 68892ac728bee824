//! A hook sends events and profiles out, or lets outside code take part in a sign-in.

use url::Url;

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "HOK-01",
    title: "Hooks go to https addresses that check who calls",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Integrations,
    subject: Subject::Resource,
    needs: &["event-hooks", "inline-hooks"],
    controls: &[nist("SC-8"), soc2("CC9.2"), iso("A.5.14")],
    params: &[],
    why: "Without https and a secret, events can be read on the way and answers forged.",
    fix: "Use https with an authentication header or OAuth 2.0, and verify each event hook.",
    references: &["https://developer.okta.com/docs/concepts/hooks/"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let events = facts::live(snapshot, "event-hooks")?;
    let inline = facts::live(snapshot, "inline-hooks")?;
    if events.is_empty() && inline.is_empty() {
        return Ok(Outcome::not_applicable("the org has no active hooks"));
    }
    let mut judge = Judge::default();
    for hook in events.iter().chain(&inline) {
        judge.word(hook, "/channel/config/uri", "an https address", |uri| {
            Some(Url::parse(uri).is_ok_and(|url| url.scheme() == "https" && !facts::is_local(&url)))
        });
        if hook.text("/channel/type") != Some("OAUTH") {
            let kind = hook.text("/channel/config/authScheme/type").unwrap_or("none");
            judge.decide(hook, "/channel/config/authScheme", "HEADER or OAuth", kind, kind == "HEADER");
        }
    }
    for hook in events {
        judge.word(hook, "/verificationStatus", "VERIFIED", |status| match status {
            "VERIFIED" => Some(true),
            "UNVERIFIED" => Some(false),
            _ => None,
        });
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"event-hooks": [{"id": "h1", "status": "ACTIVE", "verificationStatus": "VERIFIED", "channel": {"type": "HTTP", "config": {"uri": "https://hooks.example.com/e", "authScheme": {"type": "HEADER"}}}}],
              "inline-hooks": [{"id": "h2", "status": "ACTIVE", "channel": {"type": "OAUTH", "config": {"uri": "https://hooks.example.com/i"}}}]}"#,
    fail: r#"{"event-hooks": [{"id": "h1", "status": "ACTIVE", "verificationStatus": "UNVERIFIED", "channel": {"type": "HTTP", "config": {"uri": "http://hooks.example.com/e"}}}]}"#,
    odd: r#"{"event-hooks": [{"id": "h1", "status": "ACTIVE", "channel": {"type": "HTTP", "config": {"uri": "https://hooks.example.com/e", "authScheme": {"type": "HEADER"}}}}]}"#,
};
