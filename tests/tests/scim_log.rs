//! The provisioning log, as an administrator sees it.

use std::time::Duration;

use anyhow::Context;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tests::{
    raw::Request,
    routes::encoded,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

const LOG: &str = "/security/scim/log";

/// The log, once it has `count` rows: they are written after the answers.
async fn rows(acme: &Tenant, query: &str, count: usize) -> anyhow::Result<Vec<Value>> {
    for _ in 0..200 {
        let page = acme.get(&format!("{LOG}?{query}")).await?.expect(200)?.json();
        let rows = page["requests"].as_array().context("rows")?.clone();
        if rows.len() >= count {
            return Ok(rows);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("no {count} rows for {query:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_leaves_a_row_that_says_what_changed_and_why_not() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let secret = "correct horse battery staple";
    let body =
        json!({ "userName": "Nokafor@acme.example", "password": secret, "name": { "familyName": "Okafor" } });
    let created = acme.call("POST", "/scim/v2/Users", &body).await?.expect(201)?.json();
    let id = created["id"].as_str().context("an id")?;
    let path = format!("/scim/v2/Users/{id}");
    let title = json!({ "Operations": [{ "op": "replace", "value": { "title": "Chief Okafor" } }] });
    acme.call("PATCH", &path, &title).await?.expect(200)?;
    acme.call("POST", "/scim/v2/Users", &body).await?.expect(409)?;
    let filter = encoded("userName eq \"Nokafor@acme.example\"");
    acme.get(&format!("/scim/v2/Users?filter={filter}&count=1")).await?.expect(200)?;
    acme.get("/scim/v2/Users/Nokafor@acme.example").await?.expect(404)?;

    let rows = rows(&acme, "", 5).await?;
    assert_eq!(rows.len(), 5);
    let find = |method: &str, status: u16| {
        rows.iter().find(|row| row["method"] == method && row["status"] == status).context("the row")
    };
    assert_eq!(find("POST", 201)?["changed"], json!([format!("user.create user:{id} scim")]));
    let patch = find("PATCH", 200)?;
    assert_eq!(patch["changed"], json!([format!("user.update user:{id} title")]));
    assert_eq!(patch["path"], json!(path));
    assert!(patch["duration_ms"].is_u64() && patch["correlation_id"].is_string());
    assert_eq!(find("POST", 409)?["reason"], "another user has this userName");
    assert_eq!(find("GET", 200)?["path"], "/scim/v2/Users?filter=…&count=1");
    assert_eq!(find("GET", 404)?["path"], "/scim/v2/Users/…");
    let page = acme.send(&acme.request("GET", LOG).with("accept", "text/html")).await?.expect(200)?.body;
    let csv = acme.get(&format!("{LOG}.csv")).await?.expect(200)?;
    let all = format!("{}{page}{}", json!(rows), csv.body);
    for hidden in [secret, "Okafor@", "Chief", &acme.token] {
        assert!(!all.contains(hidden), "{hidden} is in the log");
    }
    assert_eq!(csv.body.lines().count(), 6, "a line of names and one a row");
    assert!(csv.body.starts_with("\"at\",\"method\",\"path\""));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_filtered_paged_and_ends_after_thirty_days() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    for _ in 0..55 {
        acme.get("/scim/v2/Schemas").await?.expect(200)?;
    }
    let missing = acme.request("GET", "/scim/v2/Users/nobody").without("x-correlation-id");
    acme.send(&missing.with("x-correlation-id", "c-the-one-that-failed")).await?.expect(404)?;
    let failed = rows(&acme, "outcome=failed", 1).await?;
    assert_eq!((failed.len(), &failed[0]["correlation_id"]), (1, &json!("c-the-one-that-failed")));
    assert_eq!(rows(&acme, "correlation=c-the-one-that-failed", 1).await?.len(), 1);
    assert_eq!(rows(&acme, "method=GET", 50).await?.len(), 50);
    assert_eq!(rows(&acme, "method=PUT", 0).await?.len(), 0);
    let first = acme.get(LOG).await?.expect(200)?.json();
    let older = first["older"].as_str().context("an older page")?;
    let second = rows(&acme, &format!("before={}", encoded(older)), 6).await?;
    assert_eq!(second.len(), 6, "56 in all, none twice");

    site.stack.clock.advance(SignedDuration::from_hours(30 * 24 + 1));
    let admin = site.person(&acme, "later", shared::tenant::Role::Viewer).await?;
    assert_eq!(rows(&admin, "", 0).await?.len(), 0, "nothing is shown after 30 days");
    assert_eq!(admin.get(&format!("{LOG}.csv")).await?.status, 403, "a Viewer looks and takes nothing away");
    Ok(())
}

/// Rows of the log in the table, whoever may see them.
async fn kept(site: &Site, acme: &Tenant) -> anyhow::Result<usize> {
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(site.dump_of(&acme.workspace).await?.keys().filter(|(pk, _)| pk.contains("#B#scim#")).count())
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_leave_nothing_and_an_old_token_one_row_an_hour() -> Outcome {
    let site = Site::start().await?;
    let (acme, globex) = (site.customer("acme").await?, site.customer("globex").await?);
    let mut other = acme.token.clone();
    other.replace_range(60..61, if &other[60..61] == "0" { "1" } else { "0" });
    let with = |token: &str| {
        let request = Request::new("GET", "/scim/v2/Users?count=1");
        request.with("authorization", &format!("Bearer {token}"))
    };
    for token in ["junk", &other, &globex.token] {
        for _ in 0..5 {
            with(token).send(acme.address).await?.expect(401)?;
        }
    }
    with("junk").send(acme.address).await.map(|reply| assert!(reply.cost("calls") < 0.5))?;
    assert_eq!(kept(&site, &acme).await?, 0);

    let tokens = acme.get("/security/scim").await?.expect(200)?.json();
    let id = tokens["tokens"][0]["id"].as_str().context("a token")?;
    acme.call("POST", &format!("/security/scim/tokens/{id}/revoke"), &json!({})).await?;
    for _ in 0..5 {
        with(&acme.token).send(acme.address).await?.expect(401)?;
    }
    assert_eq!(kept(&site, &acme).await?, 1);
    Ok(())
}
