use serde_json::{Value, json};

use super::*;
use crate::scim::ScimType;
use crate::scim::filter::Lookup;

const USER: ResourceKind = ResourceKind::User;

fn query(query: &str) -> Result<ListQuery, ScimError> {
    ListQuery::parse(form_urlencoded::parse(query.as_bytes()), USER)
}

#[test]
fn oktas_queries_are_read() {
    let test_credentials = query("startIndex=1&count=2").unwrap();
    assert_eq!((test_credentials.start_index, test_credentials.count), (1, 2));
    let assign = query("filter=userName%20eq%20%22anna%40example.com%22&startIndex=1&count=100").unwrap();
    assert_eq!(assign.filter.unwrap().lookup(), Lookup::UserName("anna@example.com"));
    let all = query("").unwrap();
    assert_eq!((all.start_index, all.count, all.filter, all.sort, all.cursor), (1, 100, None, None, None));
}

#[test]
fn c18_numbers_out_of_range_are_clamped_and_other_texts_refused() {
    let rows = [
        ("startIndex=0", 1, 100),
        ("startIndex=-1", 1, 100),
        ("startIndex=9000000000", 9_000_000_000, 100),
        ("startIndex=99999999999999999999999", i64::MAX.unsigned_abs(), 100),
        ("count=-1", 1, 0),
        ("count=0", 1, 0),
        ("count=1000000", 1, 200),
        ("count=200", 1, 200),
        ("count=-99999999999999999999999", 1, 0),
    ];
    for (text, start_index, count) in rows {
        let query = query(text).unwrap();
        assert_eq!((query.start_index, query.count), (start_index, count), "{text}");
    }
    for text in
        ["count=abc", "count=", "count=1.5", "count=1e6", "startIndex=9e9", "startIndex=+1", "startIndex=--1"]
    {
        assert_eq!(query(text).unwrap_err().scim_type, Some(ScimType::InvalidValue), "{text}");
    }
}

#[test]
fn a_parameter_counts_once_and_unknown_ones_do_not() {
    assert_eq!(query("count=1&count=2").unwrap_err().scim_type, Some(ScimType::InvalidValue));
    assert_eq!(query("_=1&_=2&Count=5").unwrap().count, DEFAULT_COUNT);
}

#[test]
fn sorting_needs_an_attribute_and_a_direction_that_exist() {
    assert!(query("sortBy=NAME.familyname&sortOrder=Descending").unwrap().sort.unwrap().descending);
    assert_eq!(query("sortBy=emails").unwrap().sort.unwrap().by.to_string(), "emails.value");
    for text in ["sortBy=nope", "sortBy=name", "sortBy=title&sortOrder=up"] {
        assert_eq!(query(text).unwrap_err().scim_type, Some(ScimType::InvalidValue), "{text}");
    }
}

#[test]
fn a_search_body_is_the_same_query() {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "title pr", "startIndex": 0, "count": 1000, "sortBy": "title", "sortOrder": "descending",
        "attributes": ["userName", "name.givenName"], "cursor": "",
    });
    let by_query = query(
        "filter=title%20pr&startIndex=0&count=1000&sortBy=title&sortOrder=descending&attributes=userName,name.givenName&cursor=",
    );
    assert_eq!(ListQuery::from_search(&Json::from(&body), USER).unwrap(), by_query.unwrap());
    for body in [json!([]), json!({"count": "5"}), json!({"count": 1.5}), json!({"attributes": "userName"})] {
        assert!(ListQuery::from_search(&Json::from(&body), USER).is_err(), "{body}");
    }
}

#[test]
fn a_page_has_integers() {
    insta::assert_json_snapshot!(ListResponse::by_index(7, 3, &[json!({"id": "a"})]), @r#"
    {
      "schemas": [
        "urn:ietf:params:scim:api:messages:2.0:ListResponse"
      ],
      "totalResults": 7,
      "itemsPerPage": 1,
      "startIndex": 3,
      "Resources": [
        {
          "id": "a"
        }
      ]
    }
    "#);
    let none: [Value; 0] = [];
    let by_cursor = serde_json::to_value(ListResponse::by_cursor(7, Some("next".to_owned()), &none)).unwrap();
    assert_eq!(by_cursor.get("startIndex"), None);
    assert_eq!(by_cursor["nextCursor"], "next");
    assert_eq!(by_cursor["Resources"], json!([]));
}
