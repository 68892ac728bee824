//! A SCIM token is generated; the twin speaks Okta's exact requests.

use anyhow::{Context, ensure};
use okta_twin::{Exchange, Outcome, Run, ScimApp, ScimKind, Secret};
use serde_json::json;

use super::{CUSTOMER, Narrator, People};
use crate::Stack;

const APP: &str = "acme-scim";

pub(super) async fn run(stack: &Stack, narrator: &mut Narrator, people: &People) -> anyhow::Result<()> {
    narrator.step("A SCIM token is generated, and Okta provisions people and links a group to Admin");
    let mut sponsor = people.sponsor.clone();
    let generated = sponsor.post(narrator, "/security/scim/tokens", &json!({})).await?.expect(201)?;
    let token = generated.json()?["token"].as_str().context("no token was shown")?.to_owned();
    let shown = sponsor.get(narrator, "/security/scim").await?.expect(200)?;
    ensure!(shown.json()?["token"].is_null(), "the token was shown a second time");

    let base_url = format!("{}/scim/v2", stack.address(CUSTOMER).await?);
    stack.twin.put_scim_app(APP, ScimApp { base_url, token: Secret::new(token), kind: ScimKind::Catalog });
    let okta = stack.twin.provisioning(APP).context("the twin has no such app")?;
    tell(narrator, "Test API credentials", okta.test_credentials().await)?;
    let logins: Vec<_> = stack
        .twin
        .users()
        .into_iter()
        .filter(|user| user.status == "ACTIVE")
        .take(3)
        .map(|u| u.login)
        .collect();
    let [first, second, third] = logins.as_slice() else { anyhow::bail!("the twin has fewer than 3 users") };
    tell(narrator, "Assign three people", okta.assign(first).await)?;
    tell(narrator, "", okta.assign(second).await)?;
    tell(narrator, "", okta.assign(third).await)?;
    let profile = json!({ "title": "Identity engineer" });
    tell(narrator, "Update a profile", okta.update_profile(first, &profile).await)?;
    tell(narrator, "Deactivate, reactivate", okta.deactivate(second).await)?;
    tell(narrator, "", okta.reactivate(second).await)?;
    tell(narrator, "Refresh app groups", okta.refresh_app_groups().await)?;
    tell(narrator, "Link a group to Admin", okta.link_group("Atomation Admins", "Admin", false).await)?;
    Ok(())
}

fn tell(narrator: &mut Narrator, title: &str, run: Run) -> anyhow::Result<()> {
    if !title.is_empty() {
        narrator.note(&format!("Okta: {title}"));
    }
    for Exchange { method, path, status, .. } in &run.exchanges {
        narrator.exchange("okta", &format!("{method} {path}"), &status.to_string(), "");
    }
    match run.outcome {
        Outcome::Done => Ok(()),
        other => anyhow::bail!("{title}: {other:?}"),
    }
}
