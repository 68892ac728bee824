//! Attackers come through anonymising services; staff seldom do.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "NET-02",
    title: "An active zone blocks anonymising services",
    severity: Severity::Medium,
    confidence: Confirmed,
    area: Area::Network,
    subject: Subject::Org,
    needs: &["zones"],
    controls: &[stig("V-279692"), nist("SC-7"), soc2("CC6.6"), cis("13.4")],
    params: &[],
    why: "Stolen passwords are tried from proxies that hide where the attacker is.",
    fix: "Activate the enhanced dynamic zone that blocks anonymisers, with exceptions where staff need them.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh-network-zones"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let zones = snapshot.resource("zones")?;
    if zones.iter().any(blocks_anonymisers) {
        return Ok(Outcome::Pass);
    }
    let mut judge = Judge::default();
    judge.org_hit("zones", "an ACTIVE zone with usage BLOCKLIST for anonymisers", "none");
    // One that cannot be read may be it.
    let unclear = |zone: &&Row| ["/type", "/usage", "/status"].iter().any(|p| zone.text(p).is_none());
    let Some(zone) = zones.iter().find(unclear) else { return Ok(judge.outcome()) };
    let mut judge = Judge::default();
    judge.odd(zone, "/usage");
    Ok(judge.outcome())
}

fn blocks_anonymisers(zone: &Row) -> bool {
    let blocks = zone.text("/usage") == Some("BLOCKLIST") && zone.text("/status") == Some("ACTIVE");
    let covers = match zone.text("/type") {
        Some("DYNAMIC_V2") => zone.list("/ipServiceCategories/include").is_some_and(|include| {
            include.iter().filter_map(|c| c.as_str()).any(|c| c == "ALL_ANONYMIZERS" || c == "ALL_PROXIES_VPNS")
        }),
        Some("DYNAMIC") => matches!(zone.text("/proxyType"), Some("Any" | "TorAnonymizer")),
        _ => false,
    };
    blocks && covers
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"zones": [{"id": "z1", "type": "DYNAMIC_V2", "usage": "BLOCKLIST", "status": "ACTIVE", "ipServiceCategories": {"include": ["ALL_ANONYMIZERS"]}}]}"#,
    fail: r#"{"zones": [{"id": "z1", "type": "DYNAMIC_V2", "usage": "BLOCKLIST", "status": "INACTIVE", "ipServiceCategories": {"include": ["ALL_ANONYMIZERS"]}},
                        {"id": "z2", "type": "IP", "usage": "BLOCKLIST", "status": "ACTIVE"}]}"#,
    odd: r#"{"zones": [{"id": "z1", "type": "DYNAMIC_V2", "status": "ACTIVE"}]}"#,
};
