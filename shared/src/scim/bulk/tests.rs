use serde_json::{Value, json};

use super::*;
use crate::scim::ScimType;

fn request(operations: &Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "failOnErrors": 1,
        "Operations": operations,
    })
}

fn post(bulk_id: &str, manager: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"userName": bulk_id, "title": manager}})
}

fn order(operations: &Value) -> Vec<usize> {
    BulkRequest::parse(&Json::from(&request(operations))).unwrap().order()
}

fn refused(operations: &Value) -> (u16, Option<ScimType>) {
    let error = BulkRequest::parse(&Json::from(&request(operations))).unwrap_err();
    (error.status, error.scim_type)
}

#[test]
fn each_operation_names_a_resource_and_what_to_do() {
    let body = request(&json!([
        {"method": "post", "path": "/Users", "bulkId": "a", "data": {"userName": "a"}},
        {"method": "PATCH", "path": "/Groups/g1", "version": "W/\"3\"", "data": {"Operations": []}},
        {"method": "DELETE", "path": "/Users/u1"},
    ]));
    let body = Json::from(&body);
    let request = BulkRequest::parse(&body).unwrap();
    assert_eq!(request.fail_on_errors, Some(1));
    let [create, patch, delete] = request.operations.as_slice() else { panic!("three") };
    assert_eq!((create.method, create.kind, create.bulk_id), (Method::Post, ResourceKind::User, Some("a")));
    assert_eq!((patch.method, patch.kind), (Method::Patch, ResourceKind::Group));
    assert!(patch.if_match.as_ref().is_some_and(|wanted| wanted.allows(3) && !wanted.allows(4)));
    assert_eq!(delete.resolved(&Created::new()).unwrap(), (Some("u1".to_owned()), Json::Null));
}

#[test]
fn c26_more_operations_than_advertised_are_413() {
    let many = |count| Value::from(vec![json!({"method": "DELETE", "path": "/Users/u1"}); count]);
    assert_eq!(order(&many(MAX_OPERATIONS)).len(), MAX_OPERATIONS);
    assert_eq!(refused(&many(MAX_OPERATIONS + 1)), (413, None));
}

#[test]
fn c26_a_request_that_cannot_be_understood_is_refused_as_a_whole() {
    use ScimType::{InvalidPath, InvalidSyntax, InvalidValue};
    let good = post("a", "x");
    for (bad, scim_type) in [
        (json!({"method": "GET", "path": "/Users/u1"}), InvalidSyntax),
        (json!({"path": "/Users", "bulkId": "b", "data": {}}), InvalidSyntax),
        (json!({"method": "POST", "path": "/Users", "data": {}}), InvalidSyntax),
        (json!({"method": "POST", "path": "/Users", "bulkId": "b"}), InvalidSyntax),
        (json!({"method": "POST", "path": "/Users", "bulkId": "b", "data": []}), InvalidSyntax),
        (json!({"method": "POST", "path": "/Users/u1", "bulkId": "b", "data": {}}), InvalidPath),
        (json!({"method": "PUT", "path": "/Users", "data": {}}), InvalidPath),
        (json!({"method": "DELETE", "path": "/Users/"}), InvalidPath),
        (json!({"method": "DELETE", "path": "/Users/u1/x"}), InvalidPath),
        (json!({"method": "DELETE", "path": "/Usersu1"}), InvalidPath),
        (json!({"method": "DELETE", "path": "/Schemas/u1"}), InvalidPath),
        (json!({"method": "DELETE", "path": 7}), InvalidValue),
        (json!("DELETE"), InvalidSyntax),
        (post("a", "y"), InvalidValue),
        (post("b", "bulkId:nobody"), InvalidValue),
        (json!({"method": "DELETE", "path": "/Users/bulkId:nobody"}), InvalidValue),
    ] {
        assert_eq!(refused(&json!([good, bad])), (400, Some(scim_type)), "{bad}");
    }
    for count in [json!(0), json!(-1), json!("1"), json!(1.5)] {
        let body = json!({"failOnErrors": count, "Operations": []});
        assert_eq!(BulkRequest::parse(&Json::from(&body)).unwrap_err().status, 400, "{count}");
    }
}

#[test]
fn c26_references_forward_are_waited_for_and_circles_are_left_out() {
    assert_eq!(order(&json!([post("a", ""), post("b", ""), post("c", "")])), [0, 1, 2]);
    assert_eq!(order(&json!([post("a", "bulkId:c"), post("b", "bulkId:a"), post("c", "")])), [2, 0, 1]);
    let circle = json!([post("a", "bulkId:b"), post("b", "bulkId:a"), post("c", ""), post("d", "bulkId:a")]);
    assert_eq!(order(&circle), [2]);
    assert_eq!(order(&json!([post("a", "bulkId:a")])), [0; 0]);
}

#[test]
fn a_reference_becomes_the_id_wherever_it_stands() {
    let body = request(&json!([
        post("a", ""),
        {"method": "PATCH", "path": "/Groups/bulkId:a", "data": {
            "Operations": [{"op": "add", "path": "members", "value": [{"value": "bulkId:a"}, {"value": "u2"}]}],
        }},
    ]));
    let body = Json::from(&body);
    let request = BulkRequest::parse(&body).unwrap();
    let (id, data) = request.operations[1].resolved(&Created::from([("a", "u1".to_owned())])).unwrap();
    assert_eq!(id.as_deref(), Some("u1"));
    assert_eq!(
        Value::from(data),
        json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]}]})
    );
    assert_eq!(request.operations[1].resolved(&Created::new()).unwrap_err().status, 409);
}

#[test]
fn an_answer_has_its_numbers_as_strings() {
    let body = request(&json!([post("a", ""), {"method": "DELETE", "path": "/Users/u1"}]));
    let body = Json::from(&body);
    let request = BulkRequest::parse(&body).unwrap();
    let base = "https://acme.example.com/scim/v2";
    let answer = BulkResponse::new(vec![
        BulkOutcome::done(&request.operations[0], 201, format!("{base}/Users/u7"), Some(1)),
        BulkOutcome::failed(&request.operations[1], base, &ScimError::not_found()),
    ]);
    insta::assert_json_snapshot!(answer, @r#"
    {
      "schemas": [
        "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
      ],
      "Operations": [
        {
          "location": "https://acme.example.com/scim/v2/Users/u7",
          "method": "POST",
          "bulkId": "a",
          "version": "W/\"1\"",
          "status": "201"
        },
        {
          "location": "https://acme.example.com/scim/v2/Users/u1",
          "method": "DELETE",
          "status": "404",
          "response": {
            "schemas": [
              "urn:ietf:params:scim:api:messages:2.0:Error"
            ],
            "status": "404",
            "detail": "No such resource."
          }
        }
      ]
    }
    "#);
}
