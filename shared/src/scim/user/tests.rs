use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scim::ScimType;
use crate::scim::projection::Projection;
use crate::scim::schema::{ENTERPRISE_URN, USER_URN};

mod okta;
mod patches;

#[expect(clippy::needless_pass_by_value, reason = "`json!` reads better without `&`")]
fn create(body: Value) -> Result<UserAttributes, ScimError> {
    UserAttributes::from_create(&body)
}

fn stored(user: &UserAttributes) -> Value {
    serde_json::to_value(user).unwrap()
}

fn shown(user: &UserAttributes, version: Option<u64>) -> Value {
    let groups = [GroupRef { value: "g1".into(), display: Some("Viewer") }];
    let view = UserView {
        id: "u1",
        attributes: user,
        groups: &groups,
        created: "2026-01-01T00:00:00Z",
        last_modified: "2026-01-02T00:00:00Z",
        version,
        location_base: "https://acme.example.com/scim/v2",
    };
    serde_json::to_value(render(view, &Projection::all(ResourceKind::User))).unwrap()
}

#[test]
fn c07_what_is_forged_in_a_user_is_not_bound() {
    let user = create(json!({
        "schemas": ["urn:example:forged", USER_URN], "id": "forged", "meta": {"version": "W/\"9\""},
        "userName": "anna@example.com", "tenantId": "other", "isOperator": true, "password": "hunter2",
        "roles": [{"value": "Admin"}], "entitlements": [{"value": "all"}], "groups": [{"value": "g-admin"}],
        "emails": [{"value": "anna@example.com", "role": "Admin"}], "urn:example:forged": {"role": "Admin"},
    }))
    .unwrap();
    let expected =
        json!({"userName": "anna@example.com", "emails": [{"value": "anna@example.com"}], "active": true});
    assert_eq!(stored(&user), expected);
}

#[test]
fn c08_active_is_true_or_false_or_the_word_for_it() {
    let active = |value: Value| create(json!({"userName": "a", "active": value})).map(|user| user.active());
    for (value, expected) in [
        (json!(true), true),
        (json!(false), false),
        (json!("true"), true),
        (json!("True"), true),
        (json!("false"), false),
        (json!("False"), false),
    ] {
        assert_eq!(active(value.clone()), Ok(expected), "{value}");
    }
    for value in
        [json!(0), json!(1), json!(null), json!(""), json!("no"), json!([]), json!([false]), json!({})]
    {
        assert_eq!(active(value.clone()).unwrap_err().scim_type, Some(ScimType::InvalidValue), "{value}");
    }
    assert!(create(json!({"userName": "a"})).unwrap().active(), "a new user is active");
    assert_eq!(
        create(json!({"userName": "a", "active": true, "Active": false})).unwrap_err().scim_type,
        Some(ScimType::InvalidSyntax)
    );
}

#[test]
fn c08_a_put_without_active_wakes_nobody() {
    let body = json!({"userName": "a"});
    assert!(!UserAttributes::from_replace(&body, false).unwrap().active());
    assert!(UserAttributes::from_replace(&body, true).unwrap().active());
    assert!(UserAttributes::from_replace(&json!({"userName": "a", "active": true}), false).unwrap().active());
}

#[test]
fn c23_user_names_are_kept_verbatim() {
    for name in [
        "anna@example.com",
        " spaces ",
        "\u{1f600}",
        "\u{5d0}\u{5d1}\u{202e}x",
        "javascript:alert(1)",
        "=cmd()|' /C calc'!A0",
        "'; DROP TABLE users; --",
        "<b>",
        &"x".repeat(MAX_USER_NAME),
        "\u{e9}lodie",
    ] {
        assert_eq!(create(json!({"userName": name})).unwrap().user_name(), name);
    }
}

#[test]
fn c23_user_names_that_cannot_be_one_name_are_refused() {
    for name in [
        "",
        " ",
        "\t",
        "a\u{0}b",
        "a\nb",
        "a\u{7f}b",
        "a\u{85}b",
        "e\u{301}lodie",
        "\u{212a}im",
        &"x".repeat(MAX_USER_NAME + 1),
        &"\u{e9}".repeat(MAX_USER_NAME / 2 + 1),
    ] {
        let error = create(json!({"userName": name})).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)), "{name:?}");
    }
    for body in [json!({}), json!({"userName": null}), json!({"userName": 7}), json!({"userName": ["a"]})] {
        assert_eq!(create(body).unwrap_err().scim_type, Some(ScimType::InvalidValue));
    }
    for body in [json!([]), json!("a"), json!(null)] {
        assert_eq!(create(body).unwrap_err().scim_type, Some(ScimType::InvalidSyntax));
    }
}

#[test]
fn values_are_canonical_whatever_their_spelling() {
    let user = create(json!({
        "USERNAME": "anna", "NAME": {"GIVENNAME": "Anna", "nope": 1}, "title": null, "nickName": "",
        "Emails": {"VALUE": "a@example.com", "Primary": "True"}, "phoneNumbers": [], "addresses": [{}],
        ENTERPRISE_URN.to_uppercase(): {"Department": "Sales", "manager": "m1", "costCenter": null},
    }))
    .unwrap();
    assert_eq!(
        stored(&user),
        json!({
            "userName": "anna", "name": {"givenName": "Anna"}, "nickName": "",
            "emails": [{"value": "a@example.com", "primary": true}],
            ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "m1"}}, "active": true,
        })
    );
}

