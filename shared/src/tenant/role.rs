//! The six roles. A role is derived on each read from group membership and direct grants, never stored as truth.

use serde::{Deserialize, Serialize};

/// A workspace role, lowest first, so that `max` gives the effective one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// No permission: the safe default.
    User,
    Viewer,
    Developer,
    #[serde(rename = "Security Admin")]
    SecurityAdmin,
    #[serde(rename = "Org Admin")]
    OrgAdmin,
    Admin,
}

impl Role {
    /// All roles, highest first.
    pub const ALL: [Self; 6] =
        [Self::Admin, Self::OrgAdmin, Self::SecurityAdmin, Self::Developer, Self::Viewer, Self::User];

    /// The name as published in the role-group.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::OrgAdmin => "Org Admin",
            Self::SecurityAdmin => "Security Admin",
            Self::Developer => "Developer",
            Self::Viewer => "Viewer",
            Self::User => "User",
        }
    }

    /// The role with exactly this published name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The effective role: none when inactive, else the highest of `granted`, else [`Role::User`].
    pub fn effective(active: bool, granted: impl IntoIterator<Item = Self>) -> Option<Self> {
        active.then(|| granted.into_iter().max().unwrap_or(Self::User))
    }
}
