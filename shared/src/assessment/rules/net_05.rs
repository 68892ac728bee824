//! A trusted origin may call the org with a signed-in person's session.

use url::Url;

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "NET-05",
    title: "Trusted origins are https, exact and not local",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Network,
    subject: Subject::Resource,
    needs: &["trusted-origins"],
    controls: &[nist("SC-8"), soc2("CC6.6"), iso("A.8.26")],
    params: &[],
    why: "Whoever can serve a page from such an origin acts as the person who opens it.",
    fix: "Delete development origins and replace http and wildcards by exact https origins.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-trusted-origins"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let origins = facts::live(snapshot, "trusted-origins")?;
    if origins.is_empty() {
        return Ok(Outcome::not_applicable("the org trusts no other origin"));
    }
    let mut judge = Judge::default();
    for row in origins {
        judge.word(row, "/origin", "an exact https origin", |origin| Some(is_safe(origin)));
    }
    Ok(judge.outcome())
}

fn is_safe(origin: &str) -> bool {
    let safe = |url: &Url| url.scheme() == "https" && !facts::is_local(url);
    !origin.contains('*') && Url::parse(origin).is_ok_and(|url| safe(&url))
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"trusted-origins": [{"id": "t1", "origin": "https://app.example.com", "status": "ACTIVE"}, {"id": "t2", "origin": "http://old.example.com", "status": "INACTIVE"}]}"#,
    fail: r#"{"trusted-origins": [{"id": "t1", "origin": "http://localhost:8080/"}, {"id": "t2", "origin": "https://*.example.com"}]}"#,
    odd: r#"{"trusted-origins": [{"id": "t1", "origin": null}]}"#,
};
