//! AuthnRequests that wait for their answer: each is answered once, by the browser that it was made for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    store::{StoreError, TenantStore, keys::Key, table::Write},
    tenant::Digest,
};

/// How long a person has at the identity provider, as long as the cookie that binds the request lives.
pub const REQUEST_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// A request on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRequest {
    /// The hash of the cookie of the browser that started it.
    pub browser: Digest,
    /// Where the person goes once signed in: a path of the workspace's own.
    pub path: String,
    /// Whether an Admin only tries the connection: the answer opens no session.
    #[serde(default)]
    pub test: bool,
    /// From then on the answer comes too late.
    pub expires: Timestamp,
}

impl WaitingRequest {
    /// Whether `browser` may answer it at `now`.
    pub fn is_answerable(&self, browser: Option<&Digest>, now: Timestamp) -> bool {
        browser == Some(&self.browser) && now < self.expires
    }
}

impl TenantStore {
    /// Keeps a request until it is answered or its time is over.
    pub async fn keep_request(&self, id: &str, request: &WaitingRequest) -> Result<(), StoreError> {
        let write = Write::create(self.request_key(id), request).expires(request.expires.as_second());
        self.table.write(vec![write]).await
    }

    /// The request with this id, whoever started it and whenever.
    pub async fn request(&self, id: &str) -> Result<Option<WaitingRequest>, StoreError> {
        self.table.read(&self.request_key(id)).await
    }

    /// The write that spends a request; refused when it was spent or is another browser's.
    pub fn spend_request(&self, id: &str, request: &WaitingRequest) -> Write {
        Write::delete(self.request_key(id)).when("#browser = :browser").bind(":browser", request.browser)
    }

    fn request_key(&self, id: &str) -> Key {
        self.key(&format!("Q#{id}"), "Q")
    }
}
