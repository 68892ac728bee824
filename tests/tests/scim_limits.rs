//! What a token may do and what happens around it: how many requests, where it may stand, and who hears of it when
//! the last Admin goes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream, try_join};
use jiff::SignedDuration;
use local::{functions::Functions, gateway::Gateway};
use serde_json::{Value, json};
use shared::{
    http::{Door, rate::Rate},
    ops::Config,
    store::Aws,
    tenant::{PublicBase, Role, token::PresentedToken},
};
use tests::{
    raw::Request,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

const USERS: &str = "/scim/v2/Users?startIndex=1&count=2";

/// Looks until `found` says so: what no answer waits for is done soon after it.
async fn soon(found: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    for _ in 0..50 {
        if found().await? {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(false)
}

async fn tokens(acme: &Tenant) -> anyhow::Result<Vec<Value>> {
    let page = acme.get("/security/scim").await?.expect(200)?.json();
    Ok(page["tokens"].as_array().context("tokens")?.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_a_token_in_an_address_opens_nothing_and_is_marked() -> Outcome {
    let site = Site::start().await?;
    let (acme, globex) = (site.customer("acme").await?, site.customer("globex").await?);
    let forged = {
        let mut forged = acme.token.clone();
        forged.replace_range(60..61, if &forged[60..61] == "0" { "1" } else { "0" });
        forged
    };
    for token in ["junk", &forged, &globex.token] {
        let request = Request::new("GET", &format!("/scim/v2/Users?access_token={token}"));
        request.send(acme.address).await?.expect(401)?;
    }
    let is_marked = async |of: &Tenant| Ok(!tokens(of).await?[0]["exposed"].is_null());
    assert!(soon(async || is_marked(&globex).await).await?, "it is globex's, wherever it was sent");
    assert!(!is_marked(&acme).await?, "a token that is not proven marks nothing");

    let request = Request::new("GET", &format!("/scim/v2/Users?access_token={}", acme.token));
    request.send(acme.address).await?.expect(401)?;
    assert!(soon(async || is_marked(&acme).await).await?);
    let html = acme.request("GET", "/security/scim").with("accept", "text/html").send(acme.address).await?;
    assert!(html.body.contains("seen in an address"));
    acme.get(USERS).await?.expect(200)?;

    let initech = site.customer("initech").await?;
    initech.get(&format!("/scim/v2/Users?access_token={}", initech.token)).await?.expect(200)?;
    assert!(soon(async || is_marked(&initech).await).await?, "where it also stands in the header, too");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c25_a_token_that_runs_wild_waits_and_nobody_else_does() -> Outcome {
    let site = Site::start().await?;
    let (acme, globex) = (site.customer("acme").await?, site.customer("globex").await?);
    let minute = new_minute(&site);
    let token = PresentedToken::parse(&acme.token).context("a token")?;
    // What other processes have reported by now.
    site.store(&acme.workspace).count_requests(token.id(), minute, 2_960).await?;
    let mut statuses = Vec::new();
    for _ in 0..60 {
        let reply = acme.get(USERS).await?;
        if reply.status == 429 {
            let wait: u32 = reply.header("retry-after").context("when to come back")?.parse()?;
            assert!((1..=60).contains(&wait), "{wait}");
            assert_eq!(reply.json()["status"], "429");
        }
        statuses.push(reply.status);
    }
    let served = statuses.iter().filter(|status| **status == 200).count();
    assert!((40..50).contains(&served), "{served} of 60: 2,960 were counted, 3,000 may be");
    let last = statuses.iter().rposition(|status| *status == 200);
    assert!(last.is_some_and(|last| last < 50), "{statuses:?}");
    globex.get(USERS).await?.expect(200)?;

    let counted = async || {
        let record = site.store(&acme.workspace).token(token.id()).await?.context("the record")?;
        Ok(record.requests_in(minute) >= 3_000)
    };
    assert!(soon(counted).await?, "every process sees it");
    site.stack.clock.advance(SignedDuration::from_secs(60));
    acme.get(USERS).await?.expect(200)?;
    Ok(())
}

/// Begins a minute, so that all that follows lies in it.
fn new_minute(site: &Site) -> i64 {
    let to = 60 - site.now().as_second().rem_euclid(60) + 2;
    site.stack.clock.advance(SignedDuration::from_secs(to));
    site.now().as_second().div_euclid(60)
}

/// `scim-users` once more, over the same table, with the limit that a deployment sets: as acme, as globex.
async fn limited(site: &Site, per_minute: usize) -> anyhow::Result<(Gateway, [SocketAddr; 2])> {
    let settings = [
        ("TABLE_NAME", "atomation".to_owned()),
        ("BASE_DOMAIN", "http://localhost:1".to_owned()),
        ("SCIM_REQUESTS_PER_MINUTE", per_minute.to_string()),
    ];
    let config = Config::from_iter(settings.map(|(name, value)| (name.to_owned(), value)));
    let (base, rate) = (PublicBase::of(&config)?, Rate::of(&config)?);
    let table = Aws::new(site.stack.cloud.sdk_config(), config).table(site.random.clone())?;
    let (clock, random) = (site.stack.clock.clone(), site.random.clone());
    let door = Door { rate, ..Door::new(base, table, clock.clone(), random.clone()) };
    let mut functions = Functions::default();
    functions.web("scim-users", scim_users::router(door));
    let gateway = Gateway::new(&site.stack.template, Arc::new(functions), clock, random);
    let acme = gateway.listen(0, Some("acme.localhost".to_owned())).await?;
    let globex = gateway.listen(0, Some("globex.localhost".to_owned())).await?;
    Ok((gateway, [acme, globex].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))))
}

/// Every request is sent, four at a time, while another workspace goes on with its own.
#[tokio::test(flavor = "multi_thread")]
async fn c25_a_burst_is_cut_off_at_the_limit_and_the_next_workspace_is_served_throughout() -> Outcome {
    const LIMIT: usize = 60;
    const BURST: usize = 300;
    let site = Site::start().await?;
    let (acme, globex) = (site.customer("acme").await?, site.customer("globex").await?);
    let (_gateway, [at_acme, at_globex]) = limited(&site, LIMIT).await?;
    new_minute(&site);
    let (wild, quiet) = (acme.request("GET", USERS), globex.request("GET", USERS));
    let burst = stream::iter(0..BURST).map(|_| wild.send(at_acme)).buffered(4).try_collect::<Vec<_>>();
    let beside = stream::iter(1..LIMIT).map(|_| quiet.send(at_globex)).buffered(1).try_collect::<Vec<_>>();
    let (burst, beside) = try_join!(burst, beside)?;

    assert!(beside.iter().all(|reply| reply.status == 200), "{beside:?}");
    let served = burst.iter().filter(|reply| reply.status == 200).count();
    // To a few per process: what is counted is reported after the answers.
    assert!((LIMIT..2 * LIMIT).contains(&served), "{served} of {BURST}: {LIMIT} may be");
    for refused in burst.iter().filter(|reply| reply.status != 200) {
        let wait: u32 = refused.header("retry-after").context("when to come back")?.parse()?;
        assert!(refused.status == 429 && (1..=60).contains(&wait), "{refused:?}");
        assert!(refused.cost("wcu") < 0.5, "a refusal writes nothing: {refused:?}");
    }
    let last = burst.iter().rposition(|reply| reply.status == 200);
    assert!(last.is_some_and(|last| last < 3 * LIMIT), "served again in the same minute: {last:?}");
    site.stack.clock.advance(SignedDuration::from_secs(60));
    wild.send(at_acme).await?.expect(200)?;
    Ok(())
}

async fn alarms(site: &Site, acme: &Tenant) -> anyhow::Result<usize> {
    let log = site.store(&acme.workspace).audit_log(site.now(), None, 50).await?;
    Ok(log.iter().filter(|row| row.action == "workspace.no_admin").count())
}

/// Each way to take the role away: deactivated, deleted, out of the group, the group emptied, the group replaced.
#[tokio::test(flavor = "multi_thread")]
async fn c16_the_last_admin_goes_and_the_operator_hears_of_it() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let admins = format!("/scim/v2/Groups/{}", acme.role_group(Role::Admin));
    let sponsor = format!("/scim/v2/Users/{}", acme.admin.id);
    let new = json!({ "userName": "second@acme.example" });
    let second = acme.call("POST", "/scim/v2/Users", &new).await?.expect(201)?.json();
    let second = second["id"].as_str().context("an id")?;
    let members = |op: &str, ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
        json!({ "Operations": [{ "op": op, "path": "members", "value": ids }] })
    };
    let active = |active: bool| json!({ "Operations": [{ "op": "replace", "value": { "active": active } }] });
    acme.call("PATCH", &admins, &members("add", &[second])).await?.expect(204)?;
    acme.call("PATCH", &sponsor, &active(false)).await?.expect(200)?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(alarms(&site, &acme).await?, 0, "the second one is left");

    let second_path = format!("/scim/v2/Users/{second}");
    let one = format!("members[value eq \"{second}\"]");
    let ways = [
        ("PATCH", second_path.as_str(), active(false)),
        ("PUT", &second_path, json!({ "userName": "second@acme.example", "active": false })),
        ("PATCH", &admins, json!({ "Operations": [{ "op": "remove", "path": one }] })),
        ("PATCH", &admins, members("replace", &[])),
        ("PUT", &admins, json!({ "displayName": "Admin", "members": [] })),
        ("DELETE", &admins, json!({})),
        ("DELETE", &second_path, json!({})),
    ];
    for (number, (method, path, body)) in ways.iter().enumerate() {
        let reply = acme.call(method, path, body).await?;
        assert!(reply.status < 300, "applied: {reply:?}");
        let heard = soon(async || Ok(alarms(&site, &acme).await? == number + 1)).await?;
        assert!(heard, "{method} {path}: {} of {}", alarms(&site, &acme).await?, number + 1);
        if number + 1 < ways.len() {
            acme.call("PATCH", &second_path, &active(true)).await?.expect(200)?;
            acme.call("PATCH", &admins, &members("add", &[second])).await?.expect(204)?;
        }
    }
    // The only Admin came by invitation, and is taken over as somebody who has left.
    let globex = site.customer("globex").await?;
    let left = json!({ "userName": globex.admin.attributes.user_name(), "active": false });
    globex.call("POST", "/scim/v2/Users", &left).await?.expect(201)?;
    assert!(soon(async || Ok(alarms(&site, &globex).await? == 1)).await?, "adopted, and nobody hears of it");
    Ok(())
}
