//! Every management endpoint the twin has: what it needs, what it costs, how it pages.
//!
//! The one rule: a path that is not in this table does not exist.
//! Source: the `GET` operations of Okta's Management API (path, scope), page limits of its parameters.

/// How an endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One object.
    One,
    /// An array; pages in `Link` headers.
    Array { default: usize, max: usize },
    /// An object that holds the array under this name; pages in `_links.next`.
    Wrapped { key: &'static str, default: usize, max: usize },
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endpoint {
    /// Path with `{}` for each parameter.
    pub(crate) template: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) bucket: &'static str,
    pub(crate) shape: Shape,
    /// Read-Only Admin and custom roles get 403.
    pub(crate) super_only: bool,
}

const fn one(template: &'static str, scope: &'static str, bucket: &'static str) -> Endpoint {
    Endpoint { template, scope, bucket, shape: Shape::One, super_only: false }
}

const fn list(
    template: &'static str,
    scope: &'static str,
    bucket: &'static str,
    default: usize,
    max: usize,
) -> Endpoint {
    Endpoint { template, scope, bucket, shape: Shape::Array { default, max }, super_only: false }
}

const fn wrapped(template: &'static str, key: &'static str, scope: &'static str) -> Endpoint {
    let shape = Shape::Wrapped { key, default: 100, max: 100 };
    Endpoint { template, scope, bucket: "/api/v1/iam", shape, super_only: false }
}

const fn super_only(endpoint: Endpoint) -> Endpoint {
    Endpoint { super_only: true, ..endpoint }
}

/// Lists without a documented limit come whole.
const ALL: usize = 100_000;

const USERS: &str = "/api/v1/users/*";
const GROUPS: &str = "/api/v1/groups";
const APPS: &str = "/api/v1/apps";
const POLICIES: &str = "/api/v1/policies";
const SERVERS: &str = "/api/v1/authorizationServers";
const ORG: &str = "/api/v1/org";

