//! SCIM clients: a bearer token of the workspace that the host names.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use super::{
    Door, Visit,
    door::{correlation_id, workspace_of},
};
use crate::{
    scim::error::ScimError,
    store::{StoreError, TenantStore},
    tenant::{Principal, token},
};

/// A SCIM client that proved its token: the principal, its store, and the request it came with.
pub struct ScimClient {
    pub visit: Visit,
    pub principal: Principal,
    token_id: String,
}

impl ScimClient {
    /// The workspace's store.
    pub fn store(&self) -> TenantStore {
        self.visit.door.table().tenant(&self.principal)
    }

    /// Who acts, for audit records.
    pub fn acting(&self) -> crate::store::audit::Acting<'_> {
        self.visit.acting(format!("scim:{}", self.token_id))
    }

    /// The base of resource locations: `https://acme.example.com/scim/v2`.
    pub fn base_url(&self) -> String {
        format!("{}/scim/v2", self.visit.origin())
    }
}

impl FromRequestParts<Door> for ScimClient {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ScimError> {
        // Junk is refused without a database call.
        let presented = bearer(&parts.headers)?;
        let presented = token::PresentedToken::parse(presented).ok_or_else(ScimError::unauthorized)?;
        let at = door.clock.now();
        let workspace = workspace_of(door, parts).await.map_err(|problem| match problem.status.as_u16() {
            404 => ScimError::not_found(),
            _ => ScimError::unavailable(5),
        })?;
        let store = door.table().tenant(&workspace);
        let record = store.token(presented.id()).await?;
        let verified =
            token::verify(&presented, &workspace.tenant, record.as_ref(), at).map_err(|refusal| {
                tracing::info!(token.refusal = %refusal, "scim token refused");
                ScimError::unauthorized()
            })?;
        let principal = Principal::from_scim_token(&verified, &workspace.tenant)
            .map_err(|_| ScimError::unauthorized())?;
        if let Some(day) = record.and_then(|record| record.day_to_record(at)) {
            note_use(&store, verified.id(), day).await;
        }
        let correlation_id = correlation_id(parts, &*door.random);
        let visit = Visit { door: door.clone(), workspace, at, correlation_id };
        Ok(Self { visit, principal, token_id: verified.id().to_owned() })
    }
}

/// The day of the last use is a convenience: failing to note it refuses nobody.
async fn note_use(store: &TenantStore, id: &str, day: jiff::civil::Date) {
    if let Err(error @ (StoreError::Corrupt { .. } | StoreError::Unavailable(_))) =
        store.touch_token(id, day).await
    {
        tracing::warn!(error.message = %error, "last use of a token not noted");
    }
}

/// The one bearer credential of a request (RFC 6750 section 2.1): exactly one header, one space. API Gateway
/// joins headers of one name by commas, and no token has a comma.
fn bearer(headers: &HeaderMap) -> Result<&str, ScimError> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let value = all.next().and_then(|v| v.to_str().ok()).ok_or_else(ScimError::unauthorized)?;
    if all.next().is_some() || value.contains(',') {
        return Err(ScimError::invalid_syntax("there is more than one Authorization header"));
    }
    let (scheme, token) = value.split_once(' ').ok_or_else(ScimError::unauthorized)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(ScimError::unauthorized()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(values: &[&str]) -> Result<String, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(ToOwned::to_owned).map_err(|error| error.status)
    }

    #[test]
    fn c01_one_bearer_credential_and_nothing_else() {
        for good in ["Bearer x", "bearer x", "BEARER x"] {
            assert_eq!(status(&[good]).as_deref(), Ok("x"));
        }
        assert_eq!(status(&["Bearer  x"]).as_deref(), Ok(" x"), "the blank is part of a token that is junk");
        for bad in [&[][..], &[""], &["Bearer"], &["Basic x"], &["x"]] {
            assert_eq!(status(bad), Err(401), "{bad:?}");
        }
        for twice in [&["Bearer x", "Bearer x"][..], &["Bearer x,Bearer x"], &["Bearer x, Basic y"]] {
            assert_eq!(status(twice), Err(400), "{twice:?}");
        }
    }
}
