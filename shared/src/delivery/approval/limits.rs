//! How many people an approval needs and how long it may last.

use jiff::{SignedDuration, Timestamp};

use super::{Route, Terms, Until};
use crate::delivery::{DataClass, Destination};

/// How far the clocks of two machines may differ.
pub const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// How long one authorised delivery may take.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// How long a reading of an org may go on without finding its approvals in force again: calls are begun for 15 s, and
/// the last of them takes 40 s at most: two tries, each with a new token that takes up to three exchanges, of 5 s each.
pub const READING: SignedDuration = SignedDuration::from_secs(60);
/// A request that nobody decided lapses.
pub const REQUEST_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Evidence and reports to the customer's bucket or a recipient, and reading by a partner.
pub const ROUTE_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 365);
/// What needs two people: raw identity data outside the workspace, and copies at a partner.
pub const TWO_PERSON_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 90);

/// How many different people must approve.
pub fn approvers_needed(terms: &Terms) -> usize {
    match terms.route() {
        Some(route) if needs_two(route) => 2,
        Some(_) | None => 1,
    }
}

/// Raw identity data outside the workspace, or a copy that cannot be recalled.
fn needs_two(route: &Route) -> bool {
    match route.destination {
        Destination::PartnerPush { .. } => true,
        Destination::CustomerBucket { .. } | Destination::Person { .. } | Destination::PartnerRead { .. } => {
            route.classes.contains(DataClass::RawIdentity)
        }
        Destination::Workspace {} => false,
    }
}

/// The longest life of these terms, counted from the request; `None` is "until revoked".
pub fn max_lifetime(terms: &Terms) -> Option<SignedDuration> {
    terms.route().map(|route| if needs_two(route) { TWO_PERSON_LIFETIME } else { ROUTE_LIFETIME })
}

/// Why the end of an approval is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("want an end date within {} days, got none", .max.as_hours() / 24)]
    OpenEnded { max: SignedDuration },
    #[error("want an end within {} days of the request, got {got}", .max.as_hours() / 24)]
    TooLong { max: SignedDuration, got: Timestamp },
}

/// Whether `until` is within what `terms`, requested at `requested_at`, may have.
pub fn check(terms: &Terms, requested_at: Timestamp, until: Until) -> Result<(), LimitError> {
    let Some(max) = max_lifetime(terms) else { return Ok(()) };
    match until {
        Until::Revoked => Err(LimitError::OpenEnded { max }),
        Until::At(got) if got.duration_since(requested_at) > max => Err(LimitError::TooLong { max, got }),
        Until::At(_) => Ok(()),
    }
}
