//! Okta knows who is attacking sign-ins elsewhere; the org decides whether that counts.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "NET-01",
    title: "ThreatInsight blocks known attackers",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Network,
    subject: Subject::Org,
    needs: &["threat-insight", "zones"],
    controls: &[nist("SI-4"), pci("11.5"), soc2("CC6.6"), cis("13.3")],
    params: &[],
    why: "Password spraying from known addresses reaches the sign-in page instead of being turned away.",
    fix: "Set ThreatInsight to log and block, and exempt fixed addresses only.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-threatinsight"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let row = snapshot.single("threat-insight")?;
    let zones = snapshot.resource("zones")?;
    let mut judge = Judge::default();
    judge.word(row, "/action", "block", |action| match action {
        "block" => Some(true),
        "audit" | "none" => Some(false),
        _ => None,
    });
    let Some(exempt) = row.list("/excludeZones") else {
        judge.odd(row, "/excludeZones");
        return Ok(judge.outcome());
    };
    for id in exempt {
        let zone = zones.iter().find(|zone| Some(zone.id()) == id.as_str());
        match zone.and_then(|zone| Some((zone, zone.text("/type")?))) {
            Some((zone, kind)) => judge.decide(zone, "/type", "an IP zone among the exempt", kind, kind == "IP"),
            None => judge.odd(row, "/excludeZones"),
        }
    }
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"threat-insight": [{"action": "block", "excludeZones": ["z1"]}], "zones": [{"id": "z1", "type": "IP"}]}"#,
    fail: r#"{"threat-insight": [{"action": "audit", "excludeZones": ["z1"]}], "zones": [{"id": "z1", "type": "DYNAMIC"}]}"#,
    odd: r#"{"threat-insight": [{"action": "block", "excludeZones": ["z9"]}], "zones": []}"#,
};
