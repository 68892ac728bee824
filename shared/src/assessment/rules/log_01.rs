//! A log that only the attacked system holds ends with it.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "LOG-01",
    title: "The System Log is streamed to a place outside Okta",
    severity: Severity::High,
    // A pull by a SIEM does the same and does not show here.
    confidence: Estimated,
    area: Area::Logging,
    subject: Subject::Org,
    needs: &["log-streams"],
    controls: &[
        stig("V-273202"),
        hipaa("164.312(b)"),
        soc2("CC7.2"),
        glba("314.4(c)(8)"),
        iso("A.8.15"),
        pci("10.3"),
        nist("AU-6"),
        nist("AU-9"),
        cis("8.9"),
        sox("MO"),
    ],
    params: &[],
    why: "Okta keeps the log for 90 days; many intrusions are found later than that.",
    fix: "Set up a log stream, or show that a SIEM collects the log through the API.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-log-streaming"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let streams = snapshot.resource("log-streams")?;
    let status = |row: &Row| row.text("/status").map(str::to_owned);
    if streams.iter().any(|row| status(row).as_deref() == Some("ACTIVE")) {
        return Ok(Outcome::Pass);
    }
    let mut judge = Judge::default();
    match streams.iter().find(|row| status(row).as_deref() != Some("INACTIVE")) {
        Some(unclear) => judge.odd(unclear, "/status"),
        None => judge.org_hit("log-streams", "an ACTIVE log stream", format!("{} inactive", streams.len())),
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"log-streams": [{"id": "l1", "status": "INACTIVE"}, {"id": "l2", "status": "ACTIVE"}]}"#,
    fail: r#"{"log-streams": [{"id": "l1", "status": "INACTIVE"}]}"#,
    odd: r#"{"log-streams": [{"id": "l1", "status": "STARTING"}]}"#,
};
