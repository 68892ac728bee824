//! The SCIM client against a small SCIM server that keeps what it is sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::Fixture;
use crate::{Outcome, Provisioning, Run, ScimApp, ScimKind, Secret};

/// What the server answers next instead of its normal answer: status, `Retry-After`, body.
type Planned = (u16, Option<&'static str>, &'static str);

#[derive(Default)]
struct Server {
    resources: BTreeMap<String, Value>,
    headers: Vec<HeaderMap>,
    planned: Vec<Planned>,
}

type Shared = Arc<Mutex<Server>>;

async fn serve(
    State(server): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut server = server.lock().unwrap();
    server.headers.push(headers);
    if let Some((status, retry, body)) = server.planned.pop() {
        let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
        if let Some(retry) = retry {
            response.headers_mut().insert("retry-after", retry.parse().unwrap());
        }
        return response;
    }
    let path = uri.path().trim_start_matches("/scim/v2").to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let answer = |status: StatusCode, body: &Value| (status, body.to_string()).into_response();
    match method {
        Method::POST => {
            let id = format!("{path}/{}", server.resources.len() + 1);
            let mut created = body;
            created["id"] = json!(id.rsplit('/').next().unwrap());
            created["meta"] = json!({ "version": "v1" });
            created.as_object_mut().unwrap().remove("password");
            server.resources.insert(id, created.clone());
            answer(StatusCode::CREATED, &created)
        }
        Method::PUT => {
            server.resources.insert(path, body.clone());
            answer(StatusCode::OK, &body)
        }
        Method::DELETE | Method::PATCH => StatusCode::NO_CONTENT.into_response(),
        _ if path.matches('/').count() == 2 => match server.resources.get(&path) {
            Some(found) => answer(StatusCode::OK, found),
            None => answer(StatusCode::NOT_FOUND, &json!({ "detail": "no such resource", "status": "404" })),
        },
        _ => {
            let query: BTreeMap<String, String> =
                form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
            let wanted = query.get("filter").map(|text| text.split('"').nth(1).unwrap().to_owned());
            let all = server
                .resources
                .iter()
                .filter(|(key, _)| key.starts_with(&path))
                .map(|(_, value)| value.clone());
            let rows: Vec<Value> = all
                .filter(|row| {
                    wanted
                        .as_ref()
                        .is_none_or(|name| row["userName"] == **name || row["displayName"] == **name)
                })
                .collect();
            let start: usize = query["startIndex"].parse().unwrap();
            let count: usize = query["count"].parse().unwrap();
            let page: Vec<&Value> = rows.iter().skip(start - 1).take(count).collect();
            answer(StatusCode::OK, &json!({ "totalResults": rows.len(), "Resources": page }))
        }
    }
}

struct Scene {
    fixture: Fixture,
    server: Shared,
    scim: Provisioning,
    user: String,
}

async fn scene(kind: ScimKind) -> Scene {
    let fixture = Fixture::start().await;
    let server = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://acme.localhost:{}/scim/v2", listener.local_addr().unwrap().port());
    let router = Router::new().fallback(serve).with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    fixture.twin.put_scim_app("acme", ScimApp { base_url, token: Secret::new("hush-token"), kind });
    let scim = fixture.twin.provisioning("acme").unwrap().with_patience(Duration::from_secs(2));
    let user = fixture.twin.users()[0].login.clone();
    Scene { fixture, server, scim, user }
}

/// `METHOD path` of each exchange, without the query's page.
fn lines(run: &Run) -> Vec<String> {
    assert!(run.is_done(), "{:?}", run.outcome);
    run.exchanges.iter().map(|exchange| format!("{} {}", exchange.method, exchange.path)).collect()
}

fn body(run: &Run, nth: usize) -> &Value {
    run.exchanges[nth].request_body.as_ref().unwrap()
}

