//! The Assertion: for us, now, about somebody who authenticated (SAML core 2.3 to 2.7).

use jiff::Timestamp;

use crate::saml::{
    Expectations, Identity, Mismatch, Rejection, check::Checks, names::ASSERTION, node::Node,
    structure::is_ncname,
};

use super::{name_id, response::issuer, subject, time};

/// Judges a verified Assertion and takes the identity from it.
pub(in crate::saml) fn judge(
    response: Node<'_>,
    assertion: Node<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Identity, Rejection> {
    checks.equal("assertion.version", Rejection::Version, "2.0", assertion.attribute("Version"))?;
    let id = assertion.attribute("ID").unwrap_or_default();
    checks.require(
        "assertion.id",
        Rejection::AssertionId,
        "an id of at most 256 bytes",
        id,
        is_ncname(id),
    )?;
    issuer("assertion.issuer", assertion, expect, checks)?;
    time::issued("assertion.issue_instant", assertion, expect, checks)?;

    let subject = assertion.only(ASSERTION, "Subject");
    let no_subject = || Rejection::NameId(Mismatch::new("one Subject", "none or several"));
    let subject = checks.record("subject", "one Subject", subject.ok_or_else(no_subject))?;
    let (name_id, name_id_format) = name_id::read(subject, checks)?;
    let confirmation = subject::confirm(response, subject, expect, checks)?;
    let conditions_end = conditions(assertion, expect, checks)?;
    let authn = authn_statement(assertion, expect, checks)?;
    Ok(Identity {
        name_id,
        name_id_format,
        assertion_id: id.to_owned(),
        issuer: expect.idp.entity_id.clone(),
        in_response_to: confirmation.in_response_to,
        session_index: authn.session_index,
        authn_instant: authn.instant,
        session_not_on_or_after: authn.session_end,
        not_on_or_after: conditions_end.min(confirmation.not_on_or_after),
        authn_context: authn.context,
        attributes: attributes(assertion),
    })
}

/// All conditions (SAML core 2.5.1); gives their end.
fn conditions(
    assertion: Node<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Timestamp, Rejection> {
    let missing = Rejection::ConditionsMissing;
    let found = assertion.only(ASSERTION, "Conditions");
    let none = || missing(Mismatch::new("one Conditions", "none or several"));
    let conditions = checks.record("conditions", "one Conditions", found.ok_or_else(none))?;
    if let Some(begin) = time::optional(conditions, "NotBefore", checks)? {
        time::begun("conditions.not_before", begin, expect, checks)?;
    }
    let end = time::required(conditions, "NotOnOrAfter", missing, checks)?;
    time::not_ended("conditions.not_on_or_after", Rejection::Expired, end, expect, checks)?;

    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    let unknown = conditions.elements().find(|c| !known.iter().any(|name| c.is(ASSERTION, name)));
    let got = unknown.map_or("none other", Node::local_name);
    checks.require(
        "conditions.known",
        Rejection::UnknownCondition,
        known.join(", "),
        got,
        unknown.is_none(),
    )?;

    let mut restrictions = conditions.named(ASSERTION, "AudienceRestriction").peekable();
    let got = if restrictions.peek().is_some() { "one or more" } else { "none" };
    checks.require("conditions.audience_restriction", missing, "one or more", got, got != "none")?;
    // Restrictions are ANDed, the audiences of one are ORed (SAML core 2.5.1.4).
    restrictions.try_for_each(|restriction| audience(restriction, expect, checks))?;
    Ok(end)
}

fn audience(restriction: Node<'_>, expect: &Expectations<'_>, checks: &mut Checks) -> Result<(), Rejection> {
    let audiences: Vec<_> = restriction.named(ASSERTION, "Audience").filter_map(Node::text).collect();
    let passed = audiences.iter().any(|audience| audience == expect.sp_entity_id);
    let got = if audiences.is_empty() { "none".to_owned() } else { audiences.join(", ") };
    checks.require("conditions.audience", Rejection::Audience, expect.sp_entity_id.to_owned(), got, passed)
}

struct Authn {
    instant: Timestamp,
    session_end: Option<Timestamp>,
    session_index: Option<String>,
    context: Option<String>,
}

/// The one AuthnStatement (SAML core 2.7.2).
fn authn_statement(
    assertion: Node<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Authn, Rejection> {
    let found = assertion.only(ASSERTION, "AuthnStatement");
    let none = || Rejection::AuthnStatement(Mismatch::new("one AuthnStatement", "none or several"));
    let statement = checks.record("authn_statement", "one AuthnStatement", found.ok_or_else(none))?;
    let instant = time::required(statement, "AuthnInstant", Rejection::AuthnStatement, checks)?;
    time::begun("authn_statement.instant", instant, expect, checks)?;
    let session_end = time::optional(statement, "SessionNotOnOrAfter", checks)?;
    if let Some(end) = session_end {
        time::not_ended("authn_statement.session", Rejection::SessionExpired, end, expect, checks)?;
    }
    let context = statement.only(ASSERTION, "AuthnContext");
    let class = context.and_then(|c| c.only(ASSERTION, "AuthnContextClassRef")).and_then(Node::text);
    Ok(Authn {
        instant,
        session_end,
        session_index: statement.attribute("SessionIndex").map(str::to_owned),
        context: class.map(|class| class.trim().to_owned()),
    })
}

/// Attributes with their plain-text values; structured values are left out.
fn attributes(assertion: Node<'_>) -> Vec<(String, Vec<String>)> {
    let statements = assertion.named(ASSERTION, "AttributeStatement");
    let attributes = statements.flat_map(|statement| statement.named(ASSERTION, "Attribute"));
    attributes
        .filter_map(|attribute| {
            let values = attribute.named(ASSERTION, "AttributeValue").filter_map(Node::text);
            Some((attribute.attribute("Name")?.to_owned(), values.map(Into::into).collect()))
        })
        .collect()
}
