//! A SCIM token is generated; the twin speaks Okta's exact requests.

use anyhow::{Context, ensure};
use okta_twin::{Exchange, Outcome, Provisioning, Run, ScimApp, ScimKind, Secret, TwinUser};
use serde_json::{Value, json};

use super::{Browser, CUSTOMER, Demo, People};

const APP: &str = "acme-scim";
const PROVISION: &str = "A SCIM token is generated, and Okta provisions people and links a group to a role";

/// A part of it that cannot be done again.
const UNAPPROVED: &str = "provision: no token is generated before provisioning is approved";

/// The role of a person whom no linked group gives one.
const NO_ROLE: &str = "User";

impl Demo<'_> {
    pub(super) async fn provision(&mut self, people: &mut People) -> anyhow::Result<()> {
        self.forget_dead_token().await?;
        if !self.begins(PROVISION) {
            return Ok(());
        }
        let token = self.scim_token(people).await?;
        let base_url = format!("{}/scim/v2", self.stack.address(CUSTOMER).await?);
        let mut reader = self.visitor("scim").await?.bearing(&token);
        let app = ScimApp { base_url, token: Secret::new(token), kind: ScimKind::Catalog };
        self.stack.twin.put_scim_app(APP, app);
        let okta = self.okta()?;
        let active: Vec<_> =
            self.stack.twin.users().into_iter().filter(|user| user.status == "ACTIVE").take(3).collect();
        let [first, second, third] = active.as_slice() else {
            anyhow::bail!("want 3 active users in the twin")
        };

        // Each of these can be done again: Okta finds the people that it made before.
        self.tell("Test API credentials", okta.test_credentials().await)?;
        for user in [first, second, third] {
            self.tell("Assign a person", okta.assign(&user.login).await)?;
        }
        // One of the attributes that the app maps.
        let profile = json!({ "displayName": "The identity engineer" });
        self.tell("Update a profile", okta.update_profile(&first.login, &profile).await)?;
        self.expect_shown(&mut reader, first, "displayName", &profile["displayName"]).await?;
        self.tell("Deactivate a person", okta.deactivate(&second.login).await)?;
        self.expect_shown(&mut reader, second, "active", &json!(false)).await?;
        self.tell("Reactivate that person", okta.reactivate(&second.login).await)?;
        self.expect_shown(&mut reader, second, "active", &json!(true)).await?;
        self.tell("Refresh app groups", okta.refresh_app_groups().await)?;
        let (group, role) = self.link();
        self.tell("Link a group to a role", okta.link_group(group, role, false).await)?;
        self.state.finish(PROVISION)
    }

    /// The role that `login` has by the group that was linked.
    pub(super) fn linked_role(&self, login: &str) -> anyhow::Result<&'static str> {
        let user = self.stack.twin.users().into_iter().find(|user| user.login == login);
        let user = user.context("the twin has no such user")?;
        let is_in = self.okta()?.links().pushed.values().any(|group| group.members.contains(&user.id));
        // The groups of the recordings have no members.
        ensure!(is_in || !self.stack.is_synthetic, "{login} is in no group that was linked");
        Ok(if is_in { self.link().1 } else { NO_ROLE })
    }

    /// The group of the org that is linked, and to which role.
    fn link(&self) -> (&'static str, &'static str) {
        if self.stack.is_synthetic { ("Atomation Admins", "Admin") } else { ("Everyone", "Viewer") }
    }

    fn okta(&self) -> anyhow::Result<Provisioning> {
        self.stack.twin.provisioning(APP).context("the twin has no such app")
    }

    /// Reads `user` back from the workspace: an attribute must be as the org has it.
    async fn expect_shown(
        &mut self,
        reader: &mut Browser,
        user: &TwinUser,
        attribute: &str,
        want: &Value,
    ) -> anyhow::Result<()> {
        let links = self.okta()?.links();
        let id = links.users.get(&user.id).context("the person was not provisioned")?;
        let path = format!("/scim/v2/Users/{id}");
        let shown = reader.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        ensure!(shown[attribute] == *want, "want {attribute} = {want}, got {}", shown[attribute]);
        Ok(())
    }

    /// Forgets the token of an earlier run if it opens nothing any more: it expired on the stack's clock, or was revoked.
    /// The step is then done again, with another one.
    async fn forget_dead_token(&mut self) -> anyhow::Result<()> {
        let Some(token) = self.state.scim_token.clone() else { return Ok(()) };
        let mut reader = self.visitor("scim").await?.bearing(&token);
        let answer = reader.get(&mut self.narrator, "/scim/v2/Users?count=1").await?;
        if answer.expect_any(&[200, 401, 403])?.status.as_u16() != 200 {
            self.narrator.note("The token of an earlier run works no more");
            self.state.scim_token = None;
            self.state.undo(PROVISION)?;
        }
        Ok(())
    }

    async fn scim_token(&mut self, people: &mut People) -> anyhow::Result<String> {
        let sponsor = &mut people.sponsor;
        let token = if let Some(token) = self.state.scim_token.clone() {
            token
        } else {
            if self.stack.resumed {
                self.revoke_lost_tokens(sponsor).await?;
            }
            if !self.state.is_done(UNAPPROVED) {
                sponsor.post(&mut self.narrator, "/security/scim/tokens", &json!({})).await?.expect(409)?;
                self.state.finish(UNAPPROVED)?;
            }
            let ask = json!({ "kind": "scim", "okta_url": self.stack.twin.base_url() });
            self.ask_and_approve(sponsor, &ask).await?;
            let generated =
                sponsor.post(&mut self.narrator, "/security/scim/tokens", &json!({})).await?.expect(201)?;
            let token = generated.json()?["token"].as_str().context("no token was shown")?.to_owned();
            self.state.scim_token = Some(token.clone());
            self.state.save()?;
            token
        };
        let shown = sponsor.get(&mut self.narrator, "/security/scim").await?.expect(200)?;
        ensure!(shown.json()?["token"].is_null(), "the token was shown a second time");
        Ok(token)
    }

    /// A run that was stopped may have been shown a token and not have kept it; at most two live at a time.
    async fn revoke_lost_tokens(&mut self, sponsor: &mut Browser) -> anyhow::Result<()> {
        let shown = sponsor.get(&mut self.narrator, "/security/scim").await?.expect(200)?.json()?;
        let tokens = shown["tokens"].as_array().into_iter().flatten();
        for token in tokens.filter(|token| token["state"] == "live") {
            let id = token["id"].as_str().context("a token without an id")?;
            let path = format!("/security/scim/tokens/{id}/revoke");
            sponsor.post(&mut self.narrator, &path, &json!({})).await?.expect(200)?;
        }
        Ok(())
    }

    fn tell(&mut self, title: &str, run: Run) -> anyhow::Result<()> {
        self.narrator.note(&format!("Okta: {title}"));
        for Exchange { method, path, status, cost, .. } in &run.exchanges {
            let cost = cost.as_deref().unwrap_or_default();
            self.narrator.exchange("okta", &format!("{method} {path}"), &status.to_string(), cost);
        }
        match run.outcome {
            Outcome::Done => Ok(()),
            other => anyhow::bail!("{title}: {other:?}"),
        }
    }
}
