//! The bodies Okta sends.

use serde_json::{Map, Value, json};

use super::Stop;
use crate::org::id;
use crate::seed::fresh;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// `POST /Users`: always with a password, the Okta id, and an empty list of groups.
pub(super) fn create_user(user: &Value) -> Value {
    let mut body = json!({ "schemas": [USER] });
    map_attributes(user, &mut body);
    if body.get(ENTERPRISE).is_some() {
        body["schemas"] = json!([USER, ENTERPRISE]);
    }
    body["locale"] = json!("en-US");
    body["externalId"] = json!(id(user));
    body["groups"] = json!([]);
    body["password"] = json!(fresh(16));
    body["active"] = json!(true);
    body
}

/// Writes the mapped attributes of a user into a SCIM body, and leaves the rest of it as it is.
pub(super) fn map_attributes(user: &Value, body: &mut Value) {
    let profile = &user["profile"];
    let text = |name: &str| profile[name].as_str().unwrap_or_default();
    body["userName"] = json!(text("login"));
    if !body["name"].is_object() {
        body["name"] = json!({});
    }
    body["name"]["givenName"] = json!(text("firstName"));
    body["name"]["familyName"] = json!(text("lastName"));
    body["emails"] = json!([{ "primary": true, "value": text("email"), "type": "work" }]);
    body["displayName"] = match profile["displayName"].as_str() {
        Some(name) => json!(name),
        None => json!(format!("{} {}", text("firstName"), text("lastName"))),
    };
    if let Some(department) = profile["department"].as_str() {
        if !body[ENTERPRISE].is_object() {
            body[ENTERPRISE] = json!({});
        }
        body[ENTERPRISE]["department"] = json!(department);
    }
}

/// `PATCH /Users/{id}`: no path.
pub(super) fn patch_active(active: bool) -> Value {
    patch(&[json!({ "op": "replace", "value": { "active": active } })])
}

/// `PATCH /Groups/{id}`: no path, the id inside the value.
pub(super) fn patch_name(scim_id: &str, name: &str) -> Value {
    patch(&[json!({ "op": "replace", "value": { "id": scim_id, "displayName": name } })])
}

/// `PATCH /Groups/{id}`: removals first, one operation each; additions in one.
pub(super) fn patch_members(add: &[Value], remove: &[String]) -> Value {
    let mut operations: Vec<Value> = remove
        .iter()
        .map(|member| json!({ "op": "remove", "path": format!("members[value eq \"{member}\"]") }))
        .collect();
    if !add.is_empty() {
        operations.push(json!({ "op": "add", "path": "members", "value": add }));
    }
    patch(&operations)
}

/// `PATCH /Groups/{id}`, "Push now": the whole list.
pub(super) fn patch_all_members(members: &[Value]) -> Value {
    patch(&[json!({ "op": "replace", "path": "members", "value": members })])
}

pub(super) fn create_group(name: &str) -> Value {
    json!({ "schemas": [GROUP], "displayName": name, "members": [] })
}

/// A member: no `type`.
pub(super) fn member(scim_id: &str, user: &Value) -> Value {
    json!({ "value": scim_id, "display": user["profile"]["login"] })
}

/// What a PUT sends back of a GET: everything, if it was an object at all.
pub(super) fn echo(body: Value) -> Value {
    if body.is_object() { body } else { Value::Object(Map::new()) }
}

/// The id of what was created; a body without one is an error to Okta.
pub(super) fn returned_id(created: &Value, what: &str) -> Result<String, Stop> {
    let id = created.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| Stop::Failed(format!("The remote server returned an empty {what}.")))
}

fn patch(operations: &[Value]) -> Value {
    json!({ "schemas": [PATCH], "Operations": operations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_of_members_removes_before_it_adds() {
        assert_eq!(
            patch_members(&[json!({"value": "2", "display": "b"})], &["1".to_owned()])["Operations"],
            json!([
                {"op": "remove", "path": "members[value eq \"1\"]"},
                {"op": "add", "path": "members", "value": [{"value": "2", "display": "b"}]},
            ])
        );
    }

    #[test]
    fn mapping_keeps_what_the_other_side_sent() {
        let user = json!({"id": "00u1", "profile": {"login": "a@example.com", "firstName": "A", "lastName": "B", "email": "a@example.com"}});
        let mut body =
            json!({"id": "x", "meta": {"version": "1"}, "name": {"middleName": "M"}, "nickName": "n"});
        map_attributes(&user, &mut body);
        assert_eq!(body["name"], json!({"middleName": "M", "givenName": "A", "familyName": "B"}));
        assert_eq!((&body["nickName"], &body["meta"]["version"]), (&json!("n"), &json!("1")));
    }
}
