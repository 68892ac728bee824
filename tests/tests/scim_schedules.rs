//! Nothing lost, nothing twice: seeded schedules of parallel changes, as an identity provider with retries sends them.
//!
//! Each (group, member) pair and each attribute must end as some serial order of the requests leaves it: with the value
//! of a request after which no other one began. A request that is refused sets nothing. A plain run takes a slice;
//! `ATOMATION_DEEP=1` takes 10,000.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use jiff::SignedDuration;
use local::{
    cloud::{
        faults::{Fault, FaultyHttpClient, Plan, When},
        plain_http_client,
    },
    functions::Functions,
    gateway::Gateway,
};
use serde_json::{Value, json};
use shared::{
    http::Door,
    ops::Config,
    store::Aws,
    tenant::{PublicBase, Role},
};
use tests::{
    raw::{Reply, Request},
    seeded::Seeded,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

const USERS: usize = 6;
const REQUESTS: usize = 12;
/// Requests in flight at once.
const WORKERS: usize = 4;
/// As often as an identity provider tries again.
const TRIES: usize = 40;

/// What a request sets: `member:<group>:<user>`, `name:<user>`, `title:<user>`, `active:<user>`, each to a value. A
/// request that names all members sets every pair of its group, also those that it finds as it wants them.
type Sets = BTreeMap<String, String>;

/// The userName that several requests of a schedule want: one of them gets it, and 409 is for the others.
fn contested(seed: u64) -> String {
    format!("new.{seed}@acme.example")
}

struct Sent {
    sets: Sets,
    began: u64,
    ended: u64,
}

/// People and groups that are changed, at an address where the functions may meet faults.
struct Scene {
    at: SocketAddr,
    acme: Tenant,
    /// Ids, and the names that are theirs alone.
    users: Vec<(String, String)>,
    groups: Vec<(String, String)>,
    time: AtomicU64,
}

impl Scene {
    async fn new(acme: &Tenant, at: SocketAddr) -> anyhow::Result<Self> {
        let mut users = Vec::new();
        for number in 0..USERS {
            let name = format!("user.{number}@acme.example");
            let user =
                acme.call("POST", "/scim/v2/Users", &json!({ "userName": name })).await?.expect(201)?;
            users.push((user.json()["id"].as_str().context("an id")?.to_owned(), name));
        }
        let custom =
            acme.call("POST", "/scim/v2/Groups", &json!({ "displayName": "Custom" })).await?.expect(201)?;
        let custom = custom.json()["id"].as_str().context("an id")?.to_owned();
        let mut groups = vec![(custom, "Custom".to_owned())];
        groups.extend(
            [Role::Viewer, Role::Developer].map(|role| (acme.role_group(role), role.name().to_owned())),
        );
        Ok(Self { at, acme: acme.clone(), users, groups, time: AtomicU64::new(0) })
    }

    /// Sends a request until it is answered for good, as Okta does; 409 and 404 are answers.
    async fn send(&self, request: &Request) -> anyhow::Result<Reply> {
        for _ in 0..TRIES {
            let reply = request.send(self.at).await?;
            if !matches!(reply.status, 429 | 500 | 503) {
                return Ok(reply);
            }
            let wait = reply.header("retry-after").map(str::parse::<u32>);
            ensure!(
                reply.status == 500 || matches!(wait, Some(Ok(_))),
                "without whole seconds to wait: {reply:?}"
            );
            ensure!(reply.json()["status"] == json!(reply.status.to_string()), "not a SCIM error: {reply:?}");
        }
        anyhow::bail!("never answered: {} {}", request.method, request.target)
    }

    fn request(&self, seed: u64, number: usize, random: &mut Seeded) -> (Request, Sets) {
        let (user, name) = &self.users[random.below(USERS)];
        let mark = format!("{seed}.{number}");
        let path = format!("/scim/v2/Users/{user}");
        let to = |method: &str, path: &str, body: &Value| self.acme.request(method, path).json(body);
        match random.below(14) {
            0 => {
                let body = json!({ "userName": contested(seed) });
                (to("POST", "/scim/v2/Users", &body), Sets::new())
            }
            1..=3 => {
                let active = random.below(2) == 0;
                let name = if random.below(3) == 0 { contested(seed) } else { name.clone() };
                let body = json!({ "userName": name, "title": mark, "active": active });
                let sets = [("name", name), ("title", mark), ("active", active.to_string())];
                (to("PUT", &path, &body), sets.map(|(what, value)| (format!("{what}:{user}"), value)).into())
            }
            4 => {
                let name = contested(seed);
                let operation = json!({ "op": "replace", "path": "userName", "value": name });
                let body = json!({ "Operations": [operation] });
                (to("PATCH", &path, &body), [(format!("name:{user}"), name)].into())
            }
            5 | 6 => {
                let active = random.below(2) == 0;
                let body = json!({ "Operations": [{ "op": "replace", "value": { "active": active } }] });
                (to("PATCH", &path, &body), [(format!("active:{user}"), active.to_string())].into())
            }
            7..=9 => self.all_members(random),
            _ => self.some_members(random),
        }
    }

    /// A group's members, named one by one.
    fn some_members(&self, random: &mut Seeded) -> (Request, Sets) {
        let (group, _) = &self.groups[random.below(self.groups.len())];
        let mut sets = Sets::new();
        let mut operations = Vec::new();
        for _ in 0..=random.below(3) {
            let (user, _) = &self.users[random.below(USERS)];
            let add = random.below(2) == 0;
            sets.insert(format!("member:{group}:{user}"), add.to_string());
            operations.push(if add {
                json!({ "op": "add", "path": "members", "value": [{ "value": user }] })
            } else {
                json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") })
            });
        }
        let request = self.acme.request("PATCH", &format!("/scim/v2/Groups/{group}"));
        (request.json(&json!({ "Operations": operations })), sets)
    }

    /// All members of a group at once.
    fn all_members(&self, random: &mut Seeded) -> (Request, Sets) {
        let (group, name) = &self.groups[random.below(self.groups.len())];
        let mut sets = Sets::new();
        let mut members = Vec::new();
        for (user, _) in &self.users {
            let is_in = random.below(2) == 0;
            sets.insert(format!("member:{group}:{user}"), is_in.to_string());
            members.extend(is_in.then(|| json!({ "value": user })));
        }
        let (method, body) = if random.below(2) == 0 {
            ("PUT", json!({ "displayName": name, "members": members }))
        } else {
            let operation = json!({ "op": "replace", "path": "members", "value": members });
            ("PATCH", json!({ "Operations": [operation] }))
        };
        (self.acme.request(method, &format!("/scim/v2/Groups/{group}")).json(&body), sets)
    }

    /// One schedule: requests by several workers, some of them sent twice, and what each one set.
    async fn play(&self, seed: u64) -> anyhow::Result<Vec<Sent>> {
        let mut random = Seeded(seed);
        let contested = &contested(seed);
        let mut lanes: Vec<Vec<(Request, Sets)>> = vec![Vec::new(); WORKERS];
        for number in 0..REQUESTS {
            let request = self.request(seed, number, &mut random);
            let lane = random.below(WORKERS);
            if random.below(4) == 0 {
                lanes[(lane + 1) % WORKERS].push(request.clone());
            }
            lanes[lane].push(request);
        }
        let lanes = lanes.into_iter().map(async |lane| {
            let mut sent = Vec::new();
            for (request, sets) in lane {
                let began = self.time.fetch_add(1, Ordering::SeqCst);
                let reply = self.send(&request).await?;
                let ended = self.time.fetch_add(1, Ordering::SeqCst);
                if reply.status < 400 {
                    sent.push(Sent { sets, began, ended });
                    continue;
                }
                let may_be_late = request.method == "POST" || sets.values().any(|value| value == contested);
                ensure!(reply.status == 409 && may_be_late, "seed {seed}: {request:?} -> {reply:?}");
            }
            anyhow::Ok(sent)
        });
        Ok(try_join_all(lanes).await?.into_iter().flatten().collect())
    }

    /// Everything that a request can set, as it is now; both sides of each membership say the same.
    async fn state(&self) -> anyhow::Result<Sets> {
        let mut state = Sets::new();
        for (user, _) in &self.users {
            let shown = self.acme.get(&format!("/scim/v2/Users/{user}")).await?.expect(200)?.json();
            state.insert(format!("name:{user}"), shown["userName"].as_str().unwrap_or_default().to_owned());
            state.insert(format!("title:{user}"), shown["title"].as_str().unwrap_or_default().to_owned());
            state.insert(format!("active:{user}"), shown["active"].to_string());
            let of: BTreeSet<_> = shown["groups"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|group| group["value"].as_str())
                .collect();
            for (group, _) in &self.groups {
                state.insert(format!("member:{group}:{user}"), of.contains(group.as_str()).to_string());
            }
        }
        for (group, _) in &self.groups {
            let shown = self.acme.get(&format!("/scim/v2/Groups/{group}")).await?.expect(200)?.json();
            let members: Vec<_> = shown["members"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|member| member["value"].as_str())
                .collect();
            let once: BTreeSet<_> = members.iter().collect();
            ensure!(once.len() == members.len(), "a member twice: {members:?}");
            for (user, _) in &self.users {
                let said = state[&format!("member:{group}:{user}")] == "true";
                ensure!(said == once.contains(&user.as_str()), "{user} in {group}: the two sides differ");
            }
        }
        Ok(state)
    }

    async fn run(&self, site: &Site, seeds: impl Iterator<Item = u64>) -> Outcome {
        let mut before = self.state().await?;
        let mut renamed = 0;
        for seed in seeds {
            // No faster than a token may go.
            site.stack.clock.advance(SignedDuration::from_secs(2));
            let sent = self.play(seed).await?;
            let after = self.state().await?;
            for (what, value) in &after {
                let setters: Vec<_> = sent.iter().filter(|sent| sent.sets.contains_key(what)).collect();
                let last_began = setters.iter().map(|sent| sent.began).max();
                let possible: BTreeSet<_> = match last_began {
                    None => [&before[what]].into(),
                    Some(began) => setters
                        .iter()
                        .filter(|sent| sent.ended > began)
                        .map(|sent| &sent.sets[what])
                        .collect(),
                };
                ensure!(possible.contains(value), "seed {seed}: {what} is {value}, want one of {possible:?}");
            }
            let names: Vec<_> = after.iter().filter(|(what, _)| what.starts_with("name:")).collect();
            let once: BTreeSet<_> = names.iter().map(|(_, name)| *name).collect();
            ensure!(once.len() == names.len(), "seed {seed}: a name twice: {names:?}");
            let contested = contested(seed);
            renamed += sent.iter().filter(|sent| sent.sets.values().any(|value| *value == contested)).count();
            before = after;
        }
        ensure!(renamed > 0, "every rename was refused");
        Ok(())
    }
}

/// No name twice, nobody missing from the list, and the count is that of the list, once writes are at rest.
async fn at_rest(site: &Site, acme: &Tenant) -> Outcome {
    site.stack.clock.advance(SignedDuration::from_secs(120));
    // A place that was lost with an answer is closed by the first list that shows it.
    for _ in 0..2 {
        let mut names = Vec::new();
        let mut total = 1;
        let mut start = 1;
        while start <= total {
            let page =
                acme.get(&format!("/scim/v2/Users?startIndex={start}&count=200")).await?.expect(200)?.json();
            total = page["totalResults"].as_u64().context("a total")?;
            let users = page["Resources"].as_array().context("users")?;
            names.extend(users.iter().map(|user| user["userName"].to_string()));
            start += 200;
        }
        let once: BTreeSet<_> = names.iter().collect();
        ensure!(once.len() == names.len(), "a name twice");
        if names.len() as u64 == total {
            let indexed = site.dump_of(&acme.workspace).await?;
            let indexed = indexed.keys().filter(|(pk, sk)| pk.contains("#N#") && sk == "U").count();
            ensure!(indexed == names.len(), "{indexed} names for {} users", names.len());
            return Ok(());
        }
    }
    anyhow::bail!("the count is not that of the list")
}

fn slice(plain: u64) -> u64 {
    if std::env::var_os("ATOMATION_DEEP").is_some() { plain * 100 } else { plain }
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_changes_end_as_in_some_serial_order() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let scene = Scene::new(&acme, acme.address).await?;
    scene.run(&site, 0..slice(90)).await?;
    at_rest(&site, &acme).await
}

/// The SCIM functions once more, over the same table, under a plan of faults.
async fn faulty(site: &Site, plan: Plan) -> anyhow::Result<(Gateway, SocketAddr, FaultyHttpClient)> {
    let faults = FaultyHttpClient::wrap(plain_http_client(), plan);
    let settings = [("TABLE_NAME", "atomation"), ("BASE_DOMAIN", "http://localhost:1")];
    let config = Config::from_iter(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let base = PublicBase::of(&config)?;
    let table =
        Aws::new(site.stack.cloud.sdk_config_with_faults(&faults), config).table(site.random.clone())?;
    let door = Door::new(base, table, site.stack.clock.clone(), site.random.clone());
    let mut functions = Functions::default();
    functions.web("scim-users", scim_users::router(door.clone()));
    functions.web("scim-groups", scim_groups::router(door));
    let (clock, random) = (site.stack.clock.clone(), site.random.clone());
    let gateway = Gateway::new(&site.stack.template, Arc::new(functions), clock, random);
    let port = gateway.listen(0, Some("acme.localhost".to_owned())).await?;
    Ok((gateway, SocketAddr::from((Ipv4Addr::LOCALHOST, port)), faults))
}

#[tokio::test(flavor = "multi_thread")]
async fn under_throttling_conflicts_and_lost_answers_nothing_is_lost_or_twice() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let plan = Plan::seeded(11)
        .rule("dynamodb.TransactWriteItems", When::PerMille(60), Fault::Conflict)
        .rule("dynamodb.TransactWriteItems", When::PerMille(60), Fault::ReplyLost)
        .rule("dynamodb.UpdateItem", When::PerMille(100), Fault::ReplyLost)
        .rule("dynamodb.*", When::PerMille(20), Fault::Throttled);
    let (_gateway, at, faults) = faulty(&site, plan).await?;
    let scene = Scene::new(&acme, at).await?;
    scene.run(&site, 1_000_000..1_000_000 + slice(10)).await?;
    let injected = faults.injected();
    for fault in [Fault::Conflict, Fault::ReplyLost, Fault::Throttled] {
        ensure!(injected.iter().any(|one| one.fault == fault), "{fault:?} was never injected");
    }
    at_rest(&site, &acme).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_table_is_429_with_whole_seconds() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let plan = Plan::seeded(1).rule("dynamodb.TransactWriteItems", When::PerMille(1000), Fault::Throttled);
    let (_gateway, at, _) = faulty(&site, plan).await?;
    let body = json!({ "userName": "nobody@acme.example" });
    let reply = acme.request("POST", "/scim/v2/Users").json(&body).send(at).await?.expect(429)?;
    assert!(reply.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{reply:?}");
    assert_eq!(reply.json()["status"], "429");
    Ok(())
}
