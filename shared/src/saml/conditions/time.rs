//! Every comparison with the clock, with the same tolerance in the same direction.

use jiff::{SignedDuration, Timestamp};

use crate::saml::{Expectations, Mismatch, Rejection, check::Checks, instant, node::Node};

/// How old a message may be. It also bounds how long a generous `NotOnOrAfter` can be used.
const MAX_AGE: SignedDuration = SignedDuration::from_mins(10);

/// The instant in an attribute that must be there.
pub(super) fn required(
    node: Node<'_>,
    attribute: &'static str,
    missing: fn(Mismatch) -> Rejection,
    checks: &mut Checks,
) -> Result<Timestamp, Rejection> {
    let Some(text) = node.attribute(attribute) else {
        let got = format!("none on {}", node.local_name());
        return checks.record(attribute, "an instant", Err(missing(Mismatch::new(attribute, got))));
    };
    instant::parse(text).or_else(|refused| checks.record(attribute, "an instant", Err(refused)))
}

/// The instant in an attribute that may be missing.
pub(super) fn optional(
    node: Node<'_>,
    attribute: &'static str,
    checks: &mut Checks,
) -> Result<Option<Timestamp>, Rejection> {
    let Some(text) = node.attribute(attribute) else { return Ok(None) };
    instant::parse(text).map(Some).or_else(|refused| checks.record(attribute, "an instant", Err(refused)))
}

/// `IssueInstant`: recent, and not in the future.
pub(super) fn issued(
    name: &'static str,
    node: Node<'_>,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<(), Rejection> {
    let issued = required(node, "IssueInstant", Rejection::IssueInstant, checks)?;
    let age = expect.now.duration_since(issued);
    let oldest = MAX_AGE + expect.clock_skew;
    let want =
        format!("{} s before {} to {} s after", oldest.as_secs(), expect.now, expect.clock_skew.as_secs());
    let passed = age <= oldest && age >= -expect.clock_skew;
    checks.require(name, Rejection::IssueInstant, want, issued.to_string(), passed)
}

/// Now is at or after `begin`, less the skew.
pub(super) fn begun(
    name: &'static str,
    begin: Timestamp,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<(), Rejection> {
    let want = format!("at most {}", expect.now);
    let passed = begin.duration_since(expect.now) <= expect.clock_skew;
    checks.require(name, Rejection::NotYetValid, want, begin.to_string(), passed)
}

/// Now is before `end`, plus the skew.
pub(super) fn not_ended(
    name: &'static str,
    rejection: fn(Mismatch) -> Rejection,
    end: Timestamp,
    expect: &Expectations<'_>,
    checks: &mut Checks,
) -> Result<(), Rejection> {
    let want = format!("after {}", expect.now);
    let passed = expect.now.duration_since(end) < expect.clock_skew;
    checks.require(name, rejection, want, end.to_string(), passed)
}
