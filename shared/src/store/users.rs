//! Users: an append-only list whose ids are addresses.
//!
//! | operation | sequential trips |
//! |---|---|
//! | by id, page at any index | 1 |
//! | by userName | 2 |
//! | create | 2 (place, transaction) |
//! | change | 1 transaction, after the read |

mod list;
mod namesake;
mod record;

use jiff::Timestamp;

pub use self::{
    list::{Listing, UserPage},
    namesake::Namesake,
    record::{Source, UserRecord},
};
use super::{
    StoreError, TenantStore,
    audit::{Acting, AuditRecord},
    json_text::JsonText,
    keys::{Key, hashed, sequence},
    table::{Item, Write},
};
use crate::{
    scim::{fold::fold_user_name, user::UserAttributes},
    tenant::{Role, UserId, resource_id},
};

/// Why a user was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The name is another user's.
    #[error("the userName is taken")]
    NameTaken,
    /// The user was changed between the read and the write.
    #[error("the user was changed by somebody else")]
    Changed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a new user starts with.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub attributes: UserAttributes,
    pub source: Source,
    /// Roles granted directly; only an invitation gives one.
    pub grants: Vec<Role>,
}

impl TenantStore {
    /// The user with this SCIM id, deleted ones left out.
    pub async fn user(&self, id: &str) -> Result<Option<UserRecord>, StoreError> {
        let user = self.user_item(id).await?.map(list::living).transpose()?.flatten();
        Ok(user.filter(|user| user.id.as_str() == id))
    }

    pub(super) async fn user_item(&self, id: &str) -> Result<Option<Item>, StoreError> {
        let Some(key) = self.user_key(id) else { return Ok(None) };
        self.table.get(&key).await
    }

