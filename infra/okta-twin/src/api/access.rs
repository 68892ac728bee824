//! Who calls, and whether they may: access tokens, scopes and admin roles.
//!
//! The one rule: a token is worth what its app is worth now. Roles are read at each request; scopes
//! are those of the token.

use std::collections::{BTreeSet, HashMap};

use http::{HeaderMap, Method, header};
use jiff::Timestamp;

use super::dpop;
use super::endpoints::{self, Endpoint};
use super::error::ApiError;
use crate::state::{App, locked};

/// Seconds that an access token of the org lives. Okta's org authorization server fixes this.
pub(crate) const LIFETIME: i64 = 3_600;

/// What a token stands for.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) expires: Timestamp,
    /// Thumbprint of the key the token is bound to (RFC 9449).
    pub(crate) jkt: Option<String>,
}

/// The tokens issued and not yet expired.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, Grant>);

impl Tokens {
    pub(crate) fn insert(&mut self, token: String, grant: Grant, now: Timestamp) {
        self.0.retain(|_, grant| grant.expires > now);
        self.0.insert(token, grant);
    }
}

/// An authenticated app.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) client_id: String,
    scopes: BTreeSet<String>,
    pub(crate) roles: BTreeSet<String>,
    permissions: BTreeSet<String>,
}

impl Caller {
    pub(crate) fn is_super(&self) -> bool {
        self.roles.contains("SUPER_ADMIN")
    }
}

pub(crate) fn authenticate(
    app: &App,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) =
        authorization.and_then(|text| text.split_once(' ')).ok_or(ApiError::InvalidToken)?;
    let grant = locked(&app.tokens).0.get(token).cloned().ok_or(ApiError::InvalidToken)?;
    if grant.expires <= app.now() {
        return Err(ApiError::InvalidToken);
    }
    match &grant.jkt {
        None if scheme.eq_ignore_ascii_case("bearer") => {}
        Some(jkt) if scheme.eq_ignore_ascii_case("dpop") => {
            let request = dpop::Request { method, path, nonce: false, token: Some(token) };
            let bound = dpop::verify(app, headers, &request).map_err(|_| ApiError::InvalidToken)?;
            if bound != *jkt {
                return Err(ApiError::InvalidToken);
            }
        }
        _ => return Err(ApiError::InvalidToken),
    }
    let config = locked(&app.config);
    let service = config.service_apps.get(&grant.client_id).ok_or(ApiError::InvalidToken)?;
    Ok(Caller {
        client_id: grant.client_id,
        scopes: grant.scopes,
        roles: service.roles.clone(),
        permissions: service.permissions.clone(),
    })
}

pub(crate) fn authorize(caller: &Caller, endpoint: &Endpoint) -> Result<(), ApiError> {
    if !caller.scopes.contains(endpoint.scope) {
        return Err(ApiError::InsufficientScope(endpoint.scope));
    }
    let by_role = caller.is_super() || (!endpoint.super_only && caller.roles.contains("READ_ONLY_ADMIN"));
    let by_permission = !endpoint.super_only
        && endpoints::permission(endpoint.scope).is_some_and(|needed| caller.permissions.contains(needed));
    if by_role || by_permission { Ok(()) } else { Err(ApiError::Forbidden) }
}
