//! SCIM tokens: only their hashes, one partition per workspace.

use super::{
    StoreError, TenantStore,
    audit::AuditRecord,
    table::{Range, Write},
};
use crate::tenant::token::TokenRecord;

impl TenantStore {
    /// The token with this id.
    pub async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.table.read(&self.key("K", id)).await
    }

    /// All tokens ever issued, newest first.
    pub async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        let pk = self.partition("K");
        let range = Range { pk: &pk, from: None, to: None, newest_first: false, limit: 1000 };
        let mut tokens: Vec<TokenRecord> = self.table.list(&range).await?;
        tokens.sort_by_key(|token| std::cmp::Reverse(token.created));
        Ok(tokens)
    }

    /// Keeps a new token. `existing` are all tokens, which the limit of two was checked against. Write 0 is the
    /// count of them: refused when another one came since.
    pub async fn add_token(
        &self,
        token: &TokenRecord,
        existing: &[TokenRecord],
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let count = Write::update(self.key("C", "K"))
            .add("next", 1)
            .when("attribute_not_exists(PK) OR #next = :existing")
            .bind(":existing", existing.len());
        self.change(vec![count, Write::create(self.key("K", token.id.as_str()), token)], audit).await
    }

    /// Revokes a token that is not revoked yet.
    pub async fn revoke_token(
        &self,
        id: &str,
        at: jiff::Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let write = Write::update(self.key("K", id))
            .set("revoked", at)
            .when("attribute_exists(PK) AND #revoked = :none")
            .bind(":none", None::<String>);
        self.change(vec![write], audit).await
    }

    /// Notes the day of a token's last use: once a day, without an audit record.
    pub async fn touch_token(&self, id: &str, day: jiff::civil::Date) -> Result<(), StoreError> {
        let write = Write::update(self.key("K", id)).set("last_used_day", day).when("attribute_exists(PK)");
        self.table.write(vec![write]).await
    }

    /// Notes that a token was seen in an address: once, without an audit record.
    pub async fn expose_token(&self, id: &str, at: jiff::Timestamp) -> Result<(), StoreError> {
        let write = Write::update(self.key("K", id))
            .set("exposed", at)
            .when("attribute_exists(PK) AND #exposed = :none")
            .bind(":none", None::<String>);
        match self.table.write(vec![write]).await {
            Err(StoreError::Condition(_)) => Ok(()),
            noted => noted,
        }
    }

    /// Adds to the requests of a token in a minute (Unix time / 60). A minute that is over is not counted any more.
    pub async fn count_requests(&self, id: &str, minute: i64, requests: u64) -> Result<(), StoreError> {
        let token = || Write::update(self.key("K", id)).bind(":minute", minute);
        let added = token().add("requests", requests.cast_signed()).when("#minute = :minute");
        let begun = token()
            .set("minute", minute)
            .set("requests", requests)
            .when("attribute_exists(PK) AND (#minute = :none OR #minute < :minute)")
            .bind(":none", None::<i64>);
        for write in [added, begun] {
            match self.table.write(vec![write]).await {
                Err(StoreError::Condition(_)) => {}
                counted => return counted,
            }
        }
        // Somebody else began the minute just now.
        let added = token().add("requests", requests.cast_signed()).when("#minute = :minute");
        match self.table.write(vec![added]).await {
            Err(StoreError::Condition(_)) => Ok(()),
            counted => counted,
        }
    }
}