#[rustfmt::skip]
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    list("/api/v1/users", "okta.users.read", "/api/v1/users", 200, 200),
    one("/api/v1/users/{}", "okta.users.read", "/api/v1/users/{id}"),
    list("/api/v1/users/{}/factors", "okta.users.read", USERS, ALL, ALL),
    list("/api/v1/users/{}/roles", "okta.roles.read", USERS, ALL, ALL),
    list("/api/v1/users/{}/groups", "okta.users.read", USERS, 200, 200),

    list("/api/v1/groups", "okta.groups.read", GROUPS, 1_000, 10_000),
    list("/api/v1/groups/rules", "okta.groups.read", GROUPS, 50, 200),
    one("/api/v1/groups/rules/{}", "okta.groups.read", GROUPS),
    one("/api/v1/groups/{}", "okta.groups.read", "/api/v1/groups/{id}"),
    list("/api/v1/groups/{}/users", "okta.groups.read", GROUPS, 1_000, 1_000),
    list("/api/v1/groups/{}/apps", "okta.groups.read", GROUPS, 20, 200),
    list("/api/v1/groups/{}/roles", "okta.roles.read", GROUPS, ALL, ALL),

    list("/api/v1/apps", "okta.apps.read", APPS, 20, 200),
    one("/api/v1/apps/{}", "okta.apps.read", "/api/v1/apps/{id}"),
    list("/api/v1/apps/{}/users", "okta.apps.read", APPS, 50, 500),
    list("/api/v1/apps/{}/groups", "okta.apps.read", APPS, 20, 200),
    list("/api/v1/apps/{}/grants", "okta.appGrants.read", APPS, ALL, ALL),
    super_only(one("/api/v1/first-party-app-settings/{}", "okta.apps.read", ORG)),
    list("/oauth2/v1/clients/{}/roles", "okta.roles.read", "/oauth2/v1/clients", ALL, ALL),

    list("/api/v1/policies", "okta.policies.read", POLICIES, ALL, ALL),
    one("/api/v1/policies/{}", "okta.policies.read", POLICIES),
    list("/api/v1/policies/{}/rules", "okta.policies.read", POLICIES, ALL, ALL),
    list("/api/v1/policies/{}/mappings", "okta.policies.read", "/api/v1/policies/{id}/mappings", ALL, ALL),

    list("/api/v1/authenticators", "okta.authenticators.read", ORG, ALL, ALL),
    one("/api/v1/authenticators/{}", "okta.authenticators.read", ORG),
    list("/api/v1/authenticators/{}/methods", "okta.authenticators.read", ORG, ALL, ALL),
    list("/api/v1/zones", "okta.networkZones.read", ORG, ALL, ALL),
    one("/api/v1/zones/{}", "okta.networkZones.read", ORG),
    list("/api/v1/trustedOrigins", "okta.trustedOrigins.read", "/api/v1/trustedOrigins", 20, 200),
    one("/api/v1/trustedOrigins/{}", "okta.trustedOrigins.read", "/api/v1/trustedOrigins"),
    list("/api/v1/behaviors", "okta.behaviors.read", ORG, ALL, ALL),
    one("/api/v1/behaviors/{}", "okta.behaviors.read", ORG),
    one("/api/v1/threats/configuration", "okta.threatInsights.read", ORG),
    list("/api/v1/idps", "okta.idps.read", "/api/v1/idps", 20, 200),
    list("/api/v1/idps/credentials/keys", "okta.idps.read", "/api/v1/idps", 20, 200),
    one("/api/v1/idps/{}", "okta.idps.read", "/api/v1/idps"),

    list("/api/v1/authorizationServers", "okta.authorizationServers.read", SERVERS, 200, 200),
    one("/api/v1/authorizationServers/{}", "okta.authorizationServers.read", SERVERS),
    list("/api/v1/authorizationServers/{}/policies", "okta.authorizationServers.read", SERVERS, ALL, ALL),
    one("/api/v1/authorizationServers/{}/policies/{}", "okta.authorizationServers.read", SERVERS),
    list("/api/v1/authorizationServers/{}/policies/{}/rules", "okta.authorizationServers.read", SERVERS, ALL, ALL),

    list("/api/v1/api-tokens", "okta.apiTokens.read", "/api/v1/api-tokens", 200, 200),
    one("/api/v1/api-tokens/{}", "okta.apiTokens.read", "/api/v1/api-tokens"),
    list("/api/v1/principal-rate-limits", "okta.principalRateLimits.read", ORG, 50, 50),
    list("/api/v1/eventHooks", "okta.eventHooks.read", "/api/v1/hooks", ALL, ALL),
    one("/api/v1/eventHooks/{}", "okta.eventHooks.read", "/api/v1/hooks"),
    list("/api/v1/inlineHooks", "okta.inlineHooks.read", "/api/v1/hooks", ALL, ALL),
    one("/api/v1/inlineHooks/{}", "okta.inlineHooks.read", "/api/v1/hooks"),
    list("/api/v1/logStreams", "okta.logStreams.read", "/api/v1/logStreams", 20, 200),
    one("/api/v1/logStreams/{}", "okta.logStreams.read", "/api/v1/logStreams"),
    list("/api/v1/logs", "okta.logs.read", "/api/v1/logs", 100, 1_000),

    wrapped("/api/v1/iam/assignees/users", "value", "okta.roles.read"),
    wrapped("/api/v1/iam/roles", "roles", "okta.roles.read"),
    one("/api/v1/iam/roles/{}", "okta.roles.read", "/api/v1/iam"),
    wrapped("/api/v1/iam/roles/{}/permissions", "permissions", "okta.roles.read"),
    wrapped("/api/v1/iam/resource-sets", "resource-sets", "okta.roles.read"),
    one("/api/v1/iam/resource-sets/{}", "okta.roles.read", "/api/v1/iam"),
    wrapped("/api/v1/iam/resource-sets/{}/resources", "resources", "okta.roles.read"),
    wrapped("/api/v1/iam/resource-sets/{}/bindings", "roles", "okta.roles.read"),
    wrapped("/api/v1/iam/resource-sets/{}/bindings/{}/members", "members", "okta.roles.read"),

    list("/api/v1/realms", "okta.realms.read", "/api/v1/realms", 200, 200),
    one("/api/v1/realms/{}", "okta.realms.read", "/api/v1/realms"),
    list("/api/v1/realm-assignments", "okta.realmAssignments.read", "/api/v1/realms", 20, 200),
    one("/api/v1/realm-assignments/{}", "okta.realmAssignments.read", "/api/v1/realms"),

    one("/api/v1/org", "okta.orgs.read", ORG),
    super_only(one("/api/v1/org/privacy/oktaSupport", "okta.orgs.read", ORG)),
    one("/api/v1/org/orgSettings/thirdPartyAdminSetting", "okta.orgs.read", ORG),
    one("/api/v1/org/settings/clientPrivilegesSetting", "okta.orgs.read", ORG),
    one("/api/v1/org/settings/autoAssignAdminAppSetting", "okta.orgs.read", ORG),
    one("/attack-protection/api/v1/user-lockout-settings", "okta.orgs.read", ORG),
    one("/api/v1/org/captcha", "okta.captchas.read", ORG),
    one("/api/v1/bot-protection/configuration", "okta.botProtection.read", ORG),
    list("/api/v1/features", "okta.features.read", "/api/v1/features", ALL, ALL),
    list("/api/v1/devices", "okta.devices.read", "/api/v1/devices", 20, 200),
    one("/api/v1/devices/{}", "okta.devices.read", "/api/v1/devices"),
    list("/api/v1/device-assurances", "okta.deviceAssurance.read", "/api/v1/devices", ALL, ALL),
    one("/api/v1/device-assurances/{}", "okta.deviceAssurance.read", "/api/v1/devices"),
    one("/api/v1/meta/schemas/user/{}", "okta.schemas.read", ORG),
    list("/api/v1/agentPools", "okta.agentPools.read", "/api/v1/agentPools", 20, 200),
];

