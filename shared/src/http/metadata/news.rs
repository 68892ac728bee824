//! What the workspace's Admins hear of a refresh, whoever asked for it.
//!
//! One rule: everything is said once, by the refresh that found it. The one after finds nothing new.

use super::{Refreshed, Refresher};
use crate::{saml::metadata::Keys, store::TenantStore};

/// Tells the Admins what is news in `refreshed`; the page and the audit log say the same.
pub(super) async fn tell(refresher: &Refresher<'_>, store: &TenantStore, refreshed: &Refreshed) {
    let Some((subject, what)) = news(refreshed) else { return };
    let origin = refresher.base.origin(refresher.workspace.subdomain.as_str());
    let text = format!("{what}\n\nSee {origin}/security/sso\n");
    store.tell_admins(refresher.mailer, subject, &text).await;
}

fn news(refreshed: &Refreshed) -> Option<(&'static str, String)> {
    match refreshed {
        Refreshed::Applied(keys) if !keys.are_the_same() => {
            Some(("The identity provider's keys were updated", rollover(keys)))
        }
        Refreshed::Staged { new: true, reasons } => Some((
            "The identity provider's metadata waits for you",
            format!(
                "Its metadata breaks with what is in force: {}.\nNothing was changed. If your company expects this, an \
                 Admin confirms it; until then the present keys decide who signs in.",
                reasons.join("; ")
            ),
        )),
        Refreshed::Failed { new: true, code } => Some((
            "The identity provider's metadata cannot be read",
            format!(
                "The last try ended with {code}. What is in force stays in force; it is tried again every hour."
            ),
        )),
        _ => None,
    }
}

fn rollover(keys: &Keys) -> String {
    let list = |title: &str, fingerprints: &[String]| match fingerprints {
        [] => String::new(),
        all => all.iter().fold(format!("{title}\n"), |text, one| format!("{text}  SHA-256 {one}\n")),
    };
    format!(
        "Its metadata names other signing keys now, and at least one of those before. Who holds one of its keys can \
         sign in as anybody.\n\n{}{}\nIf your company expects this, compare the fingerprints with the certificates at \
         the identity provider (in Okta: the app, Sign On, SAML Signing Certificates).\nIf nobody expected it, \
         somebody else may write the metadata: switch single sign-on off at once, which ends every session that it \
         opened, sign in as a break-glass Admin, find out who can change the metadata's address, and save metadata \
         that you got another way.",
        list("Added:", &keys.added),
        list("Removed:", &keys.removed),
    )
}
