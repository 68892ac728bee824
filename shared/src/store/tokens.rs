//! SCIM tokens: only their hashes, one partition per workspace.
//!
//! One rule: a token lives under the customer's approval of provisioning. It is kept on the condition that the approval
//! is live, and dies in the transaction that revokes it, so that no request has to ask.

use jiff::Timestamp;

use super::{
    StoreError, TenantStore,
    audit::AuditRecord,
    table::{Range, Write},
};
use crate::{
    delivery::Approval,
    tenant::token::{TokenRecord, TokenState},
};

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

    /// Keeps a new token under the approval `under`: `None` in the operators' and a partner's workspace, where nothing
    /// is approved. `existing` are all tokens, which the limit of two was checked against. Write 0 is the count of
    /// them: refused when another one came since. Write 2 is the approval: refused when it is not live any more.
    pub async fn add_token(
        &self,
        token: &TokenRecord,
        existing: &[TokenRecord],
        under: Option<&Approval>,
        audit: &AuditRecord,
    ) -> Result<(), StoreError> {
        let count = Self::no_other_token(Write::update(self.key("C", "K")).add("next", 1), existing);
        let mut writes = vec![count, Write::create(self.key("K", token.id.as_str()), token)];
        writes.extend(under.map(|approval| self.approval_unchanged(&approval.id, approval.epoch)));
        self.change(writes, audit).await
    }

    /// The writes that revoke every live token of `existing`, which are all tokens: refused when another one came since.
    pub(super) fn revoke_tokens(&self, existing: &[TokenRecord], at: Timestamp) -> Vec<Write> {
        let mut writes = vec![Self::no_other_token(Write::check(self.key("C", "K")), existing)];
        let live = existing.iter().filter(|token| token.state(at) == TokenState::Live);
        writes.extend(live.map(|token| self.token_revocation(&token.id, at)));
        writes
    }

    /// Revokes a token that is not revoked yet.
    pub async fn revoke_token(&self, id: &str, at: Timestamp, audit: &AuditRecord) -> Result<(), StoreError> {
        self.change(vec![self.token_revocation(id, at)], audit).await
    }

    /// Notes the day of a token's last use: once a day, without an audit record.
    pub async fn touch_token(&self, id: &str, day: jiff::civil::Date) -> Result<(), StoreError> {
        let write = Write::update(self.key("K", id)).set("last_used_day", day).when("attribute_exists(PK)");
        self.table.write(vec![write]).await
    }

    /// Notes that a token was seen in an address: once, without an audit record.
    pub async fn expose_token(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
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

    fn token_revocation(&self, id: &str, at: Timestamp) -> Write {
        Write::update(self.key("K", id))
            .set("revoked", at)
            .when("attribute_exists(PK) AND #revoked = :none")
            .bind(":none", None::<String>)
    }

    /// `count`, a write of the number of tokens, on the condition that `existing` are all of them.
    fn no_other_token(count: Write, existing: &[TokenRecord]) -> Write {
        count.when("attribute_not_exists(PK) OR #next = :existing").bind(":existing", existing.len())
    }
}
