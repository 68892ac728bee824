//! Okta's own bodies, for both kinds of app: catalog apps PATCH, custom apps GET and PUT.

use super::*;
use crate::scim::patch::PatchRequest;

/// `POST /Users` of the guide's five mappings, with what Okta adds by itself.
fn guide_create() -> Value {
    json!({
        "schemas": [USER_URN],
        "userName": "anna@example.com",
        "name": {"givenName": "Anna", "familyName": "Okafor"},
        "emails": [{"primary": true, "value": "anna@example.com", "type": "work"}],
        "displayName": "Anna Okafor",
        "locale": "en-US",
        "externalId": "00u1exampleAAAAAAAAA",
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    })
}

/// `POST /Users` with Okta's full default mapping.
fn full_create() -> Value {
    json!({
        "schemas": [USER_URN, ENTERPRISE_URN],
        "userName": "anna@example.com",
        "name": {
            "givenName": "Anna", "familyName": "Okafor", "middleName": "B", "honorificPrefix": "Dr.",
            "honorificSuffix": "PhD", "formatted": "Dr. Anna B Okafor PhD",
        },
        "displayName": "Anna Okafor", "nickName": "An", "profileUrl": "https://people.example.com/anna",
        "emails": [
            {"primary": true, "value": "anna@example.com", "type": "work"},
            {"primary": false, "value": "anna@home.example", "type": "home"},
        ],
        "phoneNumbers": [{"primary": true, "value": "+1 555 0100", "type": "work"}, {"value": "+1 555 0101", "type": "mobile"}],
        "addresses": [{
            "primary": true, "type": "work", "streetAddress": "1 Main St", "locality": "Springfield", "region": "IL",
            "postalCode": "62701", "country": "US", "formatted": "1 Main St, Springfield",
        }],
        "title": "Engineer", "userType": "Employee", "preferredLanguage": "en", "locale": "en-US",
        "timezone": "America/Chicago", "externalId": "00u1exampleAAAAAAAAA", "active": true,
        ENTERPRISE_URN: {
            "employeeNumber": "701984", "costCenter": "4130", "organization": "Example", "division": "R&D",
            "department": "Sales", "manager": {"value": "00u2exampleAAAAAAAAA", "displayName": "Mo Diaz"},
        },
        "groups": [], "password": "1mz050nq",
    })
}

fn without(mut body: Value, names: &[&str]) -> Value {
    for name in names {
        body.as_object_mut().unwrap().shift_remove(*name);
    }
    body
}

#[expect(clippy::needless_pass_by_value, reason = "`json!` reads better without `&`")]
fn patched(user: &UserAttributes, operations: Value) -> UserAttributes {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    user.apply_patch(&PatchRequest::parse(&Json::from(&body), ResourceKind::User).unwrap()).unwrap()
}

#[test]
fn assigning_keeps_every_mapped_attribute_and_no_password() {
    for body in [guide_create(), full_create()] {
        let user = create(body.clone()).unwrap();
        assert_eq!(stored(&user), without(body, &["schemas", "groups", "password"]));
        assert!(!shown(&user, None).to_string().contains("1mz050nq"));
    }
    let user = create(guide_create()).unwrap();
    assert_eq!((user.given_name(), user.family_name()), (Some("Anna"), Some("Okafor")));
    assert_eq!(user.primary_email(), Some("anna@example.com"));
    assert_eq!(user.external_id(), Some("00u1exampleAAAAAAAAA"));
}

#[test]
fn a_profile_change_puts_our_own_body_back() {
    let user = create(full_create()).unwrap();
    let mut body = shown(&user, Some(7));
    body["title"] = json!("Director");
    body["password"] = json!("echoed");
    let after = UserAttributes::from_replace(&body, true).unwrap();
    let mut expected = stored(&user);
    expected["title"] = json!("Director");
    assert_eq!(stored(&after), expected);
}

#[test]
fn a_catalog_app_deactivates_and_reactivates_by_patch() {
    let user = create(guide_create()).unwrap();
    let off = patched(&user, json!([{"op": "replace", "value": {"active": false}}]));
    assert_eq!(off, user.clone().with_active(false));
    assert_eq!(patched(&off, json!([{"op": "replace", "value": {"active": true}}])), user);
}

#[test]
fn a_custom_app_deactivates_and_reactivates_by_put() {
    let user = create(guide_create()).unwrap();
    let mut body = shown(&user, None);
    body["active"] = json!(false);
    let off = UserAttributes::from_replace(&body, true).unwrap();
    assert_eq!(off, user.clone().with_active(false));
    body["active"] = json!(true);
    assert_eq!(UserAttributes::from_replace(&body, false).unwrap(), user);
}

#[test]
fn a_password_sync_changes_nothing() {
    let user = create(guide_create()).unwrap();
    for operation in [
        json!({"op": "replace", "value": {"password": "secret"}}),
        json!({"op": "replace", "path": "password", "value": "secret"}),
        json!({"op": "replace", "path": format!("{USER_URN}:password"), "value": "secret"}),
    ] {
        assert_eq!(patched(&user, json!([operation])), user);
    }
    let both = json!([{"op": "replace", "value": {"password": "secret", "active": false}}]);
    assert_eq!(patched(&user, both), user.with_active(false));
}
