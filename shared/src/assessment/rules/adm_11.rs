//! Third-party admins get no admin notifications, so what they do is seen later.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "ADM-11",
    title: "Third-party admins are not enabled",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Admins,
    subject: Subject::Org,
    needs: &["org-third-party-admin"],
    controls: &[
        soc2("CC9.2"),
        glba("314.4(f)"),
        iso("A.5.19"),
        pci("12.8"),
        nist("SA-9"),
        cis("15"),
        sox("TP"),
    ],
    params: &[],
    why: "The setting lets people outside the company administer the org without Okta's admin e-mails.",
    fix: "Turn the setting off, or record which firm needs it, why and until when.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=csh_admin-third"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    judge.flag(snapshot.single("org-third-party-admin")?, "/thirdPartyAdmin", false);
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"org-third-party-admin": [{"thirdPartyAdmin": false}]}"#,
    fail: r#"{"org-third-party-admin": [{"thirdPartyAdmin": true}]}"#,
    odd: r#"{"org-third-party-admin": [{"thirdPartyAdmin": "off"}]}"#,
};
