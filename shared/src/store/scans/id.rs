//! The id is the address: a scan's id holds its org, and sorts by time.

use jiff::Timestamp;

use crate::{
    ops::{Random, random},
    tenant::OrgId,
};

/// The id of a scan of `org` begun at `at`: `<org>_<time><four random characters>`.
pub(super) fn new(org: &OrgId, at: Timestamp, random: &dyn Random) -> String {
    let tail = random::id(random, "").chars().take(4).collect::<String>();
    format!("{org}_{}{tail}", at.strftime("%Y%m%dT%H%M%S%3f"))
}

/// The org that a scan's id names.
pub(super) fn org_of(id: &str) -> Option<OrgId> {
    let (org, _) = id.rsplit_once('_')?;
    Some(OrgId::new(org))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::SystemRandom;

    #[test]
    fn ids_hold_their_org_and_sort_by_time() {
        let org = OrgId::new("o_1");
        let at = |ms| new(&org, Timestamp::from_millisecond(ms).unwrap(), &SystemRandom::default());
        let (early, late) = (at(1_800_000_000_009), at(1_800_000_000_010));
        assert!(early < late);
        assert_eq!(org_of(&early), Some(org));
        assert_eq!(early.len(), "o_1_20270115T080000009".len() + 4);
        assert_eq!(org_of("nothing"), None);
    }
}
