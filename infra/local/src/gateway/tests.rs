//! The gateway's limits and its own errors, and what becomes of an invocation that nobody waits for.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use shared::ops::{SystemClock, SystemRandom};

use super::*;

const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// A gateway whose console answers `answer` after `after`, and how many invocations of it came to their end.
fn console(after: Duration, answer: Value) -> (Shared, Arc<AtomicUsize>) {
    let ended = Arc::new(AtomicUsize::new(0));
    let mut functions = Functions::default();
    functions.event("console", (ended.clone(), answer), move |(ended, answer), _| async move {
        tokio::time::sleep(after).await;
        ended.fetch_add(1, Ordering::SeqCst);
        Ok(answer)
    });
    (over(functions), ended)
}

fn over(functions: Functions) -> Shared {
    Shared {
        routes: Routes::of(&Template::built_in().unwrap()),
        functions: Arc::new(functions),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::default()),
        timeout: TIMEOUT,
        changed: OnceLock::new(),
    }
}

fn fine() -> Value {
    json!({ "statusCode": 200, "body": "fine" })
}

/// `POST /` with a body of a type.
fn post(kind: &str, body: Vec<u8>) -> Request {
    let request = http::Request::post("/").header(header::HOST, "acme.localhost:8080");
    request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()
}

/// Status and message of what is answered to a request.
async fn answered(shared: &Shared, request: Request) -> (u16, String) {
    let (parts, body) = shared.handle(request, None, PEER).await.into_parts();
    let body = axum::body::to_bytes(body, 1024).await.unwrap();
    let message = serde_json::from_slice::<Value>(&body).ok();
    let message = message.and_then(|body| body["message"].as_str().map(ToOwned::to_owned));
    (parts.status.as_u16(), message.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned()))
}

fn said(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

#[tokio::test]
async fn what_lambda_would_not_take_is_refused_unseen() {
    let (shared, ended) = console(Duration::ZERO, fine());
    let too_large = said(413, "Request Entity Too Large");
    let body = vec![b'x'; PAYLOAD_LIMIT + 1];
    assert_eq!(answered(&shared, post("text/plain", body)).await, too_large);
    // In base64 it is a third longer.
    let body = vec![b'x'; PAYLOAD_LIMIT / 4 * 3];
    assert_eq!(answered(&shared, post("application/x-www-form-urlencoded", body.clone())).await, too_large);
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    assert_eq!(answered(&shared, post("text/plain", body)).await, said(200, "fine"));
}

#[tokio::test]
async fn request_line_and_headers_have_a_limit_together() {
    let (shared, _) = console(Duration::ZERO, fine());
    let with = |length: usize| {
        let request = http::Request::get("/").header(header::HOST, "acme.localhost");
        request.header("x-long", "x".repeat(length)).body(Body::empty()).unwrap()
    };
    let around = "GET / HTTP/1.1".len() + "acme.localhost".len();
    assert_eq!(answered(&shared, with(HEADER_LIMIT - around)).await, said(200, "fine"));
    let refused = said(431, "Request Header Fields Too Large");
    assert_eq!(answered(&shared, with(HEADER_LIMIT - around + 1)).await, refused);
}

#[tokio::test]
async fn a_request_has_one_host() {
    let (shared, _) = console(Duration::ZERO, fine());
    let bad = said(400, "Bad Request");
    assert_eq!(answered(&shared, http::Request::get("/").body(Body::empty()).unwrap()).await, bad);
    let twice =
        http::Request::get("/").header(header::HOST, "a.localhost").header(header::HOST, "b.localhost");
    assert_eq!(answered(&shared, twice.body(Body::empty()).unwrap()).await, bad);
}

#[tokio::test]
async fn a_function_that_fails_is_an_error_of_the_gateways_own() {
    let failed = said(500, "Internal Server Error");
    let large = json!({ "statusCode": 200, "body": "x".repeat(PAYLOAD_LIMIT) });
    for answer in [large, json!({ "body": "no status" }), Value::Null] {
        let (shared, _) = console(Duration::ZERO, answer);
        assert_eq!(answered(&shared, post("text/plain", Vec::new())).await, failed);
    }
    let mut functions = Functions::default();
    functions.event("console", (), |(), _| async { Err("it said why".into()) });
    assert_eq!(
        answered(&over(functions), post("text/plain", Vec::new())).await,
        failed,
        "and says nothing of it"
    );
}

#[tokio::test]
async fn a_slow_function_is_not_waited_for_and_comes_to_its_end() {
    let (shared, ended) = console(Duration::from_secs(1), fine());
    let shared = Shared { timeout: Duration::from_millis(50), ..shared };
    let reply = answered(&shared, post("text/plain", Vec::new())).await;
    assert_eq!(reply, said(503, "Service Unavailable"));
    assert_eq!(shared.functions.running(), 1);
    comes_to_its_end(&ended).await;
}

#[tokio::test]
async fn an_invocation_outlives_its_client() {
    let (shared, ended) = console(Duration::from_millis(500), fine());
    let gone = tokio::time::timeout(
        Duration::from_millis(20),
        shared.handle(post("text/plain", vec![]), None, PEER),
    );
    assert!(gone.await.is_err());
    comes_to_its_end(&ended).await;
}

async fn comes_to_its_end(ended: &AtomicUsize) {
    for _ in 0..500 {
        if ended.load(Ordering::SeqCst) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the invocation was cancelled");
}

#[tokio::test]
async fn a_change_is_told_with_its_host_and_a_look_is_not() {
    let (shared, _) = console(Duration::ZERO, fine());
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let changed: Changed = Arc::new(move |host: &str| tell.lock().unwrap().push(host.to_owned()));
    assert!(shared.changed.set(changed).is_ok());
    answered(&shared, post("text/plain", Vec::new())).await;
    let look = http::Request::get("/").header(header::HOST, "beta.localhost").body(Body::empty()).unwrap();
    answered(&shared, look).await;
    assert_eq!(*told.lock().unwrap(), ["acme.localhost"]);
}
