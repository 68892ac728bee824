//! The alarm of a workspace without an Admin.
//!
//! SCIM may take the last one away: the customer's Okta is the source of who is what (decisions.md, Roles). The operator
//! hears of it at once, since nobody in the workspace can mend it but by Okta or break-glass
//! (infra/runbooks/no-admin.md). One rule: no answer waits for the look.

use super::ScimClient;
use crate::store::StoreError;

impl ScimClient {
    /// To be called when a change may have taken somebody's Admin role: looks, after the answer, whether anybody has
    /// it left.
    pub fn an_admin_may_be_gone(&self) {
        let client = self.clone();
        self.visit.door.after.start(async move {
            match client.look_for_an_admin().await {
                Ok(true) => {}
                Ok(false) => tracing::error!(
                    alarm = "no_admin",
                    workspace = %client.visit.workspace.tenant,
                    correlation_id = %client.visit.correlation_id,
                    "a workspace has no Admin left"
                ),
                Err(error) => tracing::error!(
                    alarm = "no_admin",
                    workspace = %client.visit.workspace.tenant,
                    correlation_id = %client.visit.correlation_id,
                    error.message = %error,
                    "whether a workspace has an Admin left cannot be read"
                ),
            }
        });
    }

    /// Whether there is an Admin; that there is none is also said in the workspace's own audit log.
    async fn look_for_an_admin(&self) -> Result<bool, StoreError> {
        let store = self.visit.store();
        let found = !store.admins().await?.is_empty();
        if !found {
            let target = format!("workspace:{}", self.visit.workspace.tenant);
            store
                .note(&self.acting().record("workspace.no_admin", target, "nobody is Admin any more"))
                .await?;
        }
        Ok(found)
    }
}
