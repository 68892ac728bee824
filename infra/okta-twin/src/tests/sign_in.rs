//! Single sign-on, as a browser and as a tool sees it.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};

use super::{Clock, Fixture};
use crate::{SamlApp, Signed, Tamper, Twin, TwinOptions, When};

const ACS: &str = "http://acme.localhost:8080/auth/saml/acs";
const AUDIENCE: &str = "http://acme.localhost:8080/saml/metadata";

fn app() -> SamlApp {
    SamlApp {
        acs_url: ACS.to_owned(),
        audience: AUDIENCE.to_owned(),
        relay_state: Some("/home".to_owned()),
        ..SamlApp::default()
    }
}

async fn fixture() -> Fixture {
    let fixture = Fixture::start().await;
    fixture.twin.put_saml_app("acme", app());
    fixture
}

fn request(issuer: &str, acs: &str) -> String {
    let xml = format!(
        r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" AssertionConsumerServiceURL="{acs}"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</saml:Issuer></samlp:AuthnRequest>"#
    );
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(xml.as_bytes()).unwrap();
    let encoded = BASE64_STANDARD.encode(deflated.finish().unwrap());
    form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLRequest", &encoded)
        .append_pair("RelayState", "/a\"b")
        .finish()
}

/// The decoded response in a page's form.
fn response_in(page: &str) -> String {
    let value = page.split("name=\"SAMLResponse\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    String::from_utf8(BASE64_STANDARD.decode(value).unwrap()).unwrap()
}

#[tokio::test]
async fn a_person_signs_in_for_a_request() {
    let fixture = fixture().await;
    let sso = format!("{}/app/acme/sso/saml", fixture.twin.base_url());
    let page = fixture
        .http
        .get(format!("{sso}?{}", request(AUDIENCE, ACS)))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains(r#"<label for="login">"#) && page.contains(r#"name="request_id" value="_r1""#));
    assert!(page.contains("value=\"/a&quot;b\""), "the relay state is escaped");

    let user = fixture.twin.users().into_iter().find(|user| user.status == "ACTIVE").unwrap();
    let form = [("login", user.login.as_str()), ("request_id", "_r1"), ("relay_state", "/a")];
    let page = fixture.http.post(&sso).form(&form).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&format!(r#"<form method="post" action="{ACS}">"#)) && page.contains("<button"));
    assert!(page.contains(r#"name="RelayState" value="/a""#));
    let xml = response_in(&page);
    assert!(xml.contains(r#"InResponseTo="_r1""#) && xml.contains(&format!(">{}<", user.login)));
    assert!(xml.contains(&format!(">{AUDIENCE}<")) && xml.matches("<ds:SignatureValue").count() == 2);
}

#[tokio::test]
async fn a_tile_answers_no_request() {
    let fixture = fixture().await;
    let page =
        fixture.http.get(fixture.twin.dashboard_url("acme")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(r#"name="relay_state" value="/home""#) && !page.contains("request_id"));
    let user = fixture.twin.users().into_iter().find(|user| user.status == "ACTIVE").unwrap();
    let sso = format!("{}/app/acme/sso/saml", fixture.twin.base_url());
    let page =
        fixture.http.post(sso).form(&[("login", user.login)]).send().await.unwrap().text().await.unwrap();
    assert!(!response_in(&page).contains("InResponseTo"));
}

#[tokio::test]
async fn no_response_for_a_wrong_request_or_person() {
    let fixture = fixture().await;
    let sso = format!("{}/app/acme/sso/saml", fixture.twin.base_url());
    for query in [
        request("https://elsewhere.example.com", ACS),
        request(AUDIENCE, "https://evil.example.com"),
        "SAMLRequest=x".into(),
    ] {
        assert_eq!(fixture.http.get(format!("{sso}?{query}")).send().await.unwrap().status(), 400);
    }
    let users = fixture.twin.users();
    let suspended = users.iter().find(|user| user.status == "SUSPENDED").unwrap();
    for login in [suspended.login.as_str(), "nobody@example.com", ""] {
        let answer = fixture.http.post(&sso).form(&[("login", login)]).send().await.unwrap();
        assert_eq!(answer.status(), 403);
        assert!(answer.text().await.unwrap().contains("role=\"alert\""));
    }
    let nowhere = format!("{}/home/nothing", fixture.twin.base_url());
    assert_eq!(fixture.http.get(nowhere).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn responses_can_be_wrong_in_one_place() {
    let fixture = fixture().await;
    let make = |tamper: &Tamper| {
        let signed = fixture.twin.saml_response("acme", "a@example.com", None, tamper).unwrap().unwrap();
        String::from_utf8(BASE64_STANDARD.decode(signed.saml_response).unwrap()).unwrap()
    };
    let right = make(&Tamper::default());
    assert_eq!(make(&Tamper { replay: true, ..Tamper::default() }), right);
    assert_ne!(make(&Tamper::default()), right, "ids are fresh");
    assert!(!make(&Tamper { sign: Signed::Nothing, ..Tamper::default() }).contains("Signature"));
    let other = make(&Tamper { audience: Some("urn:other".into()), ..Tamper::default() });
    assert!(other.contains(">urn:other<") && !other.contains(AUDIENCE));
    let altered = make(&Tamper { altered_name: Some("admin@example.com".into()), ..Tamper::default() });
    assert!(altered.contains(">admin@example.com<") && !altered.contains(">a@example.com<"));
    let certificate = |xml: &str| xml.split("X509Certificate>").nth(1).map(str::to_owned);
    assert_ne!(certificate(&make(&Tamper { other_key: true, ..Tamper::default() })), certificate(&right));
    let instant = |xml: &str| xml.split("IssueInstant=\"").nth(1).unwrap()[..20].to_owned();
    assert!(instant(&make(&Tamper { when: When::Earlier, ..Tamper::default() })) < instant(&right));
}

#[tokio::test]
async fn the_control_api_makes_responses() {
    let fixture = fixture().await;
    let url = format!("{}/_twin/saml/acme/response", fixture.twin.base_url());
    let order = json!({ "user": "a@example.com", "in_response_to": "_r1", "tamper": { "when": "earlier" } });
    let answer: Value = fixture.http.post(&url).json(&order).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["acs_url"], ACS);
    assert!(BASE64_STANDARD.decode(answer["saml_response"].as_str().unwrap()).is_ok());
    let wrong = json!({ "user": "a@example.com", "tamper": { "expird": true } });
    assert_eq!(fixture.http.post(&url).json(&wrong).send().await.unwrap().status(), 422);
}

#[tokio::test]
async fn key_and_apps_are_kept_between_runs() {
    let folder = std::env::temp_dir().join(format!("okta-twin-{}", crate::seed::fresh(12)));
    let start = async || {
        Twin::start(TwinOptions { state: Some(folder.clone()), ..Clock::new().options() }).await.unwrap()
    };
    let metadata = async |twin: &Twin| {
        let text = reqwest::get(twin.metadata_url("acme")).await.unwrap().text().await.unwrap();
        text.split("X509Certificate>").nth(1).unwrap().to_owned()
    };
    let first = start().await;
    first.put_saml_app("acme", app());
    let certificate = metadata(&first).await;
    first.shutdown().await;
    let second = start().await;
    assert_eq!(metadata(&second).await, certificate);
    second.shutdown().await;
    std::fs::remove_dir_all(folder).unwrap();
}
