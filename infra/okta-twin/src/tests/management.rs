//! The management API: pages, limits, scopes, roles, errors.

use serde_json::{Value, json};

use super::{CLIENT, Fixture};
use crate::api::endpoints::{ENDPOINTS, Shape};
use crate::{Fault, Org, RateLimits, ServiceApp};

async fn code(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["errorCode"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_organization_is_told_to_anyone() {
    let fixture = Fixture::start().await;
    let url = format!("{}/.well-known/okta-organization", fixture.twin.base_url());
    let body: Value = fixture.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["pipeline"], "idx");
    assert_eq!(body["_links"]["organization"]["href"], fixture.twin.base_url());
}

#[tokio::test]
async fn every_endpoint_answers_in_its_shape() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    for endpoint in ENDPOINTS.iter().filter(|endpoint| !endpoint.template.contains("{}")) {
        let query = if endpoint.template == "/api/v1/policies" { "?type=PASSWORD" } else { "" };
        let response = fixture.get(&token, &format!("{}{query}", endpoint.template)).await;
        assert_eq!(response.status(), 200, "{}", endpoint.template);
        assert!(response.headers().contains_key("x-okta-request-id"));
        assert!(response.headers().contains_key("x-rate-limit-remaining"));
        let body: Value = response.json().await.unwrap();
        match endpoint.shape {
            Shape::One => assert!(body.is_object()),
            Shape::Array { .. } => assert!(body.is_array()),
            Shape::Wrapped { key, .. } => assert!(body[key].is_array()),
        }
    }
}

#[tokio::test]
async fn users_come_in_pages_and_without_the_deprovisioned() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let response = fixture.get(&token, "/api/v1/users?limit=500").await;
    let links: Vec<&str> =
        response.headers().get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
    assert_eq!(links.len(), 2);
    assert!(links[0].ends_with("rel=\"self\"") && links[1].ends_with("rel=\"next\""));
    assert_eq!(response.json::<Vec<Value>>().await.unwrap().len(), 200);

    let listed = fixture.all(&token, "/api/v1/users?limit=77").await;
    let all = fixture.twin.users();
    let gone = all.iter().filter(|user| user.status == "DEPROVISIONED").count();
    assert!(gone > 0);
    assert_eq!(listed.len(), all.len() - gone);
    let search = "/api/v1/users?search=status%20eq%20%22DEPROVISIONED%22&fields=id,status,profile:(login)";
    let deprovisioned = fixture.all(&token, search).await;
    assert_eq!(deprovisioned.len(), gone);
    assert_eq!(deprovisioned[0]["profile"].as_object().unwrap().len(), 1);
    assert!(deprovisioned[0].get("credentials").is_none());
}

#[tokio::test]
async fn wrapped_lists_page_in_their_body() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let first: Value = fixture.get(&token, "/api/v1/iam/assignees/users?limit=3").await.json().await.unwrap();
    assert_eq!(first["value"].as_array().unwrap().len(), 3);
    let next = first["_links"]["next"]["href"].as_str().unwrap();
    let second: Value = fixture.get(&token, next).await.json().await.unwrap();
    assert_ne!(first["value"][0]["id"], second["value"][0]["id"]);
}

#[tokio::test]
async fn nothing_is_answered_to_whom_it_should_not() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    assert_eq!(code(fixture.get("nonsense", "/api/v1/users").await).await, (401, "E0000011".into()));
    let narrow = fixture.ask(&fixture.assertion(&fixture.claims()), "okta.users.read", None).await;
    let narrow: Value = narrow.json().await.unwrap();
    let refused = fixture.get(narrow["access_token"].as_str().unwrap(), "/api/v1/groups").await;
    assert!(refused.headers()["www-authenticate"].to_str().unwrap().contains("insufficient_scope"));
    assert_eq!(code(refused).await, (403, "E0000006".into()));

    fixture.twin.put_service_app(ServiceApp { roles: [].into(), ..fixture.service() });
    assert_eq!(code(fixture.get(&token, "/api/v1/users").await).await, (403, "E0000006".into()));
    let permissions = ["okta.users.read".to_owned()].into();
    fixture.twin.put_service_app(ServiceApp { roles: [].into(), permissions, ..fixture.service() });
    assert_eq!(fixture.get(&token, "/api/v1/users").await.status(), 200);
    assert_eq!(fixture.get(&token, "/api/v1/zones").await.status(), 403);
}

