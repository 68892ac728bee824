//! A user as the table holds it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{NewUser, user_id};
use crate::{
    scim::{fold::fold_user_name, user::UserAttributes},
    store::{audit::Acting, json_text},
    tenant::{Role, TenantId, UserId, resource_id, session::UserState},
};

/// Who brought a user in. SCIM adopts what it touches; JIT updates only what SCIM does not manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Scim,
    Jit,
    Invited,
}

impl Source {
    /// The word in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::Jit => "jit",
            Self::Invited => "invited",
        }
    }
}

/// A user. Its role is not here: it is derived from `active`, `groups` and `grants` at each read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserRecord {
    pub id: UserId,
    /// The place in the list, from 1.
    pub seq: u64,
    /// What SCIM clients set.
    #[serde(with = "json_text")]
    pub attributes: UserAttributes,
    pub active: bool,
    pub folded_name: String,
    pub source: Source,
    /// Ids of all groups that the user is a member of.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", with = "serde_dynamo::string_set")]
    pub groups: BTreeSet<String>,
    /// Roles granted directly.
    #[serde(default)]
    pub grants: Vec<Role>,
    /// Whether a second factor was set up; its secret is the workspace's secret `totp/<user>`.
    #[serde(default)]
    pub totp_enrolled: bool,
    /// Raised to end all sessions.
    pub epoch: u64,
    pub version: u64,
    pub created: Timestamp,
    pub updated: Timestamp,
    #[serde(default)]
    pub deleted: bool,
}

impl UserRecord {
    pub(super) fn new(seq: u64, new: NewUser, acting: &Acting<'_>) -> Self {
        Self {
            id: user_id(seq, acting),
            seq,
            active: new.attributes.active(),
            folded_name: fold_user_name(new.attributes.user_name()),
            attributes: new.attributes,
            source: new.source,
            groups: BTreeSet::new(),
            grants: new.grants,
            totp_enrolled: false,
            epoch: 0,
            version: 1,
            created: acting.at,
            updated: acting.at,
            deleted: false,
        }
    }

    pub(super) fn with_attributes(&self, attributes: UserAttributes, at: Timestamp) -> Self {
        let active = attributes.active();
        Self {
            active,
            folded_name: fold_user_name(attributes.user_name()),
            attributes,
            epoch: if self.active && !active { self.epoch + 1 } else { self.epoch },
            version: self.version + 1,
            updated: at,
            ..self.clone()
        }
    }

    /// The user as one that SCIM manages from now on.
    #[must_use]
    pub fn adopted(&self) -> Self {
        Self { source: Source::Scim, ..self.clone() }
    }

    /// The effective role now; none when inactive.
    pub fn role(&self, tenant: &TenantId) -> Option<Role> {
        let linked = self.groups.iter().filter_map(|id| resource_id::role_of_group(tenant, id));
        Role::effective(self.active && !self.deleted, linked.chain(self.grants.iter().copied()))
    }

    /// What a session is judged by.
    pub fn session_state(&self) -> UserState {
        UserState { active: self.active && !self.deleted, epoch: self.epoch }
    }

    /// The user in an audit record.
    pub fn target(&self) -> String {
        format!("user:{}", self.id)
    }

    /// The names of the attributes that differ in `next`, for people who read a log; never a value.
    pub(super) fn changed_attributes(&self, next: &Self) -> String {
        let (before, after) = (&self.attributes, &next.attributes);
        let names: BTreeSet<_> = before.iter().chain(after.iter()).map(|(name, _)| name).collect();
        let changed = names.into_iter().filter(|name| before.get(name) != after.get(name));
        changed.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn change_name(&self, next: &Self) -> &'static str {
        match (self.active, next.active) {
            (true, false) => "user.deactivate",
            (false, true) => "user.reactivate",
            _ if self.folded_name != next.folded_name => "user.rename",
            _ => "user.update",
        }
    }
}
