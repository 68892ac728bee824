//! Values that are missing, of another type or unknown, each of which once let its rule pass.
//!
//! Its one rule: beside the gap a snapshot is as it should be, so that nothing else keeps the rule from passing.

use super::*;

/// The rule, what is odd, and the snapshot without and with it: `?` stands for the gap.
struct Gap {
    rule: &'static str,
    what: &'static str,
    snapshot: &'static str,
    whole: &'static str,
    odd: &'static str,
}

const GAPS: &[Gap] = &[
    Gap {
        rule: "ADM-01",
        what: "a member of an admin group without an id",
        snapshot: r#"{"user-roles": [{"@parent": "u1", "type": "SUPER_ADMIN"}], "users": [{"id": "u1", "status": "ACTIVE"}],
                      "group-roles": [{"@parent": "g1", "type": "SUPER_ADMIN"}],
                      "group-role-members": [{"@parent": "g1", "id": "u2"}, {"@parent": "g1", ?}]}"#,
        whole: r#""id": "u3""#,
        odd: r#""status": "ACTIVE""#,
    },
    Gap {
        rule: "TOK-01",
        what: "a member of an admin group without an id",
        snapshot: r#"{"api-tokens": [{"id": "t1", "userId": "u9"}], "user-roles": [{"@parent": "u1", "type": "SUPER_ADMIN"}],
                      "group-roles": [{"@parent": "g1", "type": "SUPER_ADMIN"}], "group-role-members": [{"@parent": "g1", ?}]}"#,
        whole: r#""id": "u3""#,
        odd: r#""id": null"#,
    },
    Gap {
        rule: "TOK-02",
        what: "a zone that is no text",
        snapshot: r#"{"api-tokens": [{"id": "t1", "network": {"connection": "ZONE", "include": [?]}}]}"#,
        whole: r#""z1""#,
        odd: "null",
    },
    Gap {
        rule: "IDP-01",
        what: "a group that is no text",
        snapshot: r#"{"idps": [{"id": "i1", "policy": {"accountLink": {"action": "AUTO", "filter": {"groups": {"include": [?]}}}}}]}"#,
        whole: r#""g1""#,
        odd: "7",
    },
    Gap {
        rule: "APP-02",
        what: "a sign-on mode that is no text",
        snapshot: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                               {"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"grant_types": ["authorization_code"]}}},
                               {"id": "a4", "signOnMode": ?, "settings": {"oauthClient": {"grant_types": ["implicit"]}}}]}"#,
        whole: r#""SAML_2_0""#,
        odd: "7",
    },
    Gap {
        rule: "APP-02",
        what: "a grant that is no text",
        snapshot: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                               {"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"grant_types": ["authorization_code", ?]}}}]}"#,
        whole: r#""refresh_token""#,
        odd: r#"{"type": "implicit"}"#,
    },
    Gap {
        rule: "APP-03",
        what: "an unknown sign-on mode",
        snapshot: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                               {"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"application_type": "service"}}},
                               {"id": "a4", "signOnMode": ?, "settings": {"oauthClient": {"redirect_uris": ["http://app.example.com/cb"]}}}]}"#,
        whole: r#""SAML_2_0""#,
        odd: r#""OPENID_CONNECT_2""#,
    },
    Gap {
        rule: "APP-03",
        what: "a redirect URI that is no text",
        snapshot: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                               {"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"redirect_uris": ["https://app.example.com/cb", ?], "wildcard_redirect": "DISABLED"}}}]}"#,
        whole: r#""https://app.example.com/cb2""#,
        odd: r#"{"uri": "http://app.example.com/cb"}"#,
    },
    Gap {
        rule: "APP-03",
        what: "no word about wildcards",
        snapshot: r#"{"apps": [{"id": "a1", "name": "saasure", "signOnMode": "OPENID_CONNECT"}, {"id": "a2", "name": "okta_enduser", "signOnMode": "OPENID_CONNECT"},
                               {"id": "a3", "signOnMode": "OPENID_CONNECT", "settings": {"oauthClient": {"redirect_uris": ["https://app.example.com/cb"], ?}}}]}"#,
        whole: r#""wildcard_redirect": "DISABLED""#,
        odd: r#""wildcard_redirect": true"#,
    },
    Gap {
        rule: "USR-03",
        what: "a last sign-in that is no instant",
        snapshot: r#"{"users": [{"id": "u1", "status": "ACTIVE", "created": "2020-01-01T00:00:00.000Z", "lastLogin": ?}]}"#,
        whole: r#""2021-01-01T00:00:00.000Z""#,
        odd: r#""never""#,
    },
    Gap {
        rule: "USR-09",
        what: "a group rule whose groups are neither valid nor not",
        snapshot: r#"{"groups": [{"id": "g1", "type": "BUILT_IN"}], "group-rules": [{"id": "r1", "status": "ACTIVE", "allGroupsValid": ?}]}"#,
        whole: "true",
        odd: r#""false""#,
    },
    Gap {
        rule: "RLM-04",
        what: "a default realm that does not say that it is one",
        snapshot: r#"{"realms": [{"id": "r0", ?, "profile": {"name": "D"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": "r1", "profile": {"login": "a@partner.example.com"}}, {"id": "u2", "realmId": "r0", "profile": {"login": "b@example.com"}}]}"#,
        whole: r#""isDefault": true"#,
        odd: r#""default": true"#,
    },
    Gap {
        rule: "RLM-04",
        what: "no default realm",
        snapshot: r#"{"realms": [{"id": "r0", "isDefault": ?, "profile": {"name": "D"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": "r1", "profile": {"login": "a@partner.example.com"}}]}"#,
        whole: "true",
        odd: "false",
    },
    Gap {
        rule: "RLM-04",
        what: "two default realms",
        snapshot: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "D"}}, {"id": "r2", "isDefault": ?, "profile": {"name": "E"}},
                                 {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": "r1", "profile": {"login": "a@partner.example.com"}}]}"#,
        whole: "false",
        odd: "true",
    },
    Gap {
        rule: "RLM-04",
        what: "a default realm without an id",
        snapshot: r#"{"realms": [{?, "isDefault": true, "profile": {"name": "D"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": "r1", "profile": {"login": "a@partner.example.com"}}]}"#,
        whole: r#""id": "r0""#,
        odd: r#""id": 0"#,
    },
    Gap {
        rule: "RLM-04",
        what: "a realm type that is no text",
        snapshot: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "D"}}, {"id": "r2", "isDefault": false, "profile": {"name": "E", "realmType": ?, "domains": ["b.example.com"]}},
                                 {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": "r0", "profile": {"login": "a@b.example.com"}}]}"#,
        whole: r#""DEFAULT""#,
        odd: r#"["PARTNER"]"#,
    },
    Gap {
        rule: "RLM-04",
        what: "a domain that is no text",
        snapshot: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "D"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com", ?]}}],
                      "users": [{"id": "u1", "realmId": "r0", "profile": {"login": "a@b.example.com"}}]}"#,
        whole: r#""c.example.com""#,
        odd: r#"{"name": "b.example.com"}"#,
    },
    Gap {
        rule: "RLM-04",
        what: "somebody in a realm that is not listed",
        snapshot: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "D"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": ?, "profile": {"login": "a@partner.example.com"}}]}"#,
        whole: r#""r1""#,
        odd: r#""r9""#,
    },
    Gap {
        rule: "RLM-04",
        what: "somebody without a login",
        snapshot: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "D"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": "r0", "profile": {"login": ?, "email": "a@example.com"}}]}"#,
        whole: r#""a@example.com""#,
        odd: "null",
    },
    Gap {
        rule: "RLM-04",
        what: "an e-mail address that is no text",
        snapshot: r#"{"realms": [{"id": "r0", "isDefault": true, "profile": {"name": "D"}}, {"id": "r1", "isDefault": false, "profile": {"name": "P", "realmType": "PARTNER", "domains": ["partner.example.com"]}}],
                      "users": [{"id": "u1", "realmId": "r0", "profile": {"login": "a@example.com", "email": ?}}]}"#,
        whole: "null",
        odd: r#"["a@partner.example.com"]"#,
    },
    Gap {
        rule: "RLM-05",
        what: "an assignment for nobody knows which source",
        snapshot: r#"{"realm-assignments": [{"id": "ra1", "status": "ACTIVE", "conditions": {"profileSourceId": "s1", "expression": {"value": "user.isPartner"}}},
                                            {"id": "ra2", "status": "ACTIVE", "conditions": {"profileSourceId": ?, "expression": {"value": "user.isPartner"}}}]}"#,
        whole: r#""s2""#,
        odd: "null",
    },
];

#[test]
fn a_gap_is_never_harmless() {
    for gap in GAPS {
        let rule = find(gap.rule).unwrap();
        let outcome = |value: &str| judge(rule, &Snapshot::fixture(&gap.snapshot.replace('?', value)));
        assert_eq!(outcome(gap.whole), Outcome::Pass, "{} without {}", gap.rule, gap.what);
        let got = outcome(gap.odd);
        let unverifiable = matches!(got, Outcome::Unverifiable { cause: Cause::Partial, .. });
        assert!(unverifiable, "{} with {} gave {got:?}", gap.rule, gap.what);
    }
}

/// Without a default realm in the list nobody can be found in it: an empty list is no org without partners.
#[test]
fn no_realm_at_all_is_not_an_org_without_partners() {
    let snapshot = Snapshot::fixture(r#"{"users": [{"id": "u1", "profile": {"login": "a@example.com"}}]}"#);
    let got = judge(find("RLM-04").unwrap(), &snapshot);
    assert!(matches!(got, Outcome::Unverifiable { .. }), "{got:?}");
}
