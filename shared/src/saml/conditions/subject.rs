//! The bearer confirmation: who may present the Assertion, where, until when, in answer to what
//! (SAML profiles 4.1.4.2).

use jiff::Timestamp;

use crate::saml::{
    Expectations, Mismatch, Rejection,
    check::Checks,
    names::{ASSERTION, BEARER},
    node::Node,
};

use super::time;

/// What the confirmation gives to the identity.
pub(super) struct Confirmation {
    /// The request that is answered.
    pub in_response_to: Option<String>,
    /// The bearer's end.
    pub not_on_or_after: Timestamp,
}

/// Judges the one confirmation of a Subject.
pub(super) fn confirm(
    response: Node<'_>,
    subject: Node<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Confirmation, Rejection> {
    let rejection = Rejection::SubjectConfirmation;
    let confirmation = subject.only(ASSERTION, "SubjectConfirmation");
    let method = confirmation.and_then(|c| c.attribute("Method"));
    checks.equal("subject.confirmation", rejection, BEARER, method)?;
    let data = confirmation.and_then(|c| c.only(ASSERTION, "SubjectConfirmationData"));
    let want = "one SubjectConfirmationData";
    let missing = || rejection(Mismatch::new(want, "none or several"));
    let data = checks.record("subject.confirmation_data", want, data.ok_or_else(missing))?;

    checks.equal("subject.recipient", Rejection::Recipient, expect.acs_url, data.attribute("Recipient"))?;
    if let Some(begin) = time::optional(data, "NotBefore", checks)? {
        time::begun("subject.not_before", begin, expect, checks)?;
    }
    let end = time::required(data, "NotOnOrAfter", rejection, checks)?;
    time::not_ended("subject.not_on_or_after", Rejection::Expired, end, expect, checks)?;
    let in_response_to = answered(response, data, expect, checks)?;
    Ok(Confirmation { in_response_to, not_on_or_after: end })
}

/// The Response and the (always signed) confirmation must name the same request, one that this browser
/// started; or neither names one, and the workspace allows that.
fn answered(
    response: Node<'_>,
    data: Node<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<Option<String>, Rejection> {
    let of_response = response.attribute("InResponseTo");
    let confirmed = data.attribute("InResponseTo");
    let want = confirmed.unwrap_or("no request, as the Assertion says").to_owned();
    let got = of_response.unwrap_or("no request");
    let agree = of_response == confirmed;
    checks.require("response.in_response_to", Rejection::InResponseTo, want, got, agree)?;
    if let Some(id) = confirmed {
        let want = "a request that this browser started";
        let known = expect.request_ids.contains(&id);
        checks.require("subject.in_response_to", Rejection::InResponseTo, want, id, known)?;
    } else {
        let allowed = expect.allow_idp_initiated;
        let want =
            if allowed { "an answer, or a sign-in started by the IdP" } else { "an answer to a request" };
        let got = "a sign-in started by the IdP";
        checks.require("subject.in_response_to", Rejection::IdpInitiated, want, got, allowed)?;
    }
    Ok(confirmed.map(str::to_owned))
}
