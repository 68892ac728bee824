//! What the control API can be asked to do.

use serde::Deserialize;
use serde_json::Value;

use crate::idp::Tamper;
use crate::provisioning::{Provisioning, Run};

/// A SAML response to make.
#[derive(Debug, Deserialize)]
pub(crate) struct ResponseOrder {
    /// The login (NameID).
    pub(crate) user: String,
    /// The request's id; absent for an IdP-initiated response.
    pub(crate) in_response_to: Option<String>,
    /// What shall be wrong with it.
    #[serde(default)]
    pub(crate) tamper: Tamper,
}

/// The parameters of a provisioning operation; each takes those it needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ScimOrder {
    /// Id or login.
    user: String,
    /// Merge patch of the profile, for `update-profile`.
    change: Value,
    /// Id or name of a group of the org.
    okta_group: String,
    /// Id or name of a group of the other side, for `link-group`.
    app_group: String,
    /// Whether `link-group` also renames the other side's group.
    rename: bool,
    /// The new name, for `rename`.
    name: String,
    add: Vec<String>,
    remove: Vec<String>,
    /// Whether `unlink` deletes the other side's group.
    delete: bool,
}

impl ScimOrder {
    /// Runs an operation; `None` if there is none of this name.
    pub(crate) async fn run(&self, provisioning: &Provisioning, operation: &str) -> Option<Run> {
        let (add, remove) = (borrowed(&self.add), borrowed(&self.remove));
        Some(match operation {
            "test-credentials" => provisioning.test_credentials().await,
            "assign" => provisioning.assign(&self.user).await,
            "update-profile" => provisioning.update_profile(&self.user, &self.change).await,
            "deactivate" => provisioning.deactivate(&self.user).await,
            "reactivate" => provisioning.reactivate(&self.user).await,
            "refresh-app-groups" => provisioning.refresh_app_groups().await,
            "link-group" => provisioning.link_group(&self.okta_group, &self.app_group, self.rename).await,
            "push-create" => provisioning.push_create(&self.okta_group).await,
            "push-membership" => provisioning.push_membership(&self.okta_group, &add, &remove).await,
            "push-now" => provisioning.push_now(&self.okta_group).await,
            "rename" => provisioning.rename(&self.okta_group, &self.name).await,
            "unlink" => provisioning.unlink(&self.okta_group, self.delete).await,
            _ => return None,
        })
    }
}

fn borrowed(strings: &[String]) -> Vec<&str> {
    strings.iter().map(String::as_str).collect()
}