#[tokio::test]
async fn requests_carry_oktas_headers_and_no_secret_is_written_down() {
    let scene = scene(ScimKind::Catalog).await;
    let run = scene.scim.test_credentials().await;
    assert_eq!(lines(&run), ["GET /Users?startIndex=1&count=2"]);
    let run = scene.scim.assign(&scene.user).await;
    let server = scene.server.lock().unwrap();
    assert_eq!(server.headers[0]["user-agent"], "Okta SCIM Client 1.0.0");
    assert_eq!(server.headers[0]["accept"], "application/scim+json");
    assert_eq!(server.headers[0]["authorization"], "Bearer hush-token");
    assert!(!server.headers[0].contains_key("content-type"));
    assert_eq!(server.headers[2]["content-type"], "application/scim+json; charset=utf-8");
    assert!(!format!("{run:?} {:?}", serde_json::to_string(&run)).contains("hush"));
    assert_eq!(body(&run, 1)["password"], "(not recorded)");
}

#[tokio::test]
async fn an_unknown_user_is_created_and_a_known_one_adopted() {
    let scene = scene(ScimKind::Catalog).await;
    let encoded = scene.user.replace('@', "%40");
    let filter = format!("GET /Users?filter=userName%20eq%20%22{encoded}%22&startIndex=1&count=100");
    let run = scene.scim.assign(&scene.user).await;
    assert_eq!(lines(&run), [filter.clone(), "POST /Users".into()]);
    let created = body(&run, 1);
    let okta_id = &scene.fixture.twin.users()[0].id;
    assert_eq!(
        (&created["externalId"], &created["groups"], &created["active"]),
        (&json!(okta_id), &json!([]), &json!(true))
    );
    assert_eq!(scene.scim.links().users[okta_id], "1");

    let run = scene.scim.assign(&scene.user).await;
    assert_eq!(lines(&run), [filter, "GET /Users/1".into(), "PUT /Users/1".into()]);
    assert_eq!(body(&run, 2)["meta"]["version"], "v1", "our own body comes back");
}

#[tokio::test]
async fn a_catalog_app_patches() {
    let scene = scene(ScimKind::Catalog).await;
    scene.scim.assign(&scene.user).await;
    let run = scene.scim.update_profile(&scene.user, &json!({ "lastName": "Changed" })).await;
    assert_eq!(lines(&run), ["GET /Users/1", "PUT /Users/1"]);
    assert_eq!(body(&run, 1)["name"]["familyName"], "Changed");
    let run = scene.scim.deactivate(&scene.user).await;
    assert_eq!(lines(&run), ["PATCH /Users/1"]);
    assert_eq!(body(&run, 0)["Operations"], json!([{ "op": "replace", "value": { "active": false } }]));
    let run = scene.scim.reactivate(&scene.user).await;
    assert_eq!(body(&run, 1)["Operations"], json!([{ "op": "replace", "value": { "active": true } }]));
}

#[tokio::test]
async fn a_custom_app_gets_and_puts() {
    let scene = scene(ScimKind::Custom).await;
    scene.scim.assign(&scene.user).await;
    let run = scene.scim.deactivate(&scene.user).await;
    assert_eq!(lines(&run), ["GET /Users/1", "PUT /Users/1"]);
    assert_eq!(body(&run, 1)["active"], false);
    let run = scene.scim.reactivate(&scene.user).await;
    assert_eq!(run.exchanges.len(), 3);
    assert_eq!(body(&run, 2)["active"], true);
    let run = scene.scim.push_create("Atomation Admins").await;
    assert_eq!(run.exchanges.last().unwrap().method, "PUT");
    assert_eq!(body(&run, 3)["members"][0]["value"], "1");
}