#[tokio::test]
async fn a_read_only_admin_does_not_see_everything() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let names = async || {
        let apps = fixture.all(&token, "/api/v1/apps?limit=200").await;
        apps.iter().map(|app| app["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(names().await.contains(&"saasure".to_owned()));
    assert_eq!(fixture.get(&token, "/api/v1/first-party-app-settings/admin-console").await.status(), 200);
    fixture
        .twin
        .put_service_app(ServiceApp { roles: ["READ_ONLY_ADMIN".to_owned()].into(), ..fixture.service() });
    let seen = names().await;
    assert!(!seen.contains(&"saasure".to_owned()) && !seen.contains(&"okta_enduser".to_owned()));
    let settings = fixture.get(&token, "/api/v1/first-party-app-settings/admin-console").await;
    assert_eq!(code(settings).await, (403, "E0000006".into()));
}

#[tokio::test]
async fn the_app_can_look_at_itself() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let grants = fixture.all(&token, &format!("/api/v1/apps/{CLIENT}/grants")).await;
    assert_eq!(grants.len(), fixture.service().scopes.len());
    let roles = fixture.all(&token, &format!("/oauth2/v1/clients/{CLIENT}/roles")).await;
    assert_eq!(roles[0]["type"], "SUPER_ADMIN");
    let app: Value = fixture.get(&token, &format!("/api/v1/apps/{CLIENT}")).await.json().await.unwrap();
    assert_eq!(app["settings"]["oauthClient"]["dpop_bound_access_tokens"], json!(false));
}

#[tokio::test]
async fn a_full_bucket_answers_429_until_its_window_ends() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let buckets = [("/api/v1/apps".to_owned(), 2)].into();
    fixture.twin.set_rate_limits(RateLimits { buckets, ..RateLimits::default() });
    for remaining in ["1", "0"] {
        let response = fixture.get(&token, "/api/v1/apps").await;
        assert_eq!(response.headers()["x-rate-limit-remaining"], remaining);
    }
    let refused = fixture.get(&token, "/api/v1/apps").await;
    assert_eq!(refused.headers()["x-rate-limit-reset"], (fixture.clock.second() + 60).to_string());
    assert!(!refused.headers().contains_key("retry-after"));
    assert_eq!(code(refused).await, (429, "E0000047".into()));
    fixture.clock.forward(60);
    assert_eq!(fixture.get(&token, "/api/v1/apps").await.status(), 200);
    let counters = fixture.twin.counters();
    assert_eq!(counters.refused, 1);
    assert_eq!((counters.buckets["/api/v1/apps"].requests, counters.buckets["/api/v1/apps"].peak), (4, 2));
}

#[tokio::test]
async fn an_attempt_to_write_is_refused_and_counted() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    for method in
        [reqwest::Method::POST, reqwest::Method::PUT, reqwest::Method::PATCH, reqwest::Method::DELETE]
    {
        let url = format!("{}/api/v1/users", fixture.twin.base_url());
        let response = fixture.http.request(method, url).bearer_auth(&token).send().await.unwrap();
        assert_eq!(code(response).await, (405, "E0000022".into()));
    }
    let refusals = fixture.twin.counters().refusals;
    assert_eq!(refusals.writes, 4);
    assert_eq!(refusals.first_writes[0], "POST /api/v1/users");
}

#[tokio::test]
async fn errors_are_oktas() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    for (path, want) in [
        ("/api/v1/users/00uNobody", (404, "E0000007")),
        ("/api/v1/apps/0oaNothing/users", (404, "E0000007")),
        ("/api/v1/nothing", (404, "E0000007")),
        ("/api/v1/policies", (400, "E0000001")),
        ("/api/v1/users?after=nonsense", (400, "E0000031")),
        ("/api/v1/users?search=nonsense", (400, "E0000031")),
        ("/api/v1/users?limit=many", (400, "E0000001")),
    ] {
        assert_eq!(code(fixture.get(&token, path).await).await, (want.0, want.1.to_owned()), "{path}");
    }
    fixture.twin.set_faults(vec![Fault {
        path: "/api/v1/realms".into(),
        code: "E0000015".into(),
        times: Some(1),
    }]);
    assert_eq!(code(fixture.get(&token, "/api/v1/realms").await).await, (401, "E0000015".into()));
    assert_eq!(fixture.get(&token, "/api/v1/realms").await.status(), 200);
}

#[tokio::test]
async fn the_log_is_polled_or_bounded() {
    let fixture = Fixture::start().await;
    let token = fixture.token().await;
    let polled = fixture.get(&token, "/api/v1/logs?limit=1000").await;
    assert!(super::next_link(&polled).is_some());
    let bounded = "/api/v1/logs?since=2000-01-01T00:00:00.000Z&until=2100-01-01T00:00:00.000Z&filter=eventType%20eq%20%22policy.lifecycle.update%22";
    assert_eq!(fixture.all(&token, bounded).await.len(), 1);
}

#[tokio::test]
async fn an_org_of_recordings_obeys_the_same_rules() {
    let folder = std::path::PathBuf::from(crate::RECORDINGS);
    if !folder.is_dir() {
        eprintln!("skipped: no recordings at {}", folder.display());
        return;
    }
    let fixture = Fixture::start_with(Org::Recordings(folder)).await;
    let token = fixture.token().await;
    assert_eq!(fixture.get("nonsense", "/api/v1/users").await.status(), 401);
    for endpoint in ENDPOINTS.iter().filter(|endpoint| !endpoint.template.contains("{}")) {
        let query = if endpoint.template == "/api/v1/policies" { "?type=ACCESS_POLICY" } else { "" };
        let status = fixture.get(&token, &format!("{}{query}", endpoint.template)).await.status();
        assert!(
            status == 200 || (status == 404 && endpoint.shape == Shape::One),
            "{} {status}",
            endpoint.template
        );
    }
    for user in fixture.all(&token, "/api/v1/users").await {
        let id = user["id"].as_str().unwrap();
        fixture.all(&token, &format!("/api/v1/users/{id}/roles")).await;
        fixture.all(&token, &format!("/api/v1/users/{id}/factors")).await;
    }
    for policy in fixture.all(&token, "/api/v1/policies?type=ACCESS_POLICY").await {
        let href = policy["_links"]["rules"]["href"].as_str().unwrap();
        assert!(href.starts_with(fixture.twin.base_url()), "{href}");
        fixture.all(&token, href).await;
    }
    assert!(fixture.twin.known_answers().is_empty());
}
