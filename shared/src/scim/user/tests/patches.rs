//! PATCH of a user: every form of RFC 7644 section 3.5.2, and a naive model beside it.

use super::*;
use crate::scim::patch::PatchRequest;

fn anna() -> UserAttributes {
    create(json!({
        "userName": "anna", "title": "Engineer", "name": {"givenName": "Anna", "familyName": "Okafor"},
        "emails": [{"value": "w@x.example", "type": "work", "primary": true}, {"value": "h@x.example", "type": "home"}],
        ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "m1", "displayName": "Mo"}},
    }))
    .unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "`json!` reads better without `&`")]
fn try_patch(user: &UserAttributes, operations: Value) -> Result<UserAttributes, ScimError> {
    let body = json!({"Operations": operations});
    user.apply_patch(&PatchRequest::parse(&Json::from(&body), ResourceKind::User)?)
}

/// Anna's attribute after one operation.
#[expect(clippy::needless_pass_by_value, reason = "`json!` reads better without `&`")]
fn after(operation: Value, attribute: &str) -> Value {
    let user = try_patch(&anna(), json!([operation])).unwrap_or_else(|error| panic!("{operation}: {error}"));
    stored(&user).get(attribute).cloned().unwrap_or_default()
}

#[test]
fn c09_simple_and_complex_attributes() {
    assert_eq!(after(json!({"op": "Replace", "path": "TITLE", "value": "CEO"}), "title"), "CEO");
    assert_eq!(after(json!({"op": "ADD", "value": {"Title": "CEO", "nope": 1, "id": "x"}}), "title"), "CEO");
    assert_eq!(after(json!({"op": "remove", "path": "title"}), "title"), json!(null));
    assert_eq!(after(json!({"op": "replace", "path": "title", "value": null}), "title"), json!(null));
    assert_eq!(after(json!({"op": "add", "path": "title", "value": null}), "title"), "Engineer");
    let renamed = json!({"givenName": "Ann", "familyName": "Okafor"});
    assert_eq!(after(json!({"op": "replace", "path": "name.givenName", "value": "Ann"}), "name"), renamed);
    assert_eq!(after(json!({"op": "replace", "value": {"name.givenName": "Ann"}}), "name"), renamed);
    assert_eq!(
        after(json!({"op": "replace", "path": "name", "value": {"givenname": "Ann"}}), "name"),
        renamed
    );
    assert_eq!(
        after(json!({"op": "replace", "value": {"name": {"givenName": null}}}), "name"),
        json!({"familyName": "Okafor"})
    );
    assert_eq!(
        after(json!({"op": "remove", "path": "name.givenName"}), "name"),
        json!({"familyName": "Okafor"})
    );
    assert_eq!(after(json!({"op": "remove", "path": "name"}), "name"), json!(null));
}

#[test]
fn c09_the_enterprise_extension_in_every_spelling() {
    let moved = json!({"department": "R&D", "manager": {"value": "m1", "displayName": "Mo"}});
    let department = format!("{}:Department", ENTERPRISE_URN.to_lowercase());
    for operation in [
        json!({"op": "replace", "path": department, "value": "R&D"}),
        json!({"op": "replace", "value": {department.as_str(): "R&D"}}),
        json!({"op": "replace", "value": {ENTERPRISE_URN: {"department": "R&D", "nope": 1}}}),
        json!({"op": "add", "path": ENTERPRISE_URN, "value": {"department": "R&D"}}),
    ] {
        assert_eq!(after(operation, ENTERPRISE_URN), moved);
    }
    let manager = format!("{ENTERPRISE_URN}:manager");
    let entra = after(json!({"op": "replace", "path": manager, "value": "m2"}), ENTERPRISE_URN);
    assert_eq!(entra["manager"]["value"], "m2");
    assert_eq!(
        after(json!({"op": "remove", "path": format!("{manager}.value")}), ENTERPRISE_URN)["manager"],
        json!({"displayName": "Mo"})
    );
    assert_eq!(after(json!({"op": "remove", "path": ENTERPRISE_URN}), ENTERPRISE_URN), json!(null));
}

