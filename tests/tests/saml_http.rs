//! Sign-in over the whole local stack: real HTTP, the Okta twin as identity provider, the schedule as EventBridge.

use anyhow::Context;
use jiff::SignedDuration;
use local::demo::{Browser, Demo, Narrator, SAML_APP};
use okta_twin::{Rollover, SamlApp};
use serde_json::{Value, json};
use tests::site::{Site, Tenant};

type Outcome = anyhow::Result<()>;

/// A customer whose SSO is connected to the twin.
async fn connected(site: &Site) -> anyhow::Result<Tenant> {
    let acme = site.customer("acme").await?;
    let app = SamlApp {
        acs_url: format!("{}/auth/saml/acs", acme.origin),
        audience: format!("{}/saml/metadata", acme.origin),
        ..SamlApp::default()
    };
    site.stack.twin.put_saml_app(SAML_APP, app);
    let metadata = json!({ "metadata_url": site.stack.twin.metadata_url(SAML_APP) });
    let saved = acme.call("POST", "/security/sso", &metadata).await?;
    anyhow::ensure!(saved.status == 200, "{saved:?}");
    Ok(acme)
}

fn login(site: &Site) -> anyhow::Result<String> {
    let active = site.stack.twin.users().into_iter().find(|user| user.status == "ACTIVE");
    Ok(active.context("the twin has no active user")?.login)
}

async fn home(browser: &mut Browser) -> anyhow::Result<u16> {
    Ok(browser.get(&mut Narrator::silent(), "/").await?.status.as_u16())
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_workspace_and_from_the_dashboard_until_deactivated() -> Outcome {
    let site = Site::start().await?;
    let acme = connected(&site).await?;
    let login = login(&site)?;
    let mut demo = Demo::new(&site.stack, None, Narrator::silent())?;
    let mut person = demo.visitor("person").await?;
    demo.start_at_workspace(&mut person, &login).await?;
    assert_eq!(home(&mut person).await?, 200);
    let mut dashboard = demo.visitor("dashboard").await?;
    let response = demo.start_at_dashboard(&mut dashboard, &login).await?;
    assert_eq!(home(&mut dashboard).await?, 200);

    let mut thief = demo.visitor("thief").await?;
    let fields = [("SAMLResponse", response.as_str())];
    let from = site.stack.twin.base_url();
    let replayed = thief.post_from(&mut Narrator::silent(), from, "/auth/saml/acs", &fields).await?;
    assert_eq!((replayed.status.as_u16(), home(&mut thief).await?), (403, 401));

    let found = acme.get(&format!("/scim/v2/Users?filter=userName%20eq%20%22{login}%22")).await?;
    let found: Value = serde_json::from_str(&found.body)?;
    let id = found["Resources"][0]["id"].as_str().context("the person was created")?.to_owned();
    let off = json!({ "Operations": [{ "op": "replace", "value": { "active": false } }] });
    let patched = acme.call("PATCH", &format!("/scim/v2/Users/{id}"), &off).await?;
    assert_eq!(patched.status, 200, "{patched:?}");
    for browser in [&mut person, &mut dashboard] {
        assert_eq!(home(browser).await?, 401, "out by the very next request");
    }
    assert!(demo.start_at_workspace(&mut person, &login).await.is_err());
    assert_eq!(home(&mut person).await?, 401);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_certificate_is_rolled_over_by_the_schedule() -> Outcome {
    let site = Site::start().await?;
    let acme = connected(&site).await?;
    let login = login(&site)?;
    let mut demo = Demo::new(&site.stack, None, Narrator::silent())?;
    // Each step of the rollover, what the schedule then finds, and how many keys are in force after it.
    for (steps, outcome, keys) in [
        (vec![Rollover::Announce { days: -1 }], "applied", 2),
        (vec![Rollover::Switch, Rollover::Retire], "applied", 1),
        (vec![Rollover::Announce { days: 3650 }], "applied", 2),
        (vec![Rollover::Switch], "same", 2),
        (vec![Rollover::Retire], "applied", 1),
    ] {
        for step in steps {
            site.stack.twin.roll(step)?;
        }
        site.stack.clock.advance(SignedDuration::from_hours(6));
        let done = site.stack.fire("housekeeping").await?;
        assert_eq!(done["metadata"], json!({ outcome: 1 }), "{done}");
        let admin = site.tenant(acme.workspace.clone(), acme.admin.clone(), acme.token.clone()).await?;
        let page: Value = serde_json::from_str(&admin.get("/security/sso").await?.body)?;
        let found = page["connection"]["certificates"].as_array().map(Vec::len);
        assert_eq!(found, Some(keys), "{page}");
        let mut person = demo.visitor("person").await?;
        demo.start_at_workspace(&mut person, &login).await?;
        assert_eq!(home(&mut person).await?, 200);
    }
    Ok(())
}