    /// The user whose userName folds to the same as `name`.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<UserRecord>, StoreError> {
        let id = self.user_id_of(name).await?;
        self.user_named(id.as_deref(), name).await
    }

    /// The id of the user who has this name, by the index alone.
    pub async fn user_id_of(&self, name: &str) -> Result<Option<String>, StoreError> {
        let key = self.name_key(&fold_user_name(name), 'U');
        Ok(self.table.read::<Name>(&key).await?.map(|name| name.id))
    }

    /// The user whom the index names, if that is really its name: the user decides what it is called, the
    /// index only says where to look.
    pub async fn user_named(&self, id: Option<&str>, name: &str) -> Result<Option<UserRecord>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        let folded = fold_user_name(name);
        Ok(self.user(id).await?.filter(|user| user.folded_name == folded))
    }

    /// Creates a user. Two racing creations of one name: one succeeds.
    pub async fn create_user(&self, new: NewUser, acting: &Acting<'_>) -> Result<UserRecord, UserError> {
        let user = self.place_user(new, acting).await?;
        let audit = acting.record("user.create", user.target(), user.source.as_str());
        match self.change(self.user_creation(&user), &audit).await {
            Ok(()) => Ok(user),
            // What could not be closed here is closed by the first page, a minute later, that shows the gap.
            Err(error) if error.refused(0) => {
                drop(self.give_up_place(&user).await);
                Err(UserError::NameTaken)
            }
            // Perhaps the answer was lost and the user was not.
            Err(error) => match self.give_up_place(&user).await {
                Ok(false) if self.user(user.id.as_str()).await?.is_some() => Ok(user),
                _ => Err(error.into()),
            },
        }
    }

    /// A user with a place in the list, to be created by [`TenantStore::user_creation`] or given up.
    pub async fn place_user(&self, new: NewUser, acting: &Acting<'_>) -> Result<UserRecord, StoreError> {
        let seq = self.table.next(&self.key("C", "U"), "next", acting.at).await?;
        Ok(UserRecord::new(seq, new, acting))
    }

    /// The place of a user who was not created stays empty for good: it must not count as a user. False when the
    /// user was created after all.
    pub async fn give_up_place(&self, user: &UserRecord) -> Result<bool, StoreError> {
        self.close_place(user.seq).await
    }

    /// The writes that create `user`: the name first, so that a refused write 0 means a taken name.
    pub fn user_creation(&self, user: &UserRecord) -> Vec<Write> {
        let name = Name { id: user.id.as_str().to_owned() };
        let (partition, sk) = sequence('U', user.seq);
        vec![
            Write::create(self.name_key(&user.folded_name, 'U'), &name),
            Write::create(self.key(&partition, sk), user),
        ]
    }

    /// A workspace's first user: place 1, with the writes that make it and its counter.
    pub(super) fn first_user(&self, new: NewUser, acting: &Acting<'_>) -> (UserRecord, Vec<Write>) {
        let user = UserRecord::new(1, new, acting);
        let mut writes = self.user_creation(&user);
        writes.push(Write::update(self.key("C", "U")).add("next", 1).when("attribute_not_exists(PK)"));
        (user, writes)
    }

    /// Gives `user` (as it was read) other attributes. A deactivation raises the epoch, which ends every
    /// session by its next request.
    pub async fn change_user(
        &self,
        user: &UserRecord,
        attributes: UserAttributes,
        acting: &Acting<'_>,
    ) -> Result<UserRecord, UserError> {
        let next = user.with_attributes(attributes, acting.at);
        let mut writes = vec![self.user_change(user, &next)];
        if next.folded_name != user.folded_name {
            let name = Name { id: user.id.as_str().to_owned() };
            writes.push(Write::create(self.name_key(&next.folded_name, 'U'), &name));
            writes.push(
                Write::delete(self.name_key(&user.folded_name, 'U')).when("#id = :id").bind(":id", &user.id),
            );
        }
        let audit = acting.record(user.change_name(&next), user.target(), user.changed_attributes(&next));
        match self.change(writes, &audit).await {
            Ok(()) => Ok(next),
            Err(error) if error.refused(0) => Err(UserError::Changed),
            Err(error) if error.refused(1) => Err(UserError::NameTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// The write that gives `user` (as it was read) what `next` says. A new name needs its index besides.
    fn user_change(&self, user: &UserRecord, next: &UserRecord) -> Write {
        Write::update(self.user_key_of(user))
            .set("attributes", JsonText(&next.attributes))
            .set("active", next.active)
            .set("folded_name", &next.folded_name)
            .set("source", next.source)
            .set("updated", next.updated)
            // Never as a value: who ended all sessions meanwhile raised it too.
            .add("epoch", i64::from(next.epoch > user.epoch))
            .add("version", 1)
            .when("#version = :read AND #id = :id")
            .bind(":read", user.version)
            .bind(":id", &user.id)
    }

    /// The write that lets a sign-in happen only while the user is as it was read: active, with the same
    /// epoch. `profile` are the attributes to keep with it; they must not change the name.
    pub fn user_at_sign_in(
        &self,
        user: &UserRecord,
        profile: Option<UserAttributes>,
        acting: &Acting<'_>,
    ) -> Write {
        match profile {
            Some(attributes) => self.user_change(user, &user.with_attributes(attributes, acting.at)),
            None => Write::check(self.user_key_of(user))
                .when("#id = :id AND #active = :active AND #deleted = :deleted AND #epoch = :epoch")
                .bind(":id", &user.id)
                .bind(":active", true)
                .bind(":deleted", false)
                .bind(":epoch", user.epoch),
        }
    }

    /// Deletes `user`: out of every group, deactivated, sessions ended, the name free again for SCIM and invitations
    /// ([`Namesake`]), a tombstone for the audit.
    pub async fn delete_user(&self, user: &UserRecord, acting: &Acting<'_>) -> Result<(), UserError> {
        for group in &user.groups {
            self.leave_group(group, user.id.as_str(), acting).await?;
        }
        let writes = vec![
            Write::update(self.user_key_of(user))
                .set("deleted", true)
                .set("active", false)
                .set("updated", acting.at)
                .add("epoch", 1)
                .add("version", 1)
                // Whoever joined a group meanwhile is read again.
                .when("#version = :read AND #id = :id AND attribute_not_exists(#groups)")
                .bind(":read", user.version)
                .bind(":id", &user.id),
            Write::delete(self.name_key(&user.folded_name, 'U')).when("#id = :id").bind(":id", &user.id),
            self.hole(user.seq),
            self.mark_deleted(user),
        ];
        let audit = acting.record("user.delete", user.target(), "");
        self.change(writes, &audit).await.map_err(|error| match error {
            error if error.refused(0) => UserError::Changed,
            error => error.into(),
        })
    }

    /// Ends every session of the user by its next request.
    pub async fn end_all_sessions(&self, user: &UserRecord, audit: &AuditRecord) -> Result<(), StoreError> {
        let key = self.user_key_of(user);
        self.change(vec![Write::update(key).add("epoch", 1).when("#id = :id").bind(":id", &user.id)], audit)
            .await
    }

    /// The write that notes a second factor, for the transaction that first proves it.
    pub fn note_totp(&self, user: &UserRecord) -> Write {
        let write = Write::update(self.user_key_of(user)).set("totp_enrolled", true).add("version", 1);
        write.when("#version = :read AND #id = :id").bind(":read", user.version).bind(":id", &user.id)
    }

    pub(super) fn user_key(&self, id: &str) -> Option<Key> {
        let (partition, sk) = sequence('U', resource_id::sequence(id)?);
        Some(self.key(&partition, sk))
    }

    pub(super) fn user_key_of(&self, user: &UserRecord) -> Key {
        let (partition, sk) = sequence('U', user.seq);
        self.key(&partition, sk)
    }

    /// The key of a name: `U` a user's, `G` a custom group's, `D` the mark of a deleted user's.
    pub(super) fn name_key(&self, folded: &str, kind: char) -> Key {
        self.key(&format!("N#{}", hashed(folded)), kind)
    }
}

/// Who has a name.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Name {
    pub(super) id: String,
}

/// The id that a place gets.
pub(super) fn user_id(seq: u64, acting: &Acting<'_>) -> UserId {
    UserId::new(resource_id::generate(seq, acting.random))
}

/// How long a place may stay empty before a list takes it for a hole: longer than any creation takes.
pub(super) fn is_settled(created: Timestamp, now: Timestamp) -> bool {
    now.duration_since(created) > jiff::SignedDuration::from_secs(60)
}