/// The endpoint of a path. A literal segment wins over a parameter (`groups/rules` over `groups/{}`).
pub(crate) fn find(path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS
        .iter()
        .filter(|endpoint| fits(endpoint.template, path))
        .max_by_key(|endpoint| endpoint.template.split('/').filter(|segment| *segment != "{}").count())
}

pub(crate) fn fits(template: &str, path: &str) -> bool {
    let (mut want, mut have) = (template.split('/'), path.split('/'));
    loop {
        match (want.next(), have.next()) {
            (None, None) => return true,
            (Some("{}"), Some(segment)) if !segment.is_empty() => {}
            (Some(want), Some(have)) if want == have => {}
            _ => return false,
        }
    }
}

/// The permission of a custom role that opens a scope's endpoints. Policies, zones, hooks, log
/// streams and logs have none.
/// Source: developer.okta.com "Role assignments: permissions".
pub(crate) fn permission(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "okta.users.read" => "okta.users.read",
        "okta.apiTokens.read" => "okta.users.apitokens.read",
        "okta.groups.read" => "okta.groups.read",
        "okta.apps.read" | "okta.appGrants.read" => "okta.apps.read",
        "okta.authorizationServers.read" => "okta.authzServers.read",
        "okta.idps.read" => "okta.identityProviders.read",
        "okta.roles.read" => "okta.iam.read",
        "okta.realms.read" | "okta.realmAssignments.read" => "okta.realm.read",
        "okta.devices.read" | "okta.deviceAssurance.read" => "okta.devices.read",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::limits::BUCKETS;

    #[test]
    fn literals_win_over_parameters() {
        assert_eq!(find("/api/v1/groups/rules").unwrap().template, "/api/v1/groups/rules");
        assert_eq!(find("/api/v1/groups/00g1").unwrap().template, "/api/v1/groups/{}");
        assert!(find("/api/v1/groups/").is_none());
        assert!(find("/api/v1/nothing").is_none());
    }

    #[test]
    fn every_endpoint_needs_a_read_scope_and_has_a_bucket() {
        for endpoint in ENDPOINTS {
            assert_eq!(endpoint.scope.rsplit('.').next(), Some("read"), "{}", endpoint.template);
            assert!(BUCKETS.iter().any(|(name, _)| *name == endpoint.bucket), "{}", endpoint.template);
        }
    }
}
