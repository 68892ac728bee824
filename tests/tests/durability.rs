//! What was answered is kept: the stack is killed in the middle of a burst of changes, and in the middle of the main
//! job, and started again.
//!
//! What is killed runs in a process of its own, which is this test's binary once more.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, ensure};
use local::{
    Stack, StackOptions,
    demo::{Demo, Narrator},
};
use serde_json::{Value, json};
use shared::tenant::{Role, Subdomain, resource_id};
use tests::{
    raw::{Reply, Request},
    seeded::Seeded,
    site::Site,
};

type Outcome = anyhow::Result<()>;

/// Tells the child what it is, and where its data lies.
const DATA: &str = "ATOMATION_TEST_STACK";

const WRITERS: usize = 12;

/// Runs the test `name` of this binary, which reads where its data lies from `variable`.
fn itself(name: &str, variable: &str, data: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(variable, data)
        .stdout(Stdio::piped());
    Ok(command)
}

/// A stack in a process of its own; killed when dropped.
struct Running {
    child: Child,
    address: SocketAddr,
    /// Shown at the first start only.
    token: Option<String>,
    group: String,
}

impl Running {
    fn start(data: &Path) -> anyhow::Result<Self> {
        let mut child = itself("the_stack_of_the_other_test", DATA, data)?.stderr(Stdio::null()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let said = lines.map_while(Result::ok).find_map(|line| {
            // The harness says its own before and around it.
            serde_json::from_str::<Value>(line.get(line.find('{')?..)?).ok()
        });
        let said = said.context("the stack did not start")?;
        let text = |name: &str| said[name].as_str().map(ToOwned::to_owned);
        Ok(Self {
            address: text("address").context("an address")?.parse()?,
            token: text("token"),
            group: text("group").context("a group")?,
            child,
        })
    }

    /// SIGKILL: no destructor runs, nothing is flushed.
    fn kill(mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already after `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was answered with success: the last title and state of each user, and who was made a member.
#[derive(Debug, Default)]
struct Answered {
    users: BTreeMap<String, (String, bool)>,
    members: Vec<String>,
}

async fn scim(
    at: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Reply> {
    let request = Request::new(method, &format!("/scim/v2{path}"));
    let request = request.with("authorization", &format!("Bearer {token}"));
    match body {
        Some(body) => request.json(body).send(at).await,
        None => request.send(at).await,
    }
}

/// Creates, changes, deactivates and links people until the stack goes away.
async fn write(
    at: SocketAddr,
    token: String,
    group: String,
    run: usize,
    writer: usize,
    answered: Arc<Mutex<Answered>>,
) {
    for number in 0.. {
        let user =
            json!({ "userName": format!("r{run}.w{writer}.n{number}@acme.example"), "title": "created" });
        let Ok(created) = scim(at, &token, "POST", "/Users", Some(&user)).await else { return };
        let Some(id) = created.json()["id"].as_str().filter(|_| created.status == 201).map(ToOwned::to_owned)
        else {
            continue;
        };
        let note = |title: &str, active: bool| {
            let mut answered = answered.lock().unwrap_or_else(PoisonError::into_inner);
            answered.users.insert(id.clone(), (title.to_owned(), active));
        };
        note("created", true);
        let member =
            json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id }] }] });
        let Ok(linked) = scim(at, &token, "PATCH", &format!("/Groups/{group}"), Some(&member)).await else {
            return;
        };
        if linked.status == 204 {
            answered.lock().unwrap_or_else(PoisonError::into_inner).members.push(id.clone());
        }
        let active = number % 3 != 0;
        let change =
            json!({ "Operations": [{ "op": "replace", "value": { "title": "changed", "active": active } }] });
        // Without an answer it may have been done or not: then nothing is promised of this user any more.
        let before = answered.lock().unwrap_or_else(PoisonError::into_inner).users.remove(&id);
        let Ok(changed) = scim(at, &token, "PATCH", &format!("/Users/{id}"), Some(&change)).await else {
            return;
        };
        match before {
            Some(_) if changed.status == 200 => note("changed", active),
            Some((title, was)) => note(&title, was),
            None => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_kill() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut running = Running::start(folder.path())?;
    let token = running.token.clone().context("a token")?;
    let answered = Arc::new(Mutex::new(Answered::default()));
    for run in 0..2 {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (token, group) = (token.clone(), running.group.clone());
                tokio::spawn(write(running.address, token, group, run, writer, answered.clone()))
            })
            .collect();
        let enough = (run + 1) * 60;
        for _ in 0..600 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let answered = answered.lock().unwrap_or_else(PoisonError::into_inner);
            if answered.users.len() >= enough && answered.members.len() >= enough {
                break;
            }
        }
        running.kill()?;
        for writer in writers {
            writer.await?;
        }
        running = Running::start(folder.path())?;
        let (users, members) = {
            let expected = answered.lock().unwrap_or_else(PoisonError::into_inner);
            (expected.users.clone(), expected.members.clone())
        };
        ensure!(
            users.len() >= enough / 2 && members.len() >= enough,
            "hardly anything was written: {}",
            users.len()
        );
        for (id, (title, active)) in &users {
            let user = scim(running.address, &token, "GET", &format!("/Users/{id}"), None)
                .await?
                .expect(200)?
                .json();
            assert_eq!((&user["title"], &user["active"]), (&json!(title), &json!(active)), "{id}");
        }
        let group = scim(running.address, &token, "GET", &format!("/Groups/{}", running.group), None).await?;
        let group = group.expect(200)?.json();
        let listed = group["members"].as_array().context("members")?;
        assert!(members.iter().all(|id| listed.iter().any(|member| member["value"] == json!(id))));
        // It goes on, and the count is that of the pages once a list was looked at.
        let new = json!({ "userName": format!("after.{run}@acme.example") });
        scim(running.address, &token, "POST", "/Users", Some(&new)).await?.expect(201)?;
    }
    Ok(())
}

/// Not a test by itself: does nothing unless [`Running::start`] runs it.
#[tokio::test(flavor = "multi_thread")]
async fn the_stack_of_the_other_test() -> Outcome {
    let Some(data) = std::env::var_os(DATA) else { return Ok(()) };
    let options = StackOptions { data: Some(data.into()), users: 20, ..StackOptions::default() };
    let site = Site::start_with(options).await?;
    let acme = Subdomain::parse("acme")?;
    let said = if let Some(workspace) = site.workspaces.find(&acme).await? {
        let address = site.stack.address("acme").await?;
        let group = resource_id::role_group(&workspace.tenant, Role::Viewer);
        json!({ "address": address.trim_start_matches("http://"), "group": group })
    } else {
        let acme = site.customer("acme").await?;
        let group = acme.role_group(Role::Viewer);
        json!({ "address": acme.address, "token": acme.token, "group": group })
    };
    println!("{said}");
    // Killed long before; a parent that died without killing must not leave it forever.
    tokio::time::sleep(Duration::from_secs(120)).await;
    Ok(())
}

/// Tells the child that it is a demo, and where its data lies.
const DEMO_DATA: &str = "ATOMATION_TEST_DEMO";

/// Fewer requests than the job takes: a kill after the last one would kill nothing.
const REQUESTS: u64 = 150;

/// A run of the demo ends by itself after so long.
const LONGEST_RUN: Duration = Duration::from_secs(240);

/// What the places to kill at are drawn from. With this one, a plain run kills while the customer accepts the workspace,
/// while the first scan reads the org, and while the report is delivered.
const SEED: u64 = 11;

/// A demo in a process of its own; killed when dropped.
struct Job(Child);

impl Drop for Job {
    fn drop(&mut self) {
        // Gone already, unless this is a test that fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a run is killed: some time after so many requests.
#[derive(Debug, Clone, Copy)]
struct Place {
    requests: u64,
    then: Duration,
}

/// Places spread over the whole job: one drawn from each of as many stretches of equal length.
fn places(count: u64) -> Vec<Place> {
    let mut seeded = Seeded(SEED);
    let stretch = REQUESTS / count;
    let place = |at: u64| Place {
        requests: at * stretch + 1 + seeded.draw() % stretch,
        then: Duration::from_millis(seeded.draw() % 300),
    };
    (0..count).map(place).collect()
}

/// Runs the demo over `data`, up to its end or to where it is killed.
fn demo(data: &Path, kill: Option<Place>) -> anyhow::Result<ExitStatus> {
    let mut job = Job(itself("the_demo_of_the_other_test", DEMO_DATA, data)?.spawn()?);
    let lines = BufReader::new(job.0.stdout.take().context("its output")?).lines();
    for line in lines.map_while(Result::ok) {
        // The harness says its own before the first.
        let requests = line.rsplit(' ').next().and_then(|word| word.parse::<u64>().ok());
        if let Some(place) = kill.filter(|place| requests == Some(place.requests)) {
            std::thread::sleep(place.then);
            job.0.kill()?;
        }
    }
    Ok(job.0.wait()?)
}

/// `ATOMATION_DEEP=1` kills at 25 places.
#[test]
fn a_demo_that_is_killed_anywhere_goes_on_to_its_end() -> Outcome {
    const SIGKILL: i32 = 9;
    let deep = std::env::var_os("ATOMATION_DEEP").is_some();
    for place in places(if deep { 25 } else { 3 }) {
        let folder = tempfile::tempdir()?;
        let killed = demo(folder.path(), Some(place))?;
        ensure!(killed.signal() == Some(SIGKILL), "{place:?}: ended before it was killed, with {killed}");
        let ended = demo(folder.path(), None)?;
        ensure!(ended.success(), "{place:?}: the run after it ended with {ended}");
        let report = std::fs::read_to_string(folder.path().join("delivered/report.html"))?;
        ensure!(report.contains("Okta security assessment"), "{place:?}: no report was delivered");
    }
    Ok(())
}

/// Not a test by itself: does nothing unless [`demo`] runs it.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_of_the_other_test() -> Outcome {
    let Some(data) = std::env::var_os(DEMO_DATA).map(PathBuf::from) else { return Ok(()) };
    let options = StackOptions { data: Some(data.clone()), users: 300, ..StackOptions::default() };
    let run = async {
        let stack = Stack::start(options).await?;
        // Each number is told before the next request: what was answered may not have been noted yet.
        let narrator = Narrator::silent().watched(|requests| println!("{requests}"));
        let mut demo = Demo::new(&stack, Some(&data), narrator)?;
        demo.run().await?;
        drop(demo);
        stack.shutdown().await;
        anyhow::Ok(())
    };
    tokio::time::timeout(LONGEST_RUN, run).await?
}
