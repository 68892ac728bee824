//! An operator creates the workspace; its sponsor accepts it and invites a second administrator.

use anyhow::ensure;
use serde_json::json;

use super::{Browser, COORDINATOR, CUSTOMER, Demo, People, SECOND_ADMIN, SPONSOR};

const CREATE: &str = "An operator creates the workspace acme and invites its sponsor";
const ACCEPT: &str = "The sponsor signs in, accepts the workspace (approval 1) and invites two more Admins";

impl Demo<'_> {
    pub(super) async fn onboard(&mut self) -> anyhow::Result<People> {
        let begins = self.begins(CREATE);
        let mut operator = self.sign_in_operator().await?;
        if begins {
            let new = json!({ "subdomain": CUSTOMER, "name": "Acme Inc.", "email": SPONSOR });
            let created = self.created();
            operator.post(&mut self.narrator, "/customers", &new).await?.expect_any(created)?;
            operator.post(&mut self.narrator, "/customers", &new).await?.expect(409)?;
            self.state.finish(CREATE)?;
        }

        let begins = self.begins(ACCEPT);
        let mut sponsor = self.sign_in("sponsor", CUSTOMER, SPONSOR).await?;
        if begins {
            self.accept(&mut sponsor).await?;
            let created = self.created();
            for email in [SECOND_ADMIN, COORDINATOR] {
                let invitation = json!({ "email": email, "role": "Admin" });
                sponsor.post(&mut self.narrator, "/users", &invitation).await?.expect_any(created)?;
            }
        }
        let second_admin = self.sign_in("2nd admin", CUSTOMER, SECOND_ADMIN).await?;
        let coordinator = self.sign_in("coordin.", CUSTOMER, COORDINATOR).await?;
        if begins {
            self.state.finish(ACCEPT)?;
        }
        Ok(People { operator, sponsor, second_admin, coordinator, engineer: None })
    }

    async fn accept(&mut self, sponsor: &mut Browser) -> anyhow::Result<()> {
        let asked = sponsor.get(&mut self.narrator, "/approvals/workspace").await?.expect(200)?.json()?;
        if asked["state"] == "requested" {
            sponsor.get(&mut self.narrator, "/users").await?.expect(403)?;
            return self.approve(sponsor, "workspace").await;
        }
        ensure!(self.stack.resumed, "nobody accepted the workspace, and it is {}", asked["state"]);
        Ok(())
    }
}