#[test]
fn values_of_another_type_are_refused() {
    for (name, value) in [
        ("title", json!(7)),
        ("name", json!("Anna")),
        ("name", json!({"givenName": 7})),
        ("emails", json!([7])),
        ("emails", json!([{"value": ["x"]}])),
        ("emails", json!([{"primary": 1}])),
        ("addresses", json!(["x"])),
        ("emails", json!([{"primary": true}, {"primary": "True"}])),
        (ENTERPRISE_URN, json!("x")),
        (ENTERPRISE_URN, json!({"department": {}})),
        ("externalId", json!(7)),
    ] {
        let error = create(json!({"userName": "a", name: value})).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)), "{name} {value}");
    }
}

#[test]
fn attributes_above_64_kb_are_413() {
    let user = |length| create(json!({"userName": "a", "title": "x".repeat(length)}));
    let around = r#"{"userName":"a","title":"","active":true}"#.len();
    assert!(user(MAX_ATTRIBUTES - around).is_ok());
    assert_eq!(user(MAX_ATTRIBUTES - around + 1).unwrap_err().status, 413);
}

#[test]
fn the_address_to_write_to() {
    let email = |emails: Value| {
        create(json!({"userName": "a", "emails": emails})).unwrap().primary_email().map(str::to_owned)
    };
    let (home, work) =
        (json!({"value": "h@x.example", "type": "home"}), json!({"value": "w@x.example", "type": "Work"}));
    let primary = json!({"value": "p@x.example", "primary": true});
    assert_eq!(email(json!([home, work, primary])).as_deref(), Some("p@x.example"));
    assert_eq!(email(json!([home, work])).as_deref(), Some("w@x.example"));
    assert_eq!(email(json!([home])).as_deref(), Some("h@x.example"));
    assert_eq!(email(json!([])), None);
    assert_eq!(email(json!([{"type": "work"}])), None);
}

#[test]
fn what_is_stored_reads_back_and_debug_prints_nobody() {
    let user =
        create(json!({"userName": "anna@example.com", "active": false, "name": {"familyName": "Okafor"}}))
            .unwrap();
    let back: UserAttributes = serde_json::from_str(&serde_json::to_string(&user).unwrap()).unwrap();
    assert_eq!(back, user);
    assert!(user.clone().with_active(true).active() && !user.active());
    assert_eq!(
        (user.family_name(), user.given_name(), user.display_name(), user.external_id()),
        (Some("Okafor"), None, None, None)
    );
    assert_eq!(format!("{user:?}"), "UserAttributes(3 attributes)");
}

#[test]
fn a_user_renders_as_the_rfc_has_it() {
    let user = create(json!({
        "userName": "anna@example.com", "password": "hunter2", "externalId": "00u1",
        ENTERPRISE_URN: {"department": "Sales"},
    }))
    .unwrap();
    insta::assert_json_snapshot!(shown(&user, Some(4)), @r#"
    {
      "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
      ],
      "id": "u1",
      "userName": "anna@example.com",
      "externalId": "00u1",
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
        "department": "Sales"
      },
      "active": true,
      "groups": [
        {
          "value": "g1",
          "$ref": "https://acme.example.com/scim/v2/Groups/g1",
          "display": "Viewer",
          "type": "direct"
        }
      ],
      "meta": {
        "resourceType": "User",
        "created": "2026-01-01T00:00:00Z",
        "lastModified": "2026-01-02T00:00:00Z",
        "location": "https://acme.example.com/scim/v2/Users/u1",
        "version": "W/\"4\""
      }
    }
    "#);
}

#[test]
fn without_a_version_and_groups_there_is_none() {
    let user = create(json!({"userName": "a"})).unwrap();
    assert_eq!(shown(&user, None)["meta"].get("version"), None);
    let view = UserView {
        id: "u1",
        attributes: &user,
        groups: &[],
        created: "",
        last_modified: "",
        version: None,
        location_base: "",
    };
    let shown = serde_json::to_value(render(view, &Projection::all(ResourceKind::User))).unwrap();
    assert_eq!(shown.get("groups"), None);
    assert_eq!(shown["schemas"], json!([USER_URN]));
}

proptest! {
    /// Okta changes a user by sending back what we answered: nothing of it may change the user.
    #[test]
    fn what_we_answer_can_be_put_back(name in "[a-z]{1,8}", title in ".{0,8}", active: bool, work: bool) {
        let kind = if work { "work" } else { "home" };
        let user = create(json!({
            "userName": name, "title": title, "active": active, "emails": [{"value": name, "type": kind}],
            ENTERPRISE_URN: {"manager": {"value": title, "displayName": name}},
        })).unwrap();
        prop_assert_eq!(UserAttributes::from_replace(&shown(&user, Some(1)), !active).unwrap(), user);
    }
}