#[test]
fn c09_values_that_a_filter_selects() {
    let work = |value: &str| json!([{"value": value, "type": "work", "primary": true}, {"value": "h@x.example", "type": "home"}]);
    for operation in [
        json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@x.example"}),
        json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": "n@x.example"}),
        json!({"op": "add", "path": "emails[primary eq true]", "value": {"value": "n@x.example"}}),
        json!({"op": "replace", "value": {"emails[type eq \"work\"].value": "n@x.example"}}),
        json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "n@x.example", "type": "work", "primary": true}}),
    ] {
        assert_eq!(after(operation, "emails"), work("n@x.example"));
    }
    let added = after(
        json!({"op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "5"}),
        "phoneNumbers",
    );
    assert_eq!(added, json!([{"type": "mobile", "value": "5"}]), "Entra adds to users without one");
    let home_only = json!([{"value": "h@x.example", "type": "home"}]);
    assert_eq!(after(json!({"op": "remove", "path": "emails[type eq \"work\"]"}), "emails"), home_only);
    assert_eq!(
        after(json!({"op": "remove", "path": "emails", "value": [{"type": "work"}]}), "emails"),
        home_only
    );
    assert_eq!(after(json!({"op": "remove", "path": "emails[value pr]"}), "emails"), json!(null));
    assert_eq!(
        after(json!({"op": "remove", "path": "emails[type eq \"fax\"]"}), "emails").as_array().unwrap().len(),
        2
    );
    assert_eq!(after(json!({"op": "remove", "path": "emails.display"}), "emails"), stored(&anna())["emails"]);
    assert_eq!(
        after(json!({"op": "remove", "path": "emails.type"}), "emails"),
        json!([{"value": "w@x.example", "primary": true}, {"value": "h@x.example"}])
    );
}

#[test]
fn adding_a_value_that_is_there_adds_nothing_and_one_value_is_primary() {
    let same = json!({"op": "add", "path": "emails", "value": [{"value": "h@x.example", "type": "home"}]});
    assert_eq!(after(same, "emails"), stored(&anna())["emails"]);
    let primaries = |operation: Value| {
        let emails = after(operation, "emails");
        let emails: Vec<_> = emails
            .as_array()
            .unwrap()
            .iter()
            .filter(|e| e["primary"] == true)
            .map(|e| e["value"].clone())
            .collect();
        emails
    };
    assert_eq!(
        primaries(json!({"op": "add", "path": "emails", "value": {"value": "n", "primary": true}})),
        ["n"]
    );
    assert_eq!(
        primaries(json!({"op": "add", "path": "emails[type eq \"home\"].primary", "value": true})),
        ["h@x.example"]
    );
    assert_eq!(
        primaries(json!({"op": "replace", "path": "emails", "value": [{"value": "n", "primary": true}]})),
        ["n"]
    );
}

#[test]
fn c10_a_patch_that_cannot_be_applied_changes_nothing() {
    use ScimType::{InvalidPath, InvalidValue, Mutability, NoTarget};
    let rows = [
        (json!({"op": "remove", "path": "userName"}), Mutability),
        (json!({"op": "replace", "path": "userName", "value": null}), Mutability),
        (json!({"op": "replace", "value": {"userName": null}}), Mutability),
        (json!({"op": "replace", "path": "userName", "value": " "}), InvalidValue),
        (json!({"op": "replace", "path": "userName", "value": 7}), InvalidValue),
        (json!({"op": "remove", "path": "active"}), Mutability),
        (json!({"op": "replace", "path": "active", "value": null}), Mutability),
        (json!({"op": "replace", "path": "active", "value": "no"}), InvalidValue),
        (json!({"op": "replace", "path": "id", "value": "x"}), Mutability),
        (json!({"op": "add", "path": "groups", "value": [{"value": "g"}]}), Mutability),
        (json!({"op": "add", "path": "groups[value eq \"g\"]", "value": {"value": "h"}}), Mutability),
        (json!({"op": "replace", "path": "meta.version", "value": "x"}), Mutability),
        (json!({"op": "add", "path": "roles", "value": [{"value": "Admin"}]}), InvalidPath),
        (json!({"op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x"}), NoTarget),
        (json!({"op": "replace", "path": "emails[type eq \"fax\"]", "value": {"value": "x"}}), NoTarget),
        (json!({"op": "add", "path": "emails[not (type pr)].value", "value": "x"}), NoTarget),
        (json!({"op": "remove"}), NoTarget),
        (json!({"op": "replace", "path": "emails.primary", "value": true}), InvalidValue),
        (json!({"op": "replace", "path": "name", "value": "Anna"}), InvalidValue),
        (json!({"op": "replace", "path": ENTERPRISE_URN, "value": "x"}), InvalidValue),
    ];
    let user = anna();
    for (bad, scim_type) in rows {
        let error =
            try_patch(&user, json!([{"op": "replace", "value": {"title": "changed"}}, bad])).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(scim_type)), "{bad}");
        assert_eq!(user, anna());
    }
    let big = json!([{"op": "add", "path": "title", "value": "x".repeat(MAX_ATTRIBUTES)}]);
    assert_eq!(try_patch(&user, big).unwrap_err().status, 413);
}

