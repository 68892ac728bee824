//! The rule library: one file per rule, one line per rule here.
//!
//! To add a rule: write `rules/<id>.rs` with `RULE` and its three `FIXTURES`, and add the line below. The catalogue,
//! the report and the tests over all rules follow from it.

use super::rule::Rule;

/// The version of the library, kept in manifests and reports. It grows with every change of a judgement.
pub const VERSION: &str = "2026.11.2";

macro_rules! rules {
    ($($file:ident)*) => {
        $(mod $file;)*

        /// Every rule, in the order of the catalogue.
        pub static ALL: &[&Rule] = &[$(&$file::RULE,)*];

        #[cfg(test)]
        const TESTED: &[(&str, &Rule, &Fixtures)] = &[$((stringify!($file), &$file::RULE, &$file::FIXTURES),)*];
    };
}

rules! {
    adm_01 adm_11 adm_12 adm_13
    aut_05 aut_10 aut_11 aut_12
    fac_01 fac_02
    pwd_05 pwd_06 pwd_07 pwd_10
    usr_02 usr_03 usr_09
    app_01 app_02 app_03
    net_01 net_02 net_05 idp_01
    tok_01 tok_02 tok_03 hok_01
    rlm_04 rlm_05
    log_01
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

/// What a rule file needs.
mod prelude {
    pub use jiff::{SignedDuration, Timestamp};

    #[cfg(test)]
    pub(super) use super::Fixtures;
    pub use crate::assessment::{
        facts,
        framework::{cis, glba, hipaa, iso, nist, pci, soc2, sox, stig},
        judge::Judge,
        rule::{
            Area,
            Confidence::{Confirmed, Estimated},
            Outcome, Param, Params, Rule, Severity, Subject,
        },
        snapshot::{Row, Snapshot, Unreadable},
    };

    /// What a check gives back.
    pub type Checked = Result<Outcome, Unreadable>;
}

/// Three small snapshots per rule. `odd` has what the rule needs, with a value missing or unknown.
#[cfg(test)]
struct Fixtures {
    pass: &'static str,
    fail: &'static str,
    odd: &'static str,
}

#[cfg(test)]
mod tests;
