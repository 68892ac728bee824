//! The 21 permissions and the matrix that gives them to roles. One table, exhaustively tested.

use super::Role;

macro_rules! permissions {
    ($($variant:ident $key:literal [$($role:ident)*];)*) => {
        /// What a person may do in a workspace.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $(#[doc = concat!("`", $key, "`")] $variant,)*
        }

        impl Permission {
            /// All permissions, in the order of the published matrix.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The published key, such as `scans.run`.
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// The roles that hold this permission.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Self::$variant => &[$(Role::$role,)*],)* }
            }
        }
    };
}

permissions! {
    CustomersView "customers.view" [Admin OrgAdmin SecurityAdmin Developer Viewer];
    CustomersManage "customers.manage" [Admin OrgAdmin];
    CustomersImpersonate "customers.impersonate" [Admin];
    OrgsView "orgs.view" [Admin OrgAdmin SecurityAdmin Developer Viewer];
    OrgsManage "orgs.manage" [Admin OrgAdmin];
    ScansView "scans.view" [Admin OrgAdmin SecurityAdmin Developer Viewer];
    ScansRun "scans.run" [Admin OrgAdmin SecurityAdmin Developer];
    FindingsView "findings.view" [Admin OrgAdmin SecurityAdmin Developer Viewer];
    FindingsTriage "findings.triage" [Admin OrgAdmin SecurityAdmin];
    ReportsView "reports.view" [Admin OrgAdmin SecurityAdmin Developer Viewer];
    ReportsPublish "reports.publish" [Admin OrgAdmin];
    EvidenceView "evidence.view" [Admin OrgAdmin SecurityAdmin];
    EvidenceRoute "evidence.route" [Admin OrgAdmin SecurityAdmin];
    ApprovalsDecide "approvals.decide" [Admin OrgAdmin SecurityAdmin];
    SecurityManage "security.manage" [Admin OrgAdmin SecurityAdmin];
    UsersView "users.view" [Admin OrgAdmin SecurityAdmin Viewer];
    UsersManage "users.manage" [Admin OrgAdmin SecurityAdmin];
    RolesManage "roles.manage" [Admin SecurityAdmin];
    LogsView "logs.view" [Admin OrgAdmin SecurityAdmin Developer Viewer];
    LogsExport "logs.export" [Admin OrgAdmin SecurityAdmin];
    DebugView "debug.view" [Admin OrgAdmin SecurityAdmin Developer];
}

impl Role {
    /// Whether this role holds `permission`.
    pub fn allows(self, permission: Permission) -> bool {
        permission.roles().contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_has_the_published_counts() {
        let count = |role: Role| Permission::ALL.iter().filter(|&&p| role.allows(p)).count();
        assert_eq!(Role::ALL.map(count), [21, 19, 17, 8, 7, 0]);
    }

    #[test]
    fn keys_are_unique() {
        let keys: std::collections::BTreeSet<_> = Permission::ALL.iter().map(|p| p.key()).collect();
        assert_eq!(keys.len(), Permission::ALL.len());
    }
}