#[test]
fn operations_apply_in_their_order() {
    let operations = json!([
        {"op": "replace", "path": "title", "value": "a"},
        {"op": "remove", "path": "title"},
        {"op": "add", "path": "nickName", "value": "n"},
        {"op": "replace", "value": {"nickName": "m", "active": "False"}},
    ]);
    let user = stored(&try_patch(&anna(), operations).unwrap());
    assert_eq!((user.get("title"), &user["nickName"], &user["active"]), (None, &json!("m"), &json!(false)));
}

/// An operation on one of a few places, each of which is one slot of a flat model.
#[derive(Debug, Clone)]
struct Step {
    op: &'static str,
    place: usize,
    value: String,
    pathless: bool,
}

/// (path, how to read the slot from what is stored)
const PLACES: [(&str, &str); 5] = [
    ("title", "/title"),
    ("name.givenName", "/name/givenName"),
    ("name.familyName", "/name/familyName"),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
    ),
    (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
        "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/displayName",
    ),
];

fn step() -> impl Strategy<Value = Step> {
    (prop::sample::select(vec!["add", "Replace", "remove"]), 0..PLACES.len(), "[a-z]{0,3}", any::<bool>())
        .prop_map(|(op, place, value, pathless)| Step { op, place, value, pathless })
}

proptest! {
    /// Any operations on single places come to what a flat table of those places would hold.
    #[test]
    fn patches_agree_with_a_flat_model(steps in prop::collection::vec(step(), 1..12)) {
        let user = anna();
        let slots = |user: &UserAttributes| {
            let stored = stored(user);
            PLACES.map(|(_, pointer)| stored.pointer(pointer).and_then(Value::as_str).map(str::to_owned))
        };
        let mut model = slots(&user);
        let operations: Vec<_> = steps.iter().map(|step| {
            let path = PLACES[step.place].0;
            if step.op == "remove" {
                model[step.place] = None;
                json!({"op": step.op, "path": path})
            } else {
                model[step.place] = Some(step.value.clone());
                if step.pathless {
                    json!({"op": step.op, "value": {path: step.value}})
                } else {
                    json!({"op": step.op, "path": path, "value": step.value})
                }
            }
        }).collect();
        let patched = try_patch(&user, operations.into()).unwrap();
        prop_assert_eq!(slots(&patched), model);
        prop_assert_eq!(&stored(&patched)["emails"], &stored(&user)["emails"]);
        // What is kept is what a PUT of it would keep.
        prop_assert_eq!(UserAttributes::from_replace(&stored(&patched), true).unwrap(), patched);
    }
}
