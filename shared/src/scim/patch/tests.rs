use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::scim::ScimType;

fn group_change(body: &Value) -> Result<GroupChange, ScimError> {
    PatchRequest::parse(&Json::from(body), ResourceKind::Group)?.group_change()
}

fn members(operations: Value) -> MembersChange {
    let schemas = json!([PATCH_URN]);
    group_change(&Value::from_iter([("schemas", schemas), ("Operations", operations)])).unwrap().members
}

fn delta<const N: usize>(changes: [(&str, bool); N]) -> MembersChange {
    MembersChange::Delta(changes.map(|(id, present)| (id.to_owned(), present)).into())
}

fn all<const N: usize>(ids: [&str; N]) -> MembersChange {
    MembersChange::ReplaceAll(ids.map(str::to_owned).into())
}

#[test]
fn oktas_rename_has_the_id_inside_its_value() {
    let body = json!({
        "schemas": [PATCH_URN],
        "Operations": [{"op": "replace", "value": {"id": "g1", "displayName": "New name"}}],
    });
    let change = group_change(&body).unwrap();
    assert_eq!(change, GroupChange { display_name: Some("New name".into()), ..GroupChange::default() });
}

#[test]
fn oktas_membership_batches_fold_to_each_member_once() {
    let batch = json!([
        {"op": "remove", "path": "members[value eq \"u1\"]"},
        {"op": "add", "path": "members", "value": [{"value": "u2", "display": "u2@example.com"}, {"value": "u1"}]},
        {"op": "Remove", "path": "MEMBERS[Value EQ \"u3\"]"},
    ]);
    assert_eq!(members(batch), delta([("u1", true), ("u2", true), ("u3", false)]));
    assert_eq!(
        members(json!([{"op": "replace", "path": "members", "value": [{"value": "u1"}]}])),
        all(["u1"])
    );
    assert_eq!(members(json!([{"op": "replace", "path": "members", "value": []}])), all([]));
    assert_eq!(members(json!([{"op": "replace", "value": {"members": [{"value": "u1"}]}}])), all(["u1"]));
    assert_eq!(
        members(json!([{"op": "add", "value": {"members": [{"value": "u1"}]}}])),
        delta([("u1", true)])
    );
}

#[test]
fn the_other_spellings_of_membership() {
    assert_eq!(members(json!([{"op": "remove", "path": "members"}])), all([]));
    assert_eq!(members(json!([{"op": "replace", "path": "members", "value": null}])), all([]));
    let listed = json!([{"op": "remove", "path": "members", "value": [{"value": "u1"}]}]);
    assert_eq!(members(listed), delta([("u1", false)]), "as Entra removes");
    let two = json!([{"op": "remove", "path": "members[value eq \"u1\" or value eq \"u2\"]"}]);
    assert_eq!(members(two), delta([("u1", false), ("u2", false)]));
    let after = json!([
        {"op": "replace", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]},
        {"op": "remove", "path": "members[value eq \"u2\"]"},
        {"op": "add", "path": "members", "value": {"value": "u3"}},
    ]);
    assert_eq!(members(after), all(["u1", "u3"]));
    assert_eq!(members(json!([{"op": "add", "path": "members", "value": []}])), delta([]));
}

#[test]
fn c11_the_same_member_twice_is_once_and_unknown_ids_pass_through() {
    let listed: Vec<_> = (0..10_000).map(|n| json!({"value": format!("u{}", n % 5_000)})).collect();
    let MembersChange::Delta(delta) = members(json!([{"op": "add", "path": "members", "value": listed}]))
    else {
        panic!("not a delta")
    };
    assert_eq!(delta.len(), 5_000);
    let odd = json!([{"op": "add", "path": "members", "value": [{"value": "../../etc"}]}]);
    assert!(!members(odd).is_empty(), "what is no id of ours is for the store to leave out and record");
}

