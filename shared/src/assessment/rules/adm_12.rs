//! With this setting on, making an API client makes a super admin.

use super::prelude::*;

pub const RULE: Rule = Rule {
    id: "ADM-12",
    title: "New client apps do not become super admins by themselves",
    severity: Severity::High,
    confidence: Confirmed,
    area: Area::Admins,
    subject: Subject::Org,
    needs: &["org-client-privileges"],
    controls: &[nist("AC-6"), soc2("CC6.3"), sox("PA"), iso("A.8.2")],
    params: &[],
    why: "Whoever can create an app can then act as super admin through it, unseen among many apps.",
    fix: "Turn \"Public client app admins\" off and give each app the role it needs.",
    references: &["https://help.okta.com/okta_help.htm?type=oie&id=ext_superadmin"],
    check,
};

fn check(snapshot: &Snapshot, _params: &Params, _now: Timestamp) -> Checked {
    let mut judge = Judge::default();
    judge.flag(snapshot.single("org-client-privileges")?, "/clientPrivilegesSetting", false);
    Ok(judge.outcome())
}

#[cfg(test)]
pub(super) const FIXTURES: Fixtures = Fixtures {
    pass: r#"{"org-client-privileges": [{"clientPrivilegesSetting": false}]}"#,
    fail: r#"{"org-client-privileges": [{"clientPrivilegesSetting": true}]}"#,
    odd: r#"{"org-client-privileges": [{"clientPrivileges": false}]}"#,
};
