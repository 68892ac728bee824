//! Around every SCIM request: its row in the workspace's provisioning log.
//!
//! One rule: authentication says who asked; without it there is no row ([`crate::store::log::provisioning`] says why).

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{Request, State},
    http::Uri,
    middleware::Next,
    response::Response,
};
use jiff::Timestamp;

use super::{Door, door::correlation_id};
use crate::{
    scim::ScimError,
    store::{
        TenantStore, audit,
        log::provisioning::{ProvisioningEntry, changes},
    },
};

/// Where authentication notes who asked.
#[derive(Clone, Default)]
pub(super) struct Slip(Arc<OnceLock<Asker>>);

/// Who asked.
pub(super) struct Asker {
    pub(super) store: TenantStore,
    pub(super) token: String,
    /// Whether the token still opens the workspace.
    pub(super) live: bool,
}

impl Slip {
    pub(super) fn note(&self, asker: Asker) {
        // A request is authenticated once.
        drop(self.0.set(asker));
    }
}

/// Writes the row once the answer is on its way.
pub async fn logged(State(door): State<Door>, request: Request, next: Next) -> Response {
    let started = door.clock.now();
    let (mut parts, body) = request.into_parts();
    let slip = Slip::default();
    parts.extensions.insert(slip.clone());
    let (method, path) = (parts.method.to_string(), path(&parts.uri));
    let correlation_id = correlation_id(&parts, &*door.random);
    let (response, made) = audit::recorded(next.run(Request::from_parts(parts, body))).await;
    let Some(asker) = slip.0.get() else { return response };
    let entry = ProvisioningEntry {
        id: String::new(),
        at: started,
        correlation_id,
        token: asker.token.clone(),
        method,
        path,
        status: response.status().as_u16(),
        duration_ms: since(started, &door),
        changed: changes(&made),
        reason: response.extensions().get::<ScimError>().map(|error| error.detail.clone()),
    };
    let entry = if asker.live { entry.numbered(&*door.random) } else { entry.hourly() };
    let store = asker.store.clone();
    door.after.start(async move {
        if let Err(error) = store.log_provisioning(&entry).await {
            tracing::error!(
                error.message = %error,
                correlation_id = %entry.correlation_id,
                "a row of the provisioning log was not written"
            );
        }
    });
    response
}

fn since(started: Timestamp, door: &Door) -> u64 {
    u64::try_from(door.clock.now().duration_since(started).as_millis()).unwrap_or_default()
}

/// The path as far as it is ours: ids and the words of the protocol, numbers of the query. What else a client put
/// there (a name in a filter) is not repeated.
fn path(uri: &Uri) -> String {
    let is_ours = |part: &str| {
        let id = part.len() <= 64 && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        id || PARTS.contains(&part) || part.starts_with("urn:ietf:params:scim:schemas:")
    };
    let parts: Vec<_> = uri.path().split('/').map(|part| if is_ours(part) { part } else { "…" }).collect();
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query: Vec<_> = query
        .filter_map(|(name, value)| {
            let name = PARAMETERS.iter().find(|known| name.eq_ignore_ascii_case(known))?;
            let number = !value.is_empty() && value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
            Some(if number { format!("{name}={value}") } else { format!("{name}=…") })
        })
        .take(PARAMETERS.len())
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{}", parts.join("/"), query.join("&"))
}

const PARTS: &[&str] = &[
    "scim",
    "v2",
    "Users",
    "Groups",
    "Bulk",
    "Me",
    ".search",
    "Schemas",
    "ResourceTypes",
    "ServiceProviderConfig",
    "User",
    "Group",
];

const PARAMETERS: &[&str] =
    &["filter", "startIndex", "count", "cursor", "sortBy", "sortOrder", "attributes", "excludedAttributes"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_person_is_in_a_path() {
        let shown = |uri: &str| path(&uri.parse().unwrap());
        assert_eq!(
            shown(
                "/scim/v2/Users?filter=userName%20eq%20%22amara@example.com%22&startIndex=1&count=100&x=amara"
            ),
            "/scim/v2/Users?filter=…&startIndex=1&count=100"
        );
        let id = "/scim/v2/Groups/00000000-01a2-8bcd-9e00-1234567890ab";
        assert_eq!(shown(id), id);
        assert_eq!(shown("/scim/v2/Users/amara@example.com"), "/scim/v2/Users/…");
        assert_eq!(shown("/scim/v2/Users/.search"), "/scim/v2/Users/.search");
        assert_eq!(
            shown("/scim/v2/Users?startIndex=amara&startindex=7"),
            "/scim/v2/Users?startIndex=…&startIndex=7"
        );
    }
}
