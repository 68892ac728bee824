//! The token endpoint: what is refused, and DPoP.

use aws_lc_rs::digest::{SHA256, digest};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, encode};
use serde_json::{Value, json};

use super::{CLIENT, Fixture, Key};
use crate::ServiceApp;
use crate::seed::fresh;

#[tokio::test]
async fn a_token_is_issued_and_works() {
    let fixture = Fixture::start().await;
    let response =
        fixture.ask(&fixture.assertion(&fixture.claims()), "okta.users.read okta.groups.read", None).await;
    assert_eq!(response.status(), 200);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 3600);
    assert_eq!(answer["scope"], "okta.groups.read okta.users.read");
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(fixture.get(token, "/api/v1/users").await.status(), 200);
    fixture.clock.forward(3_600);
    let expired = fixture.get(token, "/api/v1/users").await;
    assert_eq!(expired.status(), 401);
    assert_eq!(expired.json::<Value>().await.unwrap()["errorCode"], "E0000011");
}

#[tokio::test]
async fn a_wrong_assertion_gives_no_token() {
    let fixture = Fixture::start().await;
    let now = fixture.clock.second();
    for (name, value) in [
        ("iss", json!("0oaSomebodyElse")),
        ("aud", json!(fixture.twin.base_url())),
        ("exp", json!(now)),
        ("exp", json!(now + 3_601)),
        ("iat", json!(now + 3_600)),
        ("jti", json!("")),
        ("sub", json!("0oaUnknown")),
    ] {
        let mut claims = fixture.claims();
        claims[name] = value;
        let response = fixture.ask(&fixture.assertion(&claims), "okta.users.read", None).await;
        assert_eq!(response.status(), 401, "{name}");
        assert_eq!(response.json::<Value>().await.unwrap()["error"], "invalid_client", "{name}");
    }
    let other = Key::new(Some("k1"));
    let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::ES256) };
    let forged = encode(&header, &fixture.claims(), &other.signing).unwrap();
    assert_eq!(fixture.ask(&forged, "okta.users.read", None).await.status(), 401);
    let header = Header { kid: Some("k2".to_owned()), ..Header::new(Algorithm::ES256) };
    let unknown = encode(&header, &fixture.claims(), &fixture.key.signing).unwrap();
    assert_eq!(fixture.ask(&unknown, "okta.users.read", None).await.status(), 401);
}

#[tokio::test]
async fn an_assertion_works_once() {
    let fixture = Fixture::start().await;
    let assertion = fixture.assertion(&fixture.claims());
    assert_eq!(fixture.ask(&assertion, "okta.users.read", None).await.status(), 200);
    assert_eq!(fixture.ask(&assertion, "okta.users.read", None).await.status(), 401);
}

#[tokio::test]
async fn one_scope_too_many_gives_no_token() {
    let fixture = Fixture::start().await;
    for scope in ["", "okta.users.read okta.users.manage"] {
        let response = fixture.ask(&fixture.assertion(&fixture.claims()), scope, None).await;
        assert_eq!(response.json::<Value>().await.unwrap()["error"], "invalid_scope");
    }
}

#[tokio::test]
async fn keys_are_read_from_where_the_app_publishes_them() {
    let fixture = Fixture::start().await;
    let jwks = fixture.key.jwks();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/keys", get(move || async move { Json(jwks) }));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let service = ServiceApp {
        jwks: None,
        jwks_uri: Some(format!("http://acme.localhost:{port}/keys")),
        ..fixture.service()
    };
    fixture.twin.put_service_app(service.clone());
    assert_eq!(
        fixture.ask(&fixture.assertion(&fixture.claims()), "okta.users.read", None).await.status(),
        200
    );
    let gone = ServiceApp { jwks_uri: Some(format!("http://acme.localhost:{port}/nothing")), ..service };
    fixture.twin.put_service_app(gone);
    assert_eq!(
        fixture.ask(&fixture.assertion(&fixture.claims()), "okta.users.read", None).await.status(),
        401
    );
}

fn proof(fixture: &Fixture, key: &Key, claims: &Value) -> String {
    let mut all = json!({ "iat": fixture.clock.second(), "jti": fresh(20) });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    let header = Header {
        typ: Some("dpop+jwt".to_owned()),
        jwk: Some(key.public.clone()),
        ..Header::new(Algorithm::ES256)
    };
    encode(&header, &all, &key.signing).unwrap()
}

#[tokio::test]
async fn a_bound_token_needs_a_nonce_and_a_proof_per_request() {
    let fixture = Fixture::start().await;
    fixture.twin.put_service_app(ServiceApp { dpop: true, ..fixture.service() });
    let key = Key::new(None);
    let ask = async |claims: Option<Value>| {
        let proof = claims.map(|claims| proof(&fixture, &key, &claims));
        fixture.ask(&fixture.assertion(&fixture.claims()), "okta.users.read", proof.as_deref()).await
    };
    let missing: Value = ask(None).await.json().await.unwrap();
    assert_eq!(missing["error"], "invalid_dpop_proof");

    let target = json!({ "htm": "POST", "htu": fixture.token_url() });
    let response = ask(Some(target.clone())).await;
    assert_eq!(response.status(), 400);
    let nonce = response.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    assert_eq!(response.json::<Value>().await.unwrap()["error"], "use_dpop_nonce");

    let with_nonce = json!({ "htm": "POST", "htu": fixture.token_url(), "nonce": nonce });
    let answer: Value = ask(Some(with_nonce)).await.json().await.unwrap();
    assert_eq!(answer["token_type"], "DPoP");
    let token = answer["access_token"].as_str().unwrap();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((&payload["cnf"]["jkt"], &payload["cid"]), (&json!(key.thumbprint()), &json!(CLIENT)));

    let url = format!("{}/api/v1/users", fixture.twin.base_url());
    let ath = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()));
    let call = async |proof: &str| {
        let request =
            fixture.http.get(format!("{url}?limit=1")).header("Authorization", format!("DPoP {token}"));
        request.header("DPoP", proof).send().await.unwrap().status()
    };
    let good = proof(&fixture, &key, &json!({ "htm": "GET", "htu": url, "ath": ath }));
    assert_eq!(call(&good).await, 200);
    assert_eq!(call(&good).await, 401, "a proof works once");
    let elsewhere = proof(&fixture, &key, &json!({ "htm": "GET", "htu": format!("{url}/x"), "ath": ath }));
    assert_eq!(call(&elsewhere).await, 401);
    let unbound = proof(&fixture, &key, &json!({ "htm": "GET", "htu": url }));
    assert_eq!(call(&unbound).await, 401);
    let other = proof(&fixture, &Key::new(None), &json!({ "htm": "GET", "htu": url, "ath": ath }));
    assert_eq!(call(&other).await, 401);
    assert_eq!(fixture.get(token, "/api/v1/users").await.status(), 401, "not as a bearer token");
}
