use serde_json::{Value, json};

use super::*;
use crate::scim::ScimType;

fn ids(members: Option<BTreeSet<String>>) -> Vec<String> {
    members.unwrap().into_iter().collect()
}

#[test]
fn c15_okta_pushes_a_new_group() {
    let body = json!({
        "schemas": [GROUP_URN], "displayName": "Engineering",
        "members": [{"value": "u2", "display": "bob@example.com"}, {"value": "u1"}, {"value": "u2"}],
    });
    let create = GroupCreate::parse(&Json::from(&body)).unwrap();
    assert_eq!(create.attributes, GroupAttributes { display_name: "Engineering".into(), external_id: None });
    let values: Vec<_> = create.members.iter().map(|member| member.value.as_str()).collect();
    assert_eq!(values, ["u1", "u2"], "each member once");
    let empty = GroupCreate::parse(&Json::from(&json!({"displayName": "Empty", "members": []}))).unwrap();
    assert_eq!(empty.members, []);
}

#[test]
fn a_put_without_members_leaves_them_and_an_empty_list_removes_them() {
    let replace = |body: Value| GroupReplace::parse(&Json::from(&body)).unwrap().members;
    assert_eq!(replace(json!({"displayName": "G"})), None);
    assert_eq!(ids(replace(json!({"displayName": "G", "members": []}))), Vec::<String>::new());
    assert_eq!(ids(replace(json!({"displayName": "G", "members": null}))), Vec::<String>::new());
    assert_eq!(ids(replace(json!({"DISPLAYNAME": "G", "Members": ["u1", {"VALUE": "u2"}]}))), ["u1", "u2"]);
}

#[test]
fn c11_a_group_is_no_member() {
    for member in [
        json!({"value": "g1", "type": "Group"}),
        json!({"value": "g1", "type": "group"}),
        json!({"value": "g1", "$ref": "https://acme.example.com/scim/v2/Groups/g1"}),
    ] {
        let error =
            GroupCreate::parse(&Json::from(&json!({"displayName": "G", "members": [member]}))).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
    }
}

#[test]
fn a_body_that_is_no_group_is_refused() {
    for body in [
        json!([]),
        json!({}),
        json!({"displayName": null}),
        json!({"displayName": " "}),
        json!({"displayName": 7}),
        json!({"displayName": "a\nb"}),
        json!({"displayName": "x".repeat(MAX_TEXT + 1)}),
        json!({"displayName": "G", "displayname": "H"}),
        json!({"displayName": "G", "externalId": 7}),
        json!({"displayName": "G", "members": [{"display": "x"}]}),
        json!({"displayName": "G", "members": [{"value": ""}]}),
        json!({"displayName": "G", "members": [7]}),
        json!({"displayName": "G", "members": [null]}),
        json!({"displayName": "G", "members": [{"value": "x".repeat(MAX_MEMBER_ID + 1)}]}),
    ] {
        assert_eq!(GroupCreate::parse(&Json::from(&body)).unwrap_err().status, 400, "{body}");
    }
}

#[test]
fn c07_what_is_forged_in_a_group_is_not_bound() {
    let body = json!({
        "schemas": ["urn:example:forged"], "id": "forged", "meta": {"version": "W/\"9\""}, "displayName": "G",
        "tenantId": "other", "role": "Admin",
    });
    let stored = serde_json::to_value(GroupCreate::parse(&Json::from(&body)).unwrap().attributes).unwrap();
    assert_eq!(stored, json!({"displayName": "G"}));
}

fn rendered(members: Option<&[MemberRef]>, attributes: Option<&str>) -> Value {
    let group = GroupAttributes { display_name: "Admin".into(), external_id: Some("e".into()) };
    let view = GroupView {
        id: "g1",
        attributes: &group,
        members,
        created: "2026-01-01T00:00:00Z",
        last_modified: "2026-01-02T00:00:00Z",
        version: Some(3),
        location_base: "https://acme.example.com/scim/v2",
    };
    serde_json::to_value(render(view, &Projection::parse(attributes, None, ResourceKind::Group))).unwrap()
}

#[test]
fn a_group_renders_as_the_rfc_has_it() {
    let members = [MemberRef { value: "u1".into() }];
    insta::assert_json_snapshot!(rendered(Some(&members), None), @r#"
    {
      "schemas": [
        "urn:ietf:params:scim:schemas:core:2.0:Group"
      ],
      "id": "g1",
      "externalId": "e",
      "displayName": "Admin",
      "members": [
        {
          "value": "u1",
          "$ref": "https://acme.example.com/scim/v2/Users/u1",
          "type": "User"
        }
      ],
      "meta": {
        "resourceType": "Group",
        "created": "2026-01-01T00:00:00Z",
        "lastModified": "2026-01-02T00:00:00Z",
        "location": "https://acme.example.com/scim/v2/Groups/g1",
        "version": "W/\"3\""
      }
    }
    "#);
}

#[test]
fn members_are_all_or_absent() {
    assert_eq!(rendered(None, None).get("members"), None);
    assert_eq!(rendered(Some(&[]), None)["members"], json!([]));
    assert_eq!(
        rendered(Some(&[]), Some("displayName")),
        json!({"schemas": [GROUP_URN], "id": "g1", "displayName": "Admin"})
    );
}

/// Okta changes a group by sending back what we answered.
#[test]
fn what_we_answer_can_be_put_back() {
    let members = [MemberRef { value: "u1".into() }];
    let replace = GroupReplace::parse(&Json::from(&rendered(Some(&members), None))).unwrap();
    assert_eq!(replace.attributes.external_id.as_deref(), Some("e"));
    assert_eq!(ids(replace.members), ["u1"]);
}
