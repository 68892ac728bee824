//! Views over a snapshot that several rules share.

use std::collections::BTreeSet;

use serde_json::Value;
use url::{Host, Url};

use super::{
    judge::Judge,
    rule::Outcome,
    snapshot::{Row, Snapshot, Unreadable},
    status::Cause,
};

/// The ids of the users who hold one of `roles`, directly or through a group. A role whose kind cannot be read counts
/// as one of them: nobody is taken for harmless by an answer we do not understand. A rule that asks needs
/// `iam-assignees`, `user-roles`, `group-roles` and `group-role-members`.
pub fn holders(snapshot: &Snapshot, roles: &[&str]) -> Result<BTreeSet<String>, Unreadable> {
    let wanted = |role: &&Row| !role.is_off() && role.text("/type").is_none_or(|kind| roles.contains(&kind));
    let parents = |rows: &[Row]| -> BTreeSet<String> {
        rows.iter().filter(wanted).filter_map(|role| role.parent.clone()).collect()
    };
    let mut holders = parents(snapshot.resource("user-roles")?);
    let groups = parents(snapshot.resource("group-roles")?);
    for member in snapshot.resource("group-role-members")? {
        let here = member.parent.as_ref().is_some_and(|group| groups.contains(group));
        if here && member.text("/status") != Some("DEPROVISIONED") {
            holders.insert(member.id().to_owned());
        }
    }
    Ok(holders)
}

/// The rows by which [`holders`] may miss somebody: a role that says not whose it is, a member of whom nobody knows
/// who it is. A rule that asks for the holders notes each as odd.
pub fn nameless(snapshot: &Snapshot) -> Result<Vec<&Row>, Unreadable> {
    let roles = snapshot.resource("user-roles")?.iter().chain(snapshot.resource("group-roles")?);
    let roles = roles.filter(|role| role.parent.is_none());
    let members = snapshot.resource("group-role-members")?.iter();
    let members = members.filter(|member| member.parent.is_none() || member.text("/id").is_none());
    Ok(roles.chain(members).collect())
}

/// The rules of global session policies that can let somebody in: all but those switched off or denying.
pub fn allowing_sign_on_rules(snapshot: &Snapshot) -> Result<Vec<&Row>, Unreadable> {
    let off: BTreeSet<&str> =
        snapshot.resource("sign-on-policies")?.iter().filter(|p| p.is_off()).map(Row::id).collect();
    let allows = |rule: &&Row| {
        let policy_off = rule.parent.as_deref().is_some_and(|policy| off.contains(policy));
        !policy_off && !rule.is_off() && rule.text("/actions/signon/access") != Some("DENY")
    };
    Ok(snapshot.resource("sign-on-rules")?.iter().filter(allows).collect())
}

/// The rows of `key` that are not switched off.
pub fn live<'s>(snapshot: &'s Snapshot, key: &str) -> Result<Vec<&'s Row>, Unreadable> {
    Ok(snapshot.resource(key)?.iter().filter(|row| !row.is_off()).collect())
}

/// Okta's documented words for the sign-on of an application other than OpenID Connect.
const OTHER_SIGN_ON: [&str; 8] = [
    "AUTO_LOGIN",
    "BASIC_AUTH",
    "BOOKMARK",
    "BROWSER_PLUGIN",
    "SAML_1_1",
    "SAML_2_0",
    "SECURE_PASSWORD_STORE",
    "WS_FEDERATION",
];

/// The live OpenID Connect applications that are not Okta's own. One that may be among them is odd: its sign-on mode
/// cannot be read, or it has settings of a client under a word that is not documented. (Okta has more words than it
/// documents, for RADIUS and others.)
pub fn open_id_apps<'s>(snapshot: &'s Snapshot, judge: &mut Judge) -> Result<Vec<&'s Row>, Unreadable> {
    let mut apps = Vec::new();
    for app in live(snapshot, "apps")? {
        let is_client = app.at("/settings/oauthClient").is_some();
        match (app.at("/signOnMode"), app.text("/signOnMode")) {
            (_, Some("OPENID_CONNECT")) if !is_oktas_own(app) => apps.push(app),
            (_, Some(mode)) if !is_client || OTHER_SIGN_ON.contains(&mode) => {}
            // Directories and other apps without sign-on answer null.
            (Some(Value::Null), _) => {}
            _ => judge.odd(app, "/signOnMode"),
        }
    }
    Ok(apps)
}

/// Whether a list of texts that may be left out holds any; `None` if it cannot be read, for then it may.
pub fn names_any(row: &Row, pointer: &str) -> Option<bool> {
    let list = match row.at(pointer) {
        None | Some(Value::Null) => return Some(false),
        Some(list) => list.as_array()?,
    };
    list.iter().all(Value::is_string).then_some(!list.is_empty())
}

/// Okta's names for its own applications of OpenID Connect, as recorded: none of them has settings of a client.
const OKTAS_OWN: [&str; 12] = [
    "flow",
    "ldap_interface",
    "okta_access_requests_resource_catalog",
    "okta_account_settings",
    "okta_atspoke_sso",
    "okta_browser_plugin",
    "okta_enduser",
    "okta_flow_sso",
    "okta_iga_reviewer",
    "okta_iga_security_access_reviews",
    "partner_portal",
    "saasure",
];

/// Whether an application is one of Okta's own, whose client its customers cannot configure. One that has settings of a
/// client is not, whatever its name.
pub fn is_oktas_own(app: &Row) -> bool {
    app.at("/settings/oauthClient").is_none()
        && app.text("/name").is_some_and(|name| OKTAS_OWN.contains(&name))
}

/// `outcome` of a rule over all applications, unless it is a pass over a list that is not whole. Below Super Admin,
/// Okta leaves its own applications out of the list, and perhaps others: a missing row must never read as a pass.
pub fn all_apps(snapshot: &Snapshot, outcome: Outcome) -> Result<Outcome, Unreadable> {
    let apps = snapshot.resource("apps")?;
    let has = |name| apps.iter().any(|app| app.text("/name") == Some(name));
    if outcome != Outcome::Pass || (has("saasure") && has("okta_enduser")) {
        return Ok(outcome);
    }
    let detail = "the app's admin role hides applications; those it shows are fine".to_owned();
    Ok(Outcome::Unverifiable { cause: Cause::Role, detail })
}

/// Whether a URL leads to the machine it is opened on.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_through_a_group_counts_and_an_unknown_one_is_not_harmless() {
        let snapshot = Snapshot::fixture(
            r#"{"user-roles": [{"@parent": "u1", "type": "SUPER_ADMIN"}, {"@parent": "u2", "type": "READ_ONLY_ADMIN"},
                               {"@parent": "u3"}, {"@parent": "u4", "type": "SUPER_ADMIN", "status": "INACTIVE"}],
                "group-roles": [{"@parent": "g1", "type": "SUPER_ADMIN"}, {"@parent": "g2", "type": "APP_ADMIN"}],
                "group-role-members": [{"@parent": "g1", "id": "u5"}, {"@parent": "g2", "id": "u6"},
                                       {"@parent": "g1", "id": "u7", "status": "DEPROVISIONED"}]}"#,
        );
        let holders = holders(&snapshot, &["SUPER_ADMIN"]).unwrap();
        assert_eq!(holders.iter().map(String::as_str).collect::<Vec<_>>(), ["u1", "u3", "u5"]);
    }
}
