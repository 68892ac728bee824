//! What a SCIM request takes of its function, in CPU and memory, whatever the size of the workspace.
//!
//! The store is this binary once more, in a process of its own, so that only the function is measured: from API
//! Gateway's request to the answer, with the SDK's part. 100,000 users, groups of 1,000 and of 50,000. Exit status: 0
//! if the large ones cost at most 1.1 times the CPU of the small ones, and no request takes 64 MiB.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use bytes::Bytes;
use cpu_time::ProcessTime;
use http_body_util::BodyExt;
use lambda_http::{aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext};
use local::cloud::{REGION, plain_http_client};
use peak_alloc::PeakAlloc;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    http::start::door,
    ops::Config,
    scim::bulk::MAX_OPERATIONS,
    store::Aws,
    tenant::{Role, resource_id},
};
use tests::{load, site::Site};
use tower::ServiceExt;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const FEW: usize = 1_000;
const MANY: usize = 50_000;
const USERS: u64 = 100_000;
/// In a second workspace, each with nearly all the attributes that a user may have.
const HEAVY: usize = 600;

/// How much more a large one may cost.
const FLAT: f64 = 1.1;
const MOST_MIB: f64 = 64.0;

const ROUNDS: usize = 15;
const CALLS: usize = 40;
/// As often as a client comes back to a change that takes longer than one request may.
const TRIES: usize = 60;

/// What the process with the store says of it.
#[derive(Serialize, Deserialize)]
struct Loaded {
    endpoint: String,
    /// Of the workspace with many users, of the one with heavy ones.
    tokens: [String; 2],
    small: String,
    large: String,
    /// Of the small group, of the large one.
    members: [String; 2],
    all: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("--store") => store().await,
        _ => measure().await,
    }
}

