//! SCIM clients: a bearer token of the workspace that the host names.

use std::pin::pin;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use futures::future::{Either, select};
use jiff::{SignedDuration, Timestamp};

use super::{
    Door, Visit,
    door::{correlation_id, open_to_visits, subdomain_of},
    guess,
    provisioning::{Asker, Slip},
    rate::Verdict,
    scim::query_pairs,
};
use crate::{
    scim::error::ScimError,
    store::{StoreError, Table, TenantStore, audit::Acting, unproven::Guess},
    tenant::{
        Principal, TenantId,
        token::{self, PresentedToken, TokenRecord, TokenRefusal},
    },
};

/// How long a request goes on beginning things.
const PATIENCE: SignedDuration = SignedDuration::from_secs(20);

/// A SCIM client whose token is well formed. Nothing is proven yet.
pub struct ScimCaller {
    door: Door,
    tenant: TenantId,
    presented: PresentedToken,
    at: Timestamp,
    correlation_id: String,
    slip: Slip,
}

/// A SCIM client that proved its token: the principal, its store, and the request it came with.
#[derive(Clone)]
pub struct ScimClient {
    pub visit: Visit,
    pub principal: Principal,
    token_id: String,
    /// With what was read beside the proof.
    table: Table,
}

impl ScimCaller {
    /// Proves the token, and at the same time reads what the request will probably need first.
    ///
    /// The proof decides: a refusal does not wait for the reading, so that neither what was read nor how long
    /// it took says anything to who proved nothing. A token of another workspace makes nobody read.
    pub async fn prove(self, guess: Option<&Guess>) -> Result<ScimClient, ScimError> {
        let unproven = self.door.workspaces.unproven(&self.tenant);
        let guess = guess.filter(|_| *self.presented.tenant() == self.tenant);
        let mut client = match guess {
            None => self.proof().await?,
            Some(guess) => match select(pin!(self.proof()), pin!(unproven.read(guess))).await {
                Either::Left((client, read)) => {
                    let client = client?;
                    read.await;
                    client
                }
                Either::Right(((), proof)) => proof.await?,
            },
        };
        client.table = unproven.proven(&client.principal);
        Ok(client)
    }

    /// Proves the token against the workspace and the token's record as they are now.
    async fn proof(&self) -> Result<ScimClient, ScimError> {
        let Self { door, tenant, presented, at, .. } = self;
        let (workspace, record) = door.workspaces.proof(tenant, presented.id()).await?;
        let workspace = open_to_visits(workspace).map_err(|_| ScimError::not_found())?;
        let asker = |token: &str, live: bool| {
            let store = door.table().tenant(&workspace);
            self.slip.note(Asker { store, token: token.to_owned(), live });
        };
        let verified = token::verify(presented, tenant, record.as_ref(), *at).map_err(|refusal| {
            tracing::info!(token.refusal = %refusal, "scim token refused");
            if matches!(refusal, TokenRefusal::Expired | TokenRefusal::Revoked) {
                asker(presented.id(), false);
            }
            ScimError::unauthorized()
        })?;
        asker(verified.id(), true);
        let principal =
            Principal::from_scim_token(&verified, tenant).map_err(|_| ScimError::unauthorized())?;
        let visit =
            Visit { door: door.clone(), workspace, at: *at, correlation_id: self.correlation_id.clone() };
        let token_id = verified.id().to_owned();
        let client = ScimClient { table: door.table().clone(), visit, principal, token_id };
        if let Some(record) = record {
            client.note_use(&record)?;
        }
        Ok(client)
    }
}

impl ScimClient {
    /// The workspace's store.
    pub fn store(&self) -> TenantStore {
        self.table.tenant(&self.principal)
    }

    /// Who acts, for audit records.
    pub fn acting(&self) -> Acting<'_> {
        self.visit.acting(format!("scim:{}", self.token_id))
    }

    /// Whether nothing more should be begun: the gateway gives up at 30 s, and its answer would not be JSON of ours.
    pub fn is_late(&self) -> bool {
        self.visit.door.clock.now().duration_since(self.visit.at) > PATIENCE
    }

    /// The base of resource locations: `https://acme.example.com/scim/v2`.
    pub fn base_url(&self) -> String {
        format!("{}/scim/v2", self.visit.origin())
    }

    /// Counts the request, and notes the day: no answer waits for it, and failing to note it refuses nobody.
    fn note_use(&self, record: &TokenRecord) -> Result<(), ScimError> {
        let Visit { door, at, .. } = &self.visit;
        let counted = match door.rate.count(record, *at) {
            Verdict::Wait(seconds) => return Err(ScimError::throttled(seconds)),
            Verdict::Go => None,
            Verdict::Report(minute, requests) => Some((minute, requests)),
        };
        let day = record.day_to_record(*at);
        if day.is_none() && counted.is_none() {
            return Ok(());
        }
        let (store, id) = (self.store(), self.token_id.clone());
        door.after.start(async move {
            let noted = async {
                if let Some(day) = day {
                    store.touch_token(&id, day).await?;
                }
                if let Some((minute, requests)) = counted {
                    store.count_requests(&id, minute, requests).await?;
                }
                Ok::<_, StoreError>(())
            };
            if let Err(error) = noted.await {
                tracing::warn!(error.message = %error, "use of a token not noted");
            }
        });
        Ok(())
    }
}

/// A token in the address is no credential, and whoever keeps addresses (proxies, logs) has it now: it is marked, so
/// that an Admin replaces it.
fn expose(door: &Door, parts: &Parts) {
    let Some(token) = query_pairs(&parts.uri).find_map(|(_, value)| PresentedToken::parse(&value)) else {
        return;
    };
    let (workspaces, at) = (door.workspaces.clone(), door.clock.now());
    door.after.start(async move {
        let marked = async {
            let tenant = token.tenant();
            if let (Some(workspace), Some(record)) = workspaces.proof(tenant, token.id()).await?
                && token::verify(&token, tenant, Some(&record), at).is_ok()
            {
                tracing::warn!(alarm = "token_exposed", workspace = %tenant, "a SCIM token was in an address");
                workspaces.table().tenant(&workspace).expose_token(token.id(), at).await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = marked.await {
            tracing::error!(error.message = %error, "an exposed token was not marked");
        }
    });
}

impl FromRequestParts<Door> for ScimCaller {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ScimError> {
        expose(door, parts);
        // Junk is refused without a database call.
        let presented = bearer(&parts.headers)?;
        let presented = PresentedToken::parse(presented).ok_or_else(ScimError::unauthorized)?;
        let subdomain = subdomain_of(door, parts).map_err(|_| ScimError::not_found())?;
        let tenant = door.workspaces.tenant_of(&subdomain).await?.ok_or_else(ScimError::not_found)?;
        let correlation_id = correlation_id(parts, &*door.random);
        let slip = parts.extensions.get::<Slip>().cloned().unwrap_or_default();
        Ok(Self { door: door.clone(), tenant, presented, at: door.clock.now(), correlation_id, slip })
    }
}

impl FromRequestParts<Door> for ScimClient {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ScimError> {
        let guess = guess::of(&parts.method, &parts.uri);
        ScimCaller::from_request_parts(parts, door).await?.prove(guess.as_ref()).await
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
