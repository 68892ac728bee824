//! The Response's own fields. Signed or not, each that is there must agree; signed ones must be there.

use crate::saml::{
    Expectations, Rejection,
    check::Checks,
    names::{ASSERTION, ENTITY_FORMAT, SUCCESS},
    node::Node,
    signature::Covers,
    structure::{is_ncname, status_code},
};

use super::time;

/// Judges version, id, status, issuer, destination and age of a Response.
pub(in crate::saml) fn judge(
    response: Node<'_>,
    covers: Covers,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<(), Rejection> {
    checks.equal("response.version", Rejection::Version, "2.0", response.attribute("Version"))?;
    let id = response.attribute("ID").unwrap_or_default();
    let want = "an id of at most 256 bytes";
    checks.require("response.id", Rejection::ResponseId, want, id, is_ncname(id))?;
    checks.equal("response.status", Rejection::Status, SUCCESS, status_code(response))?;
    if response.named(ASSERTION, "Issuer").next().is_some() || covers == Covers::Response {
        issuer("response.issuer", response, expect, checks)?;
    }
    let destination = response.attribute("Destination");
    // Required on a signed message (SAML bindings 3.5.5.2); an unsigned one may leave it out.
    if destination.is_some() || covers == Covers::Response {
        checks.equal("response.destination", Rejection::Destination, expect.acs_url, destination)?;
    }
    time::issued("response.issue_instant", response, expect, checks)
}

/// Exactly one Issuer, exactly the pinned IdP (SAML core 2.2.5).
pub(super) fn issuer(
    name: &'static str,
    of: Node<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<(), Rejection> {
    let issuer = of.only(ASSERTION, "Issuer");
    let text = issuer.and_then(Node::text);
    checks.equal(name, Rejection::Issuer, &expect.idp.entity_id, text.as_deref())?;
    let format = issuer.and_then(|issuer| issuer.attribute("Format")).unwrap_or(ENTITY_FORMAT);
    checks.equal(name, Rejection::Issuer, ENTITY_FORMAT, Some(format))
}
