//! SCIM tokens in the console: shown once, two at most, under the customer's approval of provisioning.

use anyhow::Context;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tests::{
    raw::Request,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_shown_once_rotated_revoked_and_end() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let works = async |token: &str| {
        let request = Request::new("GET", "/scim/v2/Users?startIndex=1&count=2");
        let reply = request.with("authorization", &format!("Bearer {token}")).send(acme.address).await?;
        anyhow::Ok(reply.status == 200)
    };
    let listed = acme.get("/security/scim").await?.expect(200)?.json();
    let first = listed["tokens"][0]["id"].as_str().context("an id")?;
    let new = acme.call("POST", "/security/scim/tokens", &json!({})).await?.expect(201)?.json();
    let second = new["token"].as_str().context("the token")?;
    assert!(works(&acme.token).await? && works(second).await?, "two live ones, while Okta is moved over");
    let third = acme.call("POST", "/security/scim/tokens", &json!({})).await?.expect(409)?.json();
    assert_eq!(third["code"], "token.limit");
    let page = acme.get("/security/scim").await?.expect(200)?;
    assert!(!page.body.contains(second) && page.json()["token"].is_null(), "shown once");
    let listed = page.json();
    let listed = listed["tokens"].as_array().context("tokens")?;
    assert!(listed.iter().all(|token| token["lastUsedDay"].is_string()), "{listed:?}");
    assert!(!format!("{:?}", site.dump_of(&acme.workspace).await?).contains(second), "only its hash is kept");

    acme.call("POST", &format!("/security/scim/tokens/{first}/revoke"), &json!({})).await?;
    assert!(!works(&acme.token).await? && works(second).await?);
    site.stack.clock.advance(SignedDuration::from_hours(24 * 365));
    assert!(!works(second).await?, "a year and no longer");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_generations_at_once_two_at_most_live() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let body = json!({});
    let all = (0..12).map(|_| acme.call("POST", "/security/scim/tokens", &body));
    let all = futures::future::try_join_all(all).await?;
    let created = all.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(created, 1, "one was live already");
    assert!(all.iter().all(|reply| matches!(reply.status, 201 | 409)), "{all:?}");
    Ok(())
}

/// The approval of provisioning, as the workspace's administrator sees it.
async fn provisioning(acme: &Tenant, state: &str) -> anyhow::Result<Value> {
    let listed = acme.get("/approvals").await?.expect(200)?.json();
    let mut approvals = listed["approvals"].as_array().into_iter().flatten();
    let wanted = approvals.find(|approval| approval["kind"] == "scim" && approval["state"] == state);
    wanted.cloned().with_context(|| format!("no {state} approval of provisioning in {listed}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_die_with_the_approval_of_provisioning() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let users = acme.request("GET", "/scim/v2/Users?startIndex=1&count=2");
    let second = acme.call("POST", "/security/scim/tokens", &json!({})).await?.expect(201)?.json();
    let second = format!("Bearer {}", second["token"].as_str().context("the token")?);
    let with_second =
        Request::new("GET", "/scim/v2/Users?startIndex=1&count=2").with("authorization", &second);
    for request in [&users, &with_second] {
        acme.send(request).await?.expect(200)?;
    }

    let id = provisioning(&acme, "live").await?["id"].as_str().context("its id")?.to_owned();
    let revoked = acme.call("POST", &format!("/approvals/{id}/revoke"), &json!({})).await?.expect(200)?;
    assert_eq!(revoked.json()["state"], "revoked");
    for request in [&users, &with_second] {
        acme.send(request).await?.expect(401)?;
    }
    let page = acme.get("/security/scim").await?.expect(200)?;
    assert_eq!(page.json()["approved"], false);
    assert!(
        page.json()["tokens"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "revoked"))
    );
    let refused = acme.call("POST", "/security/scim/tokens", &json!({})).await?.expect(409)?;
    assert_eq!(refused.json()["code"], "token.unapproved");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lives_no_longer_than_the_approval_of_provisioning() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let id = provisioning(&acme, "live").await?["id"].as_str().context("its id")?.to_owned();
    acme.call("POST", &format!("/approvals/{id}/revoke"), &json!({})).await?.expect(200)?;
    let ask = json!({ "kind": "scim", "okta_url": "https://acme.okta.com", "days": 30 });
    let asked = acme.call("POST", "/approvals", &ask).await?.expect(201)?.json();
    let (id, yes) = (asked["id"].as_str().context("its id")?, json!({ "text_sha256": asked["textSha256"] }));
    acme.call("POST", &format!("/approvals/{id}/approve"), &yes).await?.expect(200)?;

    let made = acme.call("POST", "/security/scim/tokens", &json!({})).await?.expect(201)?.json();
    let token = format!("Bearer {}", made["token"].as_str().context("the token")?);
    let users = Request::new("GET", "/scim/v2/Users?startIndex=1&count=2").with("authorization", &token);
    acme.send(&users).await?.expect(200)?;
    site.stack.clock.advance(SignedDuration::from_hours(30 * 24));
    acme.send(&users).await?.expect(401)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn provisioning_is_approved_from_an_okta_org_only() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    for url in ["https://evil.example", "http://acme.okta.com", "acme"] {
        acme.call("POST", "/approvals", &json!({ "kind": "scim", "okta_url": url })).await?.expect(400)?;
    }
    Ok(())
}
