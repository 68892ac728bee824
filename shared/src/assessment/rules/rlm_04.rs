//! A partner's person among the workforce is treated as workforce.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

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
    let mut judge = Judge::default();
    let realms = snapshot.resource("realms")?;
    let Some(first) = realms.first() else { return Ok(judge.outcome()) };
    if realms.iter().all(|realm| kind(realm) == Some("DEFAULT") && realm.text("/profile/name").is_some()) {
        return Ok(Outcome::not_applicable("the org has no partner realms"));
    }
    let default_or_not = default_or_not(realms, &mut judge);
    if default_or_not.values().filter(|is_default| **is_default).count() != 1 {
        judge.odd(first, "/isDefault");
    }
    let partner_domains = partner_domains(realms, &mut judge);
    for user in snapshot.resource("users")? {
        let domains = domains(user, &mut judge);
        let Some(domain) = domains.iter().find(|domain| partner_domains.contains(*domain)) else {
            judge.fine();
            continue;
        };
        let in_default = match user.at("/realmId") {
            // Everybody is there until moved.
            None | Some(Value::Null) => Some(true),
            Some(realm) => realm.as_str().and_then(|realm| default_or_not.get(realm).copied()),
        };
        match in_default {
            Some(in_default) => {
                let got = format!("the default realm, with domain {domain}");
                judge.decide(user, "/realmId", "the partner's realm", got, !in_default);
            }
            None => judge.odd(user, "/realmId"),
        }
    }
    Ok(judge.outcome())
}

/// Of which type a realm is; `None` if that cannot be read.
fn kind(realm: &Row) -> Option<&str> {
    match realm.at("/profile/realmType") {
        // Realms made before partner realms existed have no type.
        None | Some(Value::Null) => Some("DEFAULT"),
        Some(kind) => kind.as_str(),
    }
}

/// Of each realm, by its id, whether it is the default one.
fn default_or_not<'r>(realms: &'r [Row], judge: &mut Judge) -> BTreeMap<&'r str, bool> {
    let mut found = BTreeMap::new();
    for realm in realms {
        match (realm.text("/id"), realm.flag("/isDefault")) {
            (Some(id), Some(is_default)) => {
                found.insert(id, is_default);
            }
            (None, _) => judge.odd(realm, "/id"),
            (_, None) => judge.odd(realm, "/isDefault"),
        }
    }
    found
}

/// The domains of all partners, in lower case.
fn partner_domains(realms: &[Row], judge: &mut Judge) -> BTreeSet<String> {
    let pointer = "/profile/domains";
    let mut found = BTreeSet::new();
    for realm in realms {
        match kind(realm) {
            Some("PARTNER") => {
                let domains = judge.texts(realm, pointer);
                if domains.is_empty() {
                    // Nobody can tell who belongs to it.
                    judge.odd(realm, pointer);
                }
                found.extend(domains.into_iter().map(str::to_lowercase));
            }
            Some("DEFAULT") => {}
            _ => judge.odd(realm, "/profile/realmType"),
        }
    }
    found
}

/// The domains of a user's login and e-mail, in lower case. Everybody has a login, and one of the two has a domain.
fn domains(user: &Row, judge: &mut Judge) -> Vec<String> {
    if user.text("/profile/login").is_none() {
        judge.odd(user, "/profile/login");
    }
    match user.at("/profile/email") {
        None | Some(Value::Null | Value::String(_)) => {}
        Some(_) => judge.odd(user, "/profile/email"),
    }
    let domain = |pointer: &&str| Some(user.text(pointer)?.rsplit_once('@')?.1.to_lowercase());
    let found: Vec<_> = ["/profile/login", "/profile/email"].iter().filter_map(domain).collect();
    if found.is_empty() {
        judge.odd(user, "/profile");
    }
    found
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