async fn store() -> anyhow::Result<()> {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let [small, large] =
        [Role::Viewer, Role::Developer].map(|role| resource_id::role_group(&acme.workspace.tenant, role));
    let few = u64::try_from(FEW)?;
    let some = load::users(&site, &acme.workspace, 1, few, &small, FEW).await?;
    let all = load::users(&site, &acme.workspace, 1 + few, USERS - few - 1, &large, MANY).await?;
    let loaded = Loaded {
        endpoint: site.stack.cloud.endpoints().dynamodb.clone(),
        tokens: [acme.token, site.customer("globex").await?.token],
        small,
        large,
        members: [some[7].clone(), all[7].clone()],
        all,
    };
    println!("{}", serde_json::to_string(&loaded)?);
    // Until who asked has gone.
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

async fn measure() -> anyhow::Result<()> {
    let mut store = Command::new(env::current_exe()?)
        .arg("--store")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the store's process")?;
    let mut line = String::new();
    BufReader::new(store.stdout.take().context("its output")?).read_line(&mut line)?;
    let mut scim = Scim::over(serde_json::from_str(&line).context("what the store says")?)?;
    let flat = flatness(&scim).await?;
    let mut small = memory(&scim).await?;
    scim.workspace = "globex";
    small &= heavy(&scim).await?;
    drop(store.stdin.take());
    store.wait()?;
    ensure!(flat && small, "a goal was missed");
    Ok(())
}

/// The SCIM functions over the loaded store.
struct Scim {
    users: Router,
    groups: Router,
    root: Router,
    loaded: Loaded,
    /// Whose client sends.
    workspace: &'static str,
}

impl Scim {
    fn over(loaded: Loaded) -> anyhow::Result<Self> {
        let credentials = Credentials::new("bench", "loopback-only", None, None, "bench");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(plain_http_client())
            .endpoint_url(&loaded.endpoint)
            .build();
        let settings = [
            ("TABLE_NAME", "atomation"),
            ("BASE_DOMAIN", "http://localhost:1"),
            ("SCIM_REQUESTS_PER_MINUTE", "100000000"),
        ];
        let config = Config::from_iter(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let door = door(&Aws::new(sdk, config)).map_err(anyhow::Error::from_boxed)?;
        Ok(Self {
            users: scim_users::router(door.clone()),
            groups: scim_groups::router(door.clone()),
            root: scim_root::router(door),
            loaded,
            workspace: "acme",
        })
    }

    async fn send(&self, method: &str, target: &str, body: Bytes) -> anyhow::Result<(StatusCode, Bytes)> {
        let path = target.split('?').next().unwrap_or_default();
        let host = format!("{}.localhost", self.workspace);
        let context: ApiGatewayV2httpRequestContext = serde_json::from_value(json!({
            "domainName": host, "http": { "method": method, "path": path },
        }))?;
        let token = &self.loaded.tokens[usize::from(self.workspace != "acme")];
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{host}{target}"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/scim+json")
            .body(Body::from(body))?;
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        let function = match path {
            path if path.starts_with("/scim/v2/Users") => &self.users,
            path if path.starts_with("/scim/v2/Groups") => &self.groups,
            _ => &self.root,
        };
        let answer = function.clone().oneshot(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// Sends it until it is answered for good; gives the last answer.
    async fn done(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<Bytes> {
        let body = Bytes::from(if body.is_null() { String::new() } else { body.to_string() });
        for _ in 0..TRIES {
            let (status, answer) = self.send(method, target, body.clone()).await?;
            if status != StatusCode::SERVICE_UNAVAILABLE {
                let start = String::from_utf8_lossy(answer.get(..answer.len().min(300)).unwrap_or_default());
                ensure!(status.is_success(), "{method} {target}: {status} {start}");
                return Ok(answer);
            }
        }
        anyhow::bail!("{method} {target}: never done")
    }
}

fn patch(operations: impl IntoIterator<Item = Value>) -> Value {
    json!({ "Operations": operations.into_iter().collect::<Vec<_>>() })
}

fn adding<'a>(users: impl IntoIterator<Item = &'a String>) -> Value {
    let users: Vec<_> = users.into_iter().map(|user| json!({ "value": user })).collect();
    patch([json!({ "op": "add", "path": "members", "value": users })])
}

fn removing(user: &str) -> Value {
    patch([json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") })])
}

/// CPU of the small and of the large, in turns, so that noise meets both.
async fn flatness(scim: &Scim) -> anyhow::Result<bool> {
    let Loaded { small, large, members, .. } = &scim.loaded;
    let mut flat = true;
    println!("CPU us per request{:>16}{:>10}{:>10}", "small", "large", "ratio");
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (best, (group, member)) in best.iter_mut().zip([small, large].into_iter().zip(members)) {
            let target = format!("/scim/v2/Groups/{group}");
            let changes = [removing(member), adding([member])];
            *best = best.min(batch(scim, "PATCH", &target, &changes).await?);
        }
    }
    flat &= row("PATCH of one member", best);
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (best, start) in best.iter_mut().zip([2, USERS - 99]) {
            let target = format!("/scim/v2/Users?startIndex={start}&count=100");
            *best = best.min(batch(scim, "GET", &target, &[Value::Null]).await?);
        }
    }
    flat &= row("a page of 100 users", best);
    Ok(flat)
}

async fn batch(scim: &Scim, method: &str, target: &str, bodies: &[Value]) -> anyhow::Result<f64> {
    let began = ProcessTime::now();
    for call in 0..CALLS {
        scim.done(method, target, &bodies[call % bodies.len()]).await?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let calls = CALLS as f64;
    Ok(began.elapsed().as_secs_f64() * 1e6 / calls)
}

fn row(what: &str, [small, large]: [f64; 2]) -> bool {
    let ratio = large / small;
    let missed = if ratio > FLAT { ": MISSED" } else { "" };
    println!("{what:22}{small:12.0}{large:10.0}{ratio:10.2}{missed}");
    missed.is_empty()
}

/// The most memory that each of the heaviest requests takes at once: its body, its work and its answer.
async fn memory(scim: &Scim) -> anyhow::Result<bool> {
    let Loaded { large, all, .. } = &scim.loaded;
    let custom = json!({ "displayName": "Everybody" });
    let custom: Value = serde_json::from_slice(&scim.done("POST", "/scim/v2/Groups", &custom).await?)?;
    let custom = format!("/scim/v2/Groups/{}", custom["id"].as_str().context("an id")?);
    let new = |number: usize| {
        let data = json!({ "userName": format!("bulk.{number}@acme.example"), "title": "x".repeat(300) });
        json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": data })
    };
    let bulk = json!({ "Operations": (0..MAX_OPERATIONS).map(new).collect::<Vec<_>>() });
    let nobody = json!({ "displayName": "Everybody", "members": [] });
    let some = json!({ "displayName": "Everybody", "members": all[..MANY / 2].iter().map(|user| json!({ "value": user })).collect::<Vec<_>>() });
    let contains = "/scim/v2/Users?filter=displayName%20co%20%22nobody%22";
    let sorted = "/scim/v2/Users?filter=userName%20sw%20%22loaded%22&sortBy=name.familyName&count=200";
    let big = format!("/scim/v2/Groups/{large}?attributes=members");
    let nothing = Value::Null;
    println!("\n{:38}{:>10}", "MiB at once", "peak");
    let rows = [
        ("GET a user", "GET", format!("/scim/v2/Users/{}", all[0]), &nothing, true),
        ("GET 200 users", "GET", "/scim/v2/Users?count=200".to_owned(), &nothing, true),
        ("filter over 100,000 users", "GET", contains.to_owned(), &nothing, false),
        ("sort of 100,000 users", "GET", sorted.to_owned(), &nothing, false),
        ("GET 50,000 members", "GET", big, &nothing, true),
        ("PATCH that adds 50,000 members", "PATCH", custom.clone(), &adding(&all[..MANY]), true),
        ("PUT that leaves 25,000 of 50,000", "PUT", custom.clone(), &some, true),
        ("PUT that empties 25,000", "PUT", custom.clone(), &nobody, true),
        ("POST of users in bulk", "POST", "/scim/v2/Bulk".to_owned(), &bulk, true),
    ];
    peaks(scim, &rows).await
}

/// Users as large as they may be.
async fn heavy(scim: &Scim) -> anyhow::Result<bool> {
    let title = "x".repeat(22 * 1024);
    for number in 0..HEAVY {
        let user = json!({ "userName": format!("heavy.{number}@globex.example"), "title": title });
        scim.done("POST", "/scim/v2/Users", &user).await?;
    }
    let nobody = "/scim/v2/Users?filter=displayName%20co%20%22nobody%22".to_owned();
    let all = "/scim/v2/Users?filter=userName%20co%20%22heavy%22".to_owned();
    let nothing = Value::Null;
    let rows = [
        ("filter over 600 users of 22 KB", "GET", nobody, &nothing, true),
        ("filter that finds 13 MB of them", "GET", all, &nothing, false),
        ("GET 200 users of 22 KB", "GET", "/scim/v2/Users?count=200".to_owned(), &nothing, true),
    ];
    peaks(scim, &rows).await
}

/// A request, and whether it is done or refused for being too much.
type Row<'a> = (&'a str, &'a str, String, &'a Value, bool);

async fn peaks(scim: &Scim, rows: &[Row<'_>]) -> anyhow::Result<bool> {
    let mut met = true;
    for (what, method, target, body, is_done) in rows {
        HEAP.reset_peak_usage();
        let before = HEAP.current_usage();
        let answer = scim.done(method, target, body).await;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let mib = (HEAP.peak_usage() - before) as f64 / f64::from(1 << 20);
        let said = match &answer {
            Ok(_) => String::new(),
            Err(error) => format!("   {error:#}"),
        };
        let missed = if mib >= MOST_MIB || answer.is_ok() != *is_done { ": MISSED" } else { "" };
        met &= missed.is_empty();
        println!("{what:38}{mib:10.1}{missed}{said}");
        std::io::stdout().flush()?;
    }
    Ok(met)
}