#[test]
fn c11_a_group_as_a_member_is_refused() {
    let nested =
        json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": "g", "type": "Group"}]}]});
    assert_eq!(group_change(&nested).unwrap_err().scim_type, Some(ScimType::InvalidValue));
}

#[test]
fn an_external_id_is_set_and_removed() {
    let external_id =
        |operation: Value| group_change(&json!({"Operations": [operation]})).unwrap().external_id;
    assert_eq!(external_id(json!({"op": "add", "path": "externalId", "value": "e"})), Some(Some("e".into())));
    assert_eq!(external_id(json!({"op": "remove", "path": "externalId"})), Some(None));
    assert_eq!(external_id(json!({"op": "replace", "path": "externalId", "value": null})), Some(None));
    assert_eq!(external_id(json!({"op": "add", "path": "externalId", "value": null})), None);
}

#[test]
fn c10_a_request_that_cannot_be_understood_is_refused_as_a_whole() {
    use ScimType::{InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget};
    let good = json!({"op": "add", "path": "members", "value": [{"value": "u1"}]});
    let rows = [
        (json!({"op": "move", "path": "members"}), InvalidSyntax),
        (json!({"path": "members"}), InvalidSyntax),
        (json!({"op": 1, "path": "members"}), InvalidSyntax),
        (json!({"op": "add", "OP": "remove", "path": "members", "value": []}), InvalidSyntax),
        (json!("remove"), InvalidSyntax),
        (json!({"op": "remove"}), NoTarget),
        (json!({"op": "remove", "path": ""}), NoTarget),
        (json!({"op": "remove", "value": {"members": []}}), NoTarget),
        (json!({"op": "add", "path": "members"}), InvalidValue),
        (json!({"op": "add", "value": "x"}), InvalidValue),
        (json!({"op": "add", "value": [{"displayName": "x"}]}), InvalidValue),
        (json!({"op": "add", "path": 7, "value": "x"}), InvalidPath),
        (json!({"op": "add", "path": "nope", "value": "x"}), InvalidPath),
        (json!({"op": "add", "path": "members..value", "value": "x"}), InvalidPath),
        (json!({"op": "remove", "path": "members[value eq u1]"}), InvalidFilter),
        (json!({"op": "remove", "path": "members[display eq \"x\"]"}), InvalidFilter),
        (json!({"op": "remove", "path": "members[not (value eq \"x\")]"}), InvalidFilter),
        (json!({"op": "remove", "path": "displayName"}), Mutability),
        (json!({"op": "replace", "path": "displayName", "value": null}), Mutability),
        (json!({"op": "replace", "path": "displayName", "value": 7}), InvalidValue),
        (json!({"op": "replace", "path": "displayName", "value": ""}), InvalidValue),
        (json!({"op": "replace", "path": "id", "value": "x"}), Mutability),
        (json!({"op": "replace", "path": "meta.version", "value": "x"}), Mutability),
        (json!({"op": "replace", "path": "members[value eq \"u1\"]", "value": {"value": "u2"}}), Mutability),
        (json!({"op": "replace", "path": "members[value eq \"u1\"].value", "value": "u2"}), Mutability),
        (json!({"op": "add", "path": "members", "value": [{"display": "x"}]}), InvalidValue),
        (json!({"op": "add", "path": "members", "value": 7}), InvalidValue),
    ];
    for (bad, scim_type) in rows {
        let error = group_change(&json!({"Operations": [good, bad]})).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(scim_type)), "{bad}");
    }
}

#[test]
fn c10_the_message_itself_must_be_a_patch() {
    let operation = json!({"op": "add", "path": "displayName", "value": "x"});
    for body in [
        json!([]),
        json!({}),
        json!({"Operations": {}}),
        json!({"Operations": []}),
        json!({"schemas": [], "Operations": [operation]}),
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "Operations": [operation]}),
        json!({"schemas": PATCH_URN, "Operations": [operation]}),
        json!({"Operations": [operation], "operations": [operation]}),
    ] {
        assert_eq!(group_change(&body).unwrap_err().scim_type, Some(ScimType::InvalidSyntax), "{body}");
    }
    assert!(group_change(&json!({"schemas": [PATCH_URN.to_uppercase()], "operations": [operation]})).is_ok());
}

