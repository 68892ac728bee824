//! A SCIM token is generated; the twin speaks Okta's exact requests.

use anyhow::{Context, ensure};
use okta_twin::{Exchange, Outcome, Run, ScimApp, ScimKind, Secret};
use serde_json::json;

use super::{CUSTOMER, Demo, People};

const APP: &str = "acme-scim";
const PROVISION: &str = "A SCIM token is generated, and Okta provisions people and links a group to a role";

impl Demo<'_> {
    pub(super) async fn provision(&mut self, people: &mut People) -> anyhow::Result<()> {
        if !self.begins(PROVISION) {
            return Ok(());
        }
        let token = self.scim_token(people).await?;
        let base_url = format!("{}/scim/v2", self.stack.address(CUSTOMER).await?);
        let app = ScimApp { base_url, token: Secret::new(token), kind: ScimKind::Catalog };
        self.stack.twin.put_scim_app(APP, app);
        let okta = self.stack.twin.provisioning(APP).context("the twin has no such app")?;
        let active = self.stack.twin.users().into_iter().filter(|user| user.status == "ACTIVE");
        let logins: Vec<_> = active.take(3).map(|user| user.login).collect();
        let [first, second, third] = logins.as_slice() else {
            anyhow::bail!("want 3 active users in the twin")
        };

        self.tell("Test API credentials", okta.test_credentials().await)?;
        for login in [first, second, third] {
            self.tell("Assign a person", okta.assign(login).await)?;
        }
        let profile = json!({ "title": "Identity engineer" });
        self.tell("Update a profile", okta.update_profile(first, &profile).await)?;
        self.tell("Deactivate a person", okta.deactivate(second).await)?;
        self.tell("Reactivate that person", okta.reactivate(second).await)?;
        self.tell("Refresh app groups", okta.refresh_app_groups().await)?;
        let (group, role) =
            if self.stack.is_synthetic { ("Atomation Admins", "Admin") } else { ("Everyone", "Viewer") };
        self.tell("Link a group to a role", okta.link_group(group, role, false).await)?;
        self.state.finish(PROVISION)
    }

    async fn scim_token(&mut self, people: &mut People) -> anyhow::Result<String> {
        if let Some(token) = &self.state.scim_token {
            return Ok(token.clone());
        }
        let sponsor = &mut people.sponsor;
        let generated =
            sponsor.post(&mut self.narrator, "/security/scim/tokens", &json!({})).await?.expect(201)?;
        let token = generated.json()?["token"].as_str().context("no token was shown")?.to_owned();
        self.state.scim_token = Some(token.clone());
        self.state.save()?;
        let shown = sponsor.get(&mut self.narrator, "/security/scim").await?.expect(200)?;
        ensure!(shown.json()?["token"].is_null(), "the token was shown a second time");
        Ok(token)
    }

    fn tell(&mut self, title: &str, run: Run) -> anyhow::Result<()> {
        self.narrator.note(&format!("Okta: {title}"));
        for Exchange { method, path, status, .. } in &run.exchanges {
            self.narrator.exchange("okta", &format!("{method} {path}"), &status.to_string(), "");
        }
        match run.outcome {
            Outcome::Done => Ok(()),
            other => anyhow::bail!("{title}: {other:?}"),
        }
    }
}