#[tokio::test]
async fn groups_are_refreshed_linked_pushed_and_left() {
    let scene = scene(ScimKind::Catalog).await;
    for nth in 0..150 {
        let id = format!("g{nth}");
        let row = json!({ "id": id, "displayName": format!("Role {nth:03}") });
        scene.server.lock().unwrap().resources.insert(format!("/Groups/{id}"), row);
    }
    let run = scene.scim.refresh_app_groups().await;
    assert_eq!(lines(&run), ["GET /Groups?startIndex=1&count=100", "GET /Groups?startIndex=101&count=100"]);
    assert_eq!(scene.scim.links().app_groups.len(), 150);

    scene.scim.assign(&scene.user).await;
    let scim_id = scene.scim.links().users.into_values().next().unwrap();
    let run = scene.scim.link_group("Atomation Admins", "Role 007", true).await;
    assert_eq!(lines(&run), ["PATCH /Groups/g7", "PATCH /Groups/g7"]);
    let member = json!([{ "value": scim_id, "display": scene.user }]);
    assert_eq!(body(&run, 0)["Operations"], json!([{ "op": "add", "path": "members", "value": member }]));
    assert_eq!(
        body(&run, 1)["Operations"][0]["value"],
        json!({ "id": "g7", "displayName": "Atomation Admins" })
    );

    let run = scene.scim.push_membership("Atomation Admins", &[], &[&scene.user]).await;
    let path = format!("members[value eq \"{scim_id}\"]");
    assert_eq!(body(&run, 0)["Operations"], json!([{ "op": "remove", "path": path }]));
    let run = scene.scim.push_now("Atomation Admins").await;
    assert_eq!(body(&run, 0)["Operations"], json!([{ "op": "replace", "path": "members", "value": [] }]));
    assert_eq!(lines(&scene.scim.unlink("Atomation Admins", false).await), [""; 0]);
    scene.scim.link_group("Atomation Admins", "Role 007", false).await;
    assert_eq!(lines(&scene.scim.unlink("Atomation Admins", true).await), ["DELETE /Groups/g7"]);
}

#[tokio::test]
async fn large_memberships_go_in_batches() {
    let scene = scene(ScimKind::Catalog).await;
    let users: Vec<String> = scene.fixture.twin.users().into_iter().map(|user| user.id).collect();
    for user in &users {
        assert!(scene.scim.assign(user).await.is_done());
    }
    scene.scim.push_create("Old Project").await;
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let run = scene.scim.push_membership("Old Project", &users, &[]).await;
    let sizes: Vec<usize> =
        (0..2).map(|nth| body(&run, nth)["Operations"][0]["value"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [256, 44]);
}

#[tokio::test]
async fn errors_read_as_in_okta() {
    let scene = scene(ScimKind::Catalog).await;
    let plan = |planned: &[Planned]| scene.server.lock().unwrap().planned.extend(planned);
    plan(&[
        (409, None, r#"{"detail":"userName is taken","status":"409"}"#),
        (200, None, r#"{"Resources":[]}"#),
    ]);
    let Outcome::Failed { message } = scene.scim.assign(&scene.user).await.outcome else {
        panic!("no failure")
    };
    assert!(message.contains("Conflict") && message.contains("userName is taken"), "{message}");
    plan(&[(502, None, "<html>Bad Gateway</html>")]);
    let Outcome::Failed { message } = scene.scim.test_credentials().await.outcome else {
        panic!("no failure")
    };
    assert!(message.starts_with("Unrecognized token '<html>Bad'"), "{message}");
    plan(&[(429, Some("1"), "{}")]);
    assert_eq!(scene.scim.test_credentials().await.exchanges.len(), 2);
    plan(&[(429, None, "{}")]);
    assert!(matches!(scene.scim.test_credentials().await.outcome, Outcome::Paused { seconds: 300, .. }));
}

#[tokio::test]
async fn the_control_api_drives_it() {
    let scene = scene(ScimKind::Catalog).await;
    let url = format!("{}/_twin/scim/acme", scene.fixture.twin.base_url());
    let run: Value = scene
        .fixture
        .http
        .post(format!("{url}/assign"))
        .json(&json!({ "user": scene.user }))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((&run["outcome"], &run["exchanges"][1]["status"]), (&json!("done"), &json!(201)));
    let links: Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
    assert_eq!(links["assigned"].as_array().unwrap().len(), 1);
    let apps = format!("{}/_twin/scim-apps", scene.fixture.twin.base_url());
    assert!(!reqwest::get(apps).await.unwrap().text().await.unwrap().contains("hush"));
}
