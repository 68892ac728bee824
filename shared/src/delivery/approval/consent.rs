//! The text that an approver reads before saying yes, and its hash.
//!
//! One rule: everything the terms say is in the text, one fact a line, so the hash of the text binds the terms.
//! Free text in the terms is checked at the request ([`super::request`]) and cannot bring a line of its own.

use std::fmt::{self, Write as _};

use super::{Approval, Route, Terms, Until, limits};
use crate::{
    delivery::{Destination, destination::Bucket},
    tenant::Digest,
};

/// The text, in English, ending with a line break.
pub fn consent_text(approval: &Approval) -> String {
    let mut text = String::new();
    // Writing to a String does not fail; a text cut short would have another hash and approve nothing.
    let _ = write_text(approval, &mut text);
    text
}

/// The SHA-256 of [`consent_text`].
pub fn text_sha256(approval: &Approval) -> Digest {
    Digest::of(consent_text(approval).as_bytes())
}

fn write_text(approval: &Approval, out: &mut String) -> fmt::Result {
    write_terms(&approval.terms, out)?;
    writeln!(out, "From: {}", approval.not_before)?;
    match approval.until {
        Until::Revoked => writeln!(out, "Until: you revoke it")?,
        Until::At(end) => writeln!(out, "Until: {end}, or until you revoke it")?,
    }
    match limits::approvers_needed(&approval.terms) {
        1 => writeln!(out, "Needs: the approval of one person")?,
        n => writeln!(out, "Needs: the approval of {n} different people")?,
    }
    writeln!(out, "Workspace: {}", approval.tenant)?;
    writeln!(out, "Approval: {}", approval.id)
}

fn write_terms(terms: &Terms, out: &mut String) -> fmt::Result {
    match terms {
        Terms::WorkspaceCreation { subdomain, sponsor } => {
            writeln!(out, "You approve: the workspace {subdomain}")?;
            writeln!(out, "Sponsor: {sponsor}")
        }
        Terms::ApiAccess { org, okta_url, scopes } => {
            writeln!(out, "You approve: read-only access to the API of {okta_url}")?;
            writeln!(out, "Okta org: {org}")?;
            scopes.iter().try_for_each(|scope| writeln!(out, "Scope: {scope}"))
        }
        Terms::Scim { okta_url } => {
            writeln!(out, "You approve: provisioning of this workspace's users and groups from {okta_url}")
        }
        Terms::FirstScan { org, okta_url } => {
            writeln!(out, "You approve: the first scan of {okta_url}, and scheduled scans after it")?;
            writeln!(out, "Okta org: {org}")?;
            writeln!(
                out,
                "Operators may review the findings before they are published, but not raw evidence."
            )
        }
        Terms::EvidenceRoute { route } => {
            writeln!(out, "You approve: delivery of evidence")?;
            write_route(route, out)
        }
        Terms::PartnerAccess { partner, partner_name, route } => {
            writeln!(
                out,
                "You approve: access of the partner {partner_name} ({partner}) to published evidence"
            )?;
            write_route(route, out)
        }
    }
}

fn write_route(route: &Route, out: &mut String) -> fmt::Result {
    writeln!(out, "Okta org: {}", route.org)?;
    for class in route.classes.iter() {
        writeln!(out, "Data: {}: {}", class.key(), class.meaning())?;
    }
    match &route.destination {
        Destination::Workspace {} => writeln!(out, "To: the members of this workspace")?,
        Destination::CustomerBucket { bucket } => {
            writeln!(out, "To: a bucket of your own")?;
            write_bucket(bucket, out)?;
        }
        Destination::Person { email } => writeln!(out, "To: {}", email.expose())?,
        Destination::PartnerRead { partner } => {
            writeln!(out, "To: people of the partner {partner}, who read it here; no copy is sent")?;
        }
        Destination::PartnerPush { partner, bucket } => {
            writeln!(out, "To: a bucket of the partner {partner}")?;
            write_bucket(bucket, out)?;
            writeln!(
                out,
                "A copy that was delivered cannot be recalled, not even by revoking this approval."
            )?;
        }
    }
    writeln!(out, "Destination hash: {}", route.destination_hash)
}

fn write_bucket(bucket: &Bucket, out: &mut String) -> fmt::Result {
    writeln!(out, "Bucket: {} in {} of account {}", bucket.bucket, bucket.region, bucket.account)?;
    writeln!(out, "Folder: {}", bucket.prefix)?;
    writeln!(out, "Through the role: {}", bucket.role_arn)?;
    writeln!(out, "Encrypted with: {}", bucket.kms_key_arn)
}