#[test]
fn c10_1001_operations_are_413() {
    let operations = |count| vec![json!({"op": "remove", "path": "members[value eq \"u\"]"}); count];
    assert!(group_change(&json!({"Operations": operations(1_000)})).is_ok());
    assert_eq!(group_change(&json!({"Operations": operations(1_001)})).unwrap_err().status, 413);
}

#[test]
fn the_refusal_names_the_operation() {
    let body = json!({"Operations": [
        {"op": "add", "path": "externalId", "value": "e"},
        {"op": "add", "path": "nope", "value": "secret"},
    ]});
    let detail = group_change(&body).unwrap_err().detail;
    assert_eq!(detail, "Operation 2: The path of an operation names no attribute that is kept here.");
}

/// One operation as JSON, and what it does to a set.
#[derive(Debug, Clone)]
enum Step {
    Add(Vec<u8>),
    Remove(u8),
    RemoveListed(Vec<u8>),
    RemoveAll,
    Replace(Vec<u8>),
    ReplacePathless(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let ids = || prop::collection::vec(0..8u8, 0..4);
    prop_oneof![
        4 => ids().prop_map(Step::Add),
        4 => (0..8u8).prop_map(Step::Remove),
        1 => ids().prop_map(Step::RemoveListed),
        1 => Just(Step::RemoveAll),
        1 => ids().prop_map(Step::Replace),
        1 => ids().prop_map(Step::ReplacePathless),
    ]
}

impl Step {
    fn to_json(&self) -> Value {
        let listed = |ids: &[u8]| ids.iter().map(|id| json!({"value": id.to_string()})).collect::<Vec<_>>();
        match self {
            Self::Add(ids) => json!({"op": "add", "path": "members", "value": listed(ids)}),
            Self::Remove(id) => json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}),
            Self::RemoveListed(ids) => json!({"op": "remove", "path": "members", "value": listed(ids)}),
            Self::RemoveAll => json!({"op": "remove", "path": "members"}),
            Self::Replace(ids) => json!({"op": "replace", "path": "members", "value": listed(ids)}),
            Self::ReplacePathless(ids) => json!({"op": "replace", "value": {"members": listed(ids)}}),
        }
    }

    fn apply(&self, members: &mut BTreeSet<String>) {
        let texts = |ids: &[u8]| ids.iter().map(u8::to_string).collect::<Vec<_>>();
        match self {
            Self::Add(ids) => members.extend(texts(ids)),
            Self::Remove(id) => members.retain(|member| *member != id.to_string()),
            Self::RemoveListed(ids) => members.retain(|id| !texts(ids).contains(id)),
            Self::RemoveAll => members.clear(),
            Self::Replace(ids) | Self::ReplacePathless(ids) => *members = texts(ids).into_iter().collect(),
        }
    }
}

fn applied(change: &MembersChange, members: &BTreeSet<String>) -> BTreeSet<String> {
    match change {
        MembersChange::ReplaceAll(all) => all.clone(),
        MembersChange::Delta(delta) => {
            let on: BTreeMap<_, _> =
                members.iter().map(|id| (id.clone(), true)).chain(delta.clone()).collect();
            on.into_iter().filter_map(|(id, present)| present.then_some(id)).collect()
        }
    }
}

proptest! {
    /// The fold comes to what a server would have that applied one operation after the other.
    #[test]
    fn the_fold_is_the_operations_in_order(
        steps in prop::collection::vec(step(), 1..20),
        before in prop::collection::btree_set((0..8u8).prop_map(|id| id.to_string()), 0..8),
    ) {
        let mut naive = before.clone();
        for step in &steps {
            step.apply(&mut naive);
        }
        let change = members(steps.iter().map(Step::to_json).collect());
        prop_assert_eq!(applied(&change, &before), naive);
    }
}
