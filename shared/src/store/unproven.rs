//! What is read while a token is still being proven, so that the proof costs no trip of its own.
//!
//! One rule: reads alone, each of bounded size, and nobody sees what was read before the proof:
//! [`Unproven::proven`] opens the store that gives it out, and wants a principal.

use futures::try_join;

use super::{StoreError, Table, TenantStore, Workspaces};
use crate::tenant::{Principal, TenantId, Workspace, token::TokenRecord};

/// One more than the members that a group is shown with: who reads so many knows whether there are more.
pub const MEMBERS_READ: u32 = 2_001;

/// The reads of a tenant that the request's host names.
pub struct Unproven(TenantStore);

/// What is probably asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guess {
    User(String),
    UserName(String),
    /// A page of users: the index of the first and how many.
    Users(u64, u32),
    /// A group, and at most so many of its members.
    Group(String, u32),
    GroupName(String),
    Groups,
}

impl Workspaces {
    /// What may be read of the tenant before anybody has proven anything.
    pub fn unproven(&self, tenant: &TenantId) -> Unproven {
        Unproven(TenantStore { table: self.table().reading_ahead(), tenant: tenant.clone() })
    }

    /// What a token is proven by: the workspace, in whatever state it is, and the token's record.
    pub async fn proof(
        &self,
        tenant: &TenantId,
        token: &str,
    ) -> Result<(Option<Workspace>, Option<TokenRecord>), StoreError> {
        let store = TenantStore { table: self.table().clone(), tenant: tenant.clone() };
        try_join!(self.read(tenant), store.token(token))
    }
}

impl Unproven {
    /// Reads what `guess` says. A failure is no answer: who needs it reads again.
    pub async fn read(&self, guess: &Guess) {
        let _: Result<(), StoreError> = match guess {
            Guess::User(id) => self.0.user_item(id).await.map(drop),
            Guess::UserName(name) => self.0.user_id_of(name).await.map(drop),
            Guess::Users(start, count) => self.0.user_items(*start, *count).await.map(drop),
            Guess::Group(id, members) => {
                try_join!(self.0.group(id), self.0.member_items(id, *members)).map(drop)
            }
            Guess::GroupName(name) => self.0.group_id_of(name).await.map(drop),
            Guess::Groups => self.0.custom_groups().await.map(drop),
        };
    }

    /// The table with what was read, for whoever has proven to be somebody.
    pub fn proven(self, _: &Principal) -> Table {
        self.0.table.having_read()
    }
}
