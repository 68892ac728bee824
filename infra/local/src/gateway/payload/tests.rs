//! As AWS documents format 2.0:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.

use axum::http::Request;

use super::*;

/// The event that a request becomes.
fn of(request: Request<()>, body: &[u8]) -> Value {
    let parameters = vec![("org".to_owned(), "o1".to_owned())];
    let found = Match { function: "console", route_key: "POST /orgs/{org}".to_owned(), parameters };
    let arrival = Arrival {
        domain_name: "acme.localhost",
        request_id: "gw-1",
        at: "2026-03-01T08:00:00.5Z".parse().unwrap(),
        source_ip: "127.0.0.1",
    };
    event(&request.into_parts().0, body, &found, &arrival)
}

fn with_body(kind: Option<&str>, body: &[u8]) -> Value {
    let mut request = Request::post("/orgs/o1");
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    of(request.body(()).unwrap(), body)
}

/// Status, headers in order, body.
async fn answered(value: &Value) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let (parts, body) = answer(value).unwrap().into_parts();
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (parts.status.as_u16(), headers.collect(), axum::body::to_bytes(body, 1024).await.unwrap().to_vec())
}

#[test]
fn a_request_arrives_as_format_2_0() {
    let request = Request::post("/orgs/o1?a=1&b=x%20y&a=2+3").header("user-agent", "curl").body(()).unwrap();
    let event = of(request, b"");
    assert_eq!((&event["version"], &event["routeKey"]), (&json!("2.0"), &json!("POST /orgs/{org}")));
    assert_eq!(
        (&event["rawPath"], &event["rawQueryString"]),
        (&json!("/orgs/o1"), &json!("a=1&b=x%20y&a=2+3"))
    );
    assert_eq!(event["queryStringParameters"], json!({ "a": "1,2 3", "b": "x y" }));
    assert_eq!(event["pathParameters"], json!({ "org": "o1" }));
    let context = &event["requestContext"];
    assert_eq!(
        (&context["domainName"], &context["domainPrefix"]),
        (&json!("acme.localhost"), &json!("acme"))
    );
    assert_eq!(
        (&context["time"], &context["timeEpoch"]),
        (&json!("01/Mar/2026:08:00:00 +0000"), &json!(1_772_352_000_500_i64))
    );
    assert_eq!((&context["http"]["method"], &context["http"]["userAgent"]), (&json!("POST"), &json!("curl")));
    assert_eq!((event.get("body"), event.get("cookies")), (None, None), "what is not there is not said");
}

#[test]
fn headers_of_one_name_are_joined_and_cookies_stand_alone() {
    let request = Request::get("/")
        .header("X-Many", "1")
        .header("x-many", "2, 3")
        .header("cookie", "a=1; b=2")
        .header("cookie", "c=3;")
        .body(())
        .unwrap();
    let event = of(request, b"");
    assert_eq!(event["headers"]["x-many"], "1,2, 3");
    assert_eq!(event["headers"].get("cookie"), None);
    assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
    assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
}

#[test]
fn text_arrives_as_it_is_and_all_else_in_base64() {
    for kind in ["application/json", "Application/JSON; charset=utf-8", "text/csv", "application/xml"] {
        let event = with_body(Some(kind), "{\"ä\": 1}".as_bytes());
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("{\"ä\": 1}"), &json!(false)),
            "{kind}"
        );
    }
    let others = [
        Some("application/x-www-form-urlencoded"),
        Some("application/scim+json"),
        Some("application/octet-stream"),
        None,
    ];
    for kind in others {
        let event = with_body(kind, b"a=1");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("YT0x"), &json!(true)), "{kind:?}");
    }
    let event = with_body(Some("text/plain"), &[0xff, 0x00]);
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/wA="), &json!(true)), "no UTF-8");
}

#[tokio::test]
async fn an_answer_is_what_the_function_said() {
    let (status, headers, body) = answered(&json!({
        "statusCode": 201,
        "headers": { "Content-Type": "text/plain", "x-one": "1" },
        "multiValueHeaders": { "x-one": ["not this"], "x-many": ["1", "2"] },
        "cookies": ["a=1; Path=/", "b=2"],
        "body": "made",
        "isBase64Encoded": false,
    }))
    .await;
    let want = [
        ("content-type", "text/plain"),
        ("x-one", "1"),
        ("x-many", "1"),
        ("x-many", "2"),
        ("set-cookie", "a=1; Path=/"),
        ("set-cookie", "b=2"),
    ];
    let want = want.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!((status, headers, body), (201, want.to_vec(), b"made".to_vec()));
}

#[tokio::test]
async fn an_answer_in_base64_goes_out_as_bytes() {
    let (status, _, body) =
        answered(&json!({ "statusCode": 200, "body": "/wA=", "isBase64Encoded": true })).await;
    assert_eq!((status, body), (200, vec![0xff, 0x00]));
    let (status, headers, body) = answered(&json!({ "statusCode": 204, "body": null })).await;
    assert_eq!((status, headers, body), (204, Vec::new(), Vec::new()));
}

#[test]
fn what_is_no_answer_is_an_error() {
    for bad in [
        json!(null),
        json!({ "body": "no status" }),
        json!({ "statusCode": 20 }),
        json!({ "statusCode": 70_000 }),
        json!({ "statusCode": 200, "body": "!", "isBase64Encoded": true }),
        json!({ "statusCode": 200, "headers": { "not a name": "x" } }),
        json!({ "statusCode": 200, "headers": { "x": "two\r\nlines" } }),
    ] {
        assert!(answer(&bad).is_err(), "{bad}");
    }
}
