//! `/_twin`: set up and looked into over HTTP only.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{CLIENT, Fixture};

#[tokio::test]
async fn an_org_is_set_up_without_touching_the_process() {
    let fixture = Fixture::start().await;
    let at = |path: &str| format!("{}/_twin{path}", fixture.twin.base_url());
    let put = async |path: &str, body: Value| {
        let response = fixture.http.put(at(path)).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json::<Value>().await.unwrap()
    };
    let look =
        async |path: &str| fixture.http.get(at(path)).send().await.unwrap().json::<Value>().await.unwrap();

    let service = put(&format!("/service-apps/{CLIENT}"), json!({
        "label": "By HTTP", "jwks": fixture.key.jwks(), "scopes": ["okta.threatInsights.read"], "roles": ["READ_ONLY_ADMIN"],
    }))
    .await;
    assert_eq!((&service["client_id"], &service["dpop"]), (&json!(CLIENT), &json!(false)));
    assert_eq!(look("/service-apps").await[CLIENT]["label"], "By HTTP");
    let saml = put("/saml-apps/acme", json!({ "acs_url": "http://sp/acs", "audience": "http://sp" })).await;
    assert_eq!(saml["metadata_url"], fixture.twin.metadata_url("acme"));
    let index = fixture.http.get(at("")).send().await.unwrap().text().await.unwrap();
    assert!(index.contains(r#"href="/home/acme""#) && index.contains(r#"href="/_twin/counters""#));

    let answer: Value = fixture
        .ask(&fixture.assertion(&fixture.claims()), "okta.threatInsights.read", None)
        .await
        .json()
        .await
        .unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let threats = async || fixture.get(token, "/api/v1/threats/configuration").await;
    assert_eq!(threats().await.json::<Value>().await.unwrap()["action"], "audit");
    let fixed = json!({ "path": "/api/v1/threats/configuration", "change": { "action": "block" } });
    assert_eq!(fixture.http.patch(at("/org")).json(&fixed).send().await.unwrap().status(), 200);
    assert_eq!(threats().await.json::<Value>().await.unwrap()["action"], "block");

    put("/faults", json!([{ "path": "/api/v1/threats/{}", "code": "E0000009", "times": 1 }])).await;
    assert_eq!(threats().await.status(), 500);
    put("/limits", json!({ "scale": 0.01, "share": 0.5 })).await;
    assert_eq!(threats().await.status(), 429);
    let counters = look("/counters").await;
    assert_eq!((&counters["refused"], &counters["writes"]), (&json!(1), &json!(0)));
    assert_eq!(fixture.http.delete(at("/counters")).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(look("/counters").await["requests"], 0);

    let locked = look("/users?search=status%20eq%20%22SUSPENDED%22&limit=1").await;
    assert_eq!((locked.as_array().unwrap().len(), &locked[0]["status"]), (1, &json!("SUSPENDED")));
    assert_eq!(look("/answers").await.as_array().unwrap().len(), fixture.twin.known_answers().len());
    let unknown = fixture.http.post(at("/scim/nothing/assign")).json(&json!({})).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}
