//! A partner's person among the workforce is treated as workforce.

use std::collections::BTreeSet;

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "RLM-04",
    title: "People of partner domains are in their partner's realm",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Realms,
    subject: Subject::Resource,
    needs: &["realms", "users"],
    controls: &[sox("TP"), nist("IA-8"), soc2("CC9.2"), glba("314.4(f)"), iso("A.5.19")],
    params: &[],
    why: "In the default realm they fall outside the partner's admins, rules and reviews.",
    fix: "Move these accounts into the partner's realm and add a realm assignment for the domain.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext-realms"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let realms = snapshot.resource("realms")?;
    let mut judge = Judge::default();
    let mut partner_domains = BTreeSet::new();
    let mut default_realms = BTreeSet::new();
    for realm in realms {
        if realm.flag("/isDefault") == Some(true) {
            default_realms.insert(realm.id());
        }
        match realm.text("/profile/realmType") {
            Some("PARTNER") => match realm.list("/profile/domains") {
                Some(domains) if !domains.is_empty() => {
                    partner_domains.extend(domains.iter().filter_map(|d| d.as_str()).map(str::to_lowercase));
                }
                // Without its domains nobody can tell who belongs to it.
                _ => judge.odd(realm, "/profile/domains"),
            },
            // Realms made before partner realms existed have no type.
            Some("DEFAULT") | None => {}
            Some(_) => judge.odd(realm, "/profile/realmType"),
        }
    }
    if partner_domains.is_empty() && realms.iter().all(|realm| realm.text("/profile/name").is_some()) {
        let no_partners = realms.iter().all(|r| matches!(r.text("/profile/realmType"), Some("DEFAULT") | None));
        if no_partners {
            return Ok(Outcome::not_applicable("the org has no partner realms"));
        }
    }
    for user in snapshot.resource("users")? {
        let domains: Vec<_> = ["/profile/login", "/profile/email"].iter().filter_map(|p| domain(user, p)).collect();
        let in_default = user.text("/realmId").is_none_or(|realm| default_realms.contains(realm));
        match domains.iter().find(|domain| partner_domains.contains(*domain)) {
            Some(domain) => {
                let got = format!("the default realm, with domain {domain}");
                judge.decide(user, "/realmId", "the partner's realm", got, !in_default);
            }
            None if domains.is_empty() => judge.odd(user, "/profile"),
            None => judge.fine(),
        }
    }
    Ok(judge.outcome())
}

fn domain(user: &Row, pointer: &str) -> Option<String> {
    Some(user.text(pointer)?.rsplit_once('@')?.1.to_lowercase())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "Default"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
              "users": [{"id": "u1", "realmId": "r1", "profile": {"login": "a@partner.example.com"}}, {"id": "u2", "realmId": "r0", "profile": {"login": "b@example.com"}}]}"#,
    fail: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "Default"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["Partner.example.com"]}}],
              "users": [{"id": "u1", "realmId": "r0", "profile": {"login": "a", "email": "a@partner.example.com"}}]}"#,
    odd: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "Default"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER"}}],
             "users": [{"id": "u1", "realmId": "r0", "profile": {"login": "a@partner.example.com"}}]}"#,
};
