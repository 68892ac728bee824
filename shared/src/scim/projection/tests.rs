use serde_json::json;

use super::*;
use crate::scim::user::{UserAttributes, UserView, render};

fn user(attributes: Option<&str>, excluded: Option<&str>) -> Value {
    let body = json!({
        "userName": "anna@example.com", "title": "x", "name": {"givenName": "A", "familyName": "B"},
        "emails": [{"value": "anna@example.com", "type": "work"}],
        ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "7", "displayName": "M"}},
    });
    let attributes_of_user = UserAttributes::from_create(&body).unwrap();
    let view = UserView {
        id: "1",
        attributes: &attributes_of_user,
        groups: &[],
        created: "2026-01-01T00:00:00Z",
        last_modified: "2026-01-01T00:00:00Z",
        version: None,
        location_base: "https://acme.example.com/scim/v2",
    };
    serde_json::to_value(render(view, &Projection::parse(attributes, excluded, ResourceKind::User))).unwrap()
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn c19_id_and_schemas_are_always_there() {
    for list in ["userName", "nope", "", "password", "id,schemas", "nope.nope,,"] {
        let user = user(Some(list), None);
        assert_eq!(names(&user)[..2], ["schemas", "id"], "{list}");
    }
    assert!(names(&user(None, Some("id,schemas,userName"))).starts_with(&["schemas", "id"]));
}

#[test]
fn c19_an_unknown_name_shows_nothing() {
    assert_eq!(names(&user(Some("nope,roles"), None)), ["schemas", "id"]);
    assert_eq!(user(None, Some("nope")), user(None, None));
}

#[test]
fn c19_names_select_in_any_case_and_depth() {
    let one = user(Some("USERNAME,name.givenname,emails.value"), None);
    assert_eq!(names(&one), ["schemas", "id", "userName", "name", "emails"]);
    assert_eq!(one["name"], json!({"givenName": "A"}));
    assert_eq!(one["emails"], json!([{"value": "anna@example.com"}]));
}

#[test]
fn c19_names_exclude_in_any_case_and_depth() {
    let one = user(None, Some("USERNAME,name.givenname,meta"));
    assert_eq!(one.get("userName"), None);
    assert_eq!(one.get("meta"), None);
    assert_eq!(one["name"], json!({"familyName": "B"}));
    assert_eq!(one["title"], "x");
    let all_parts = "name.formatted,name.familyName,name.givenName,name.middleName,name.honorificPrefix,name.honorificSuffix";
    assert_eq!(user(None, Some(all_parts)).get("name"), None);
}

#[test]
fn c19_the_extension_is_chosen_as_a_whole_or_in_parts() {
    assert_eq!(names(&user(Some(ENTERPRISE_URN), None))[2..], [ENTERPRISE_URN]);
    let part = user(Some(&format!("{ENTERPRISE_URN}:manager.displayName")), None);
    assert_eq!(part[ENTERPRISE_URN], json!({"manager": {"displayName": "M"}}));
    assert_eq!(user(None, Some(ENTERPRISE_URN)).get(ENTERPRISE_URN), None);
    let rest = user(None, Some(&format!("{ENTERPRISE_URN}:manager")));
    assert_eq!(rest[ENTERPRISE_URN], json!({"department": "Sales"}));
    assert_eq!(user(Some("department"), None).get(ENTERPRISE_URN), None);
}

#[test]
fn with_both_lists_an_attribute_has_to_pass_both() {
    let one = user(Some("userName,name,title"), Some("title,name.familyName"));
    assert_eq!(names(&one), ["schemas", "id", "userName", "name"]);
    assert_eq!(one["name"], json!({"givenName": "A"}));
}

#[test]
fn the_store_learns_what_it_need_not_read() {
    let group = |a, e| Projection::parse(a, e, ResourceKind::Group);
    assert!(Projection::all(ResourceKind::Group).wants("members"));
    assert!(!group(None, Some("members")).wants("members"));
    assert!(!group(Some("displayName"), None).wants("members"));
    assert!(group(Some("members.value"), None).asks_for("members"));
    assert!(!group(None, Some("displayName")).asks_for("members"));
}
