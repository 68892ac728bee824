//! The `client_assertion` of a service app: `private_key_jwt`.
//!
//! The one rule: nothing in the assertion is believed before its signature has been checked with a
//! key that the app publishes; what is read before that only selects the app.
//! Source: RFC 7523 section 3; developer.okta.com "Implement OAuth for Okta with a service app".

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use super::error::OAuthError;
use crate::config::ServiceApp;
use crate::state::{App, locked};

/// The algorithms Okta takes, as far as the verifier knows them (not ES512).
pub(crate) const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::ES256, Algorithm::ES384];

/// Longest time from now to `exp`, seconds.
const LONGEST: i64 = 3_600;

/// How far ahead of ours the client's clock may be, seconds.
const SKEW: i64 = 60;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    exp: i64,
    iat: i64,
    jti: String,
}

/// The app whose assertion this is. Uses the assertion up.
pub(crate) async fn verify(app: &App, assertion: &str) -> Result<ServiceApp, OAuthError> {
    let client_id = claimed_client(assertion).ok_or_else(|| refuse("The client_assertion is not a JWT."))?;
    let service = locked(&app.config).service_apps.get(&client_id).cloned();
    let service = service.ok_or_else(|| refuse("Invalid value for 'client_id' parameter."))?;
    let header =
        decode_header(assertion).map_err(|_| refuse("The client_assertion has no readable header."))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(refuse("The client_assertion is signed with an algorithm that is not allowed."));
    }
    let kid = header.kid.ok_or_else(|| refuse("The client_assertion has no 'kid'."))?;
    let key = keys(app, &service).await?.into_iter().find(|key| key.common.key_id.as_deref() == Some(&kid));
    let key = key.ok_or_else(|| refuse("The 'kid' of the client_assertion is not among the app's keys."))?;
    let key = DecodingKey::from_jwk(&key).map_err(|_| refuse("The app's key cannot be used."))?;
    // Times follow the twin's clock, so they are judged below.
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = decode::<Claims>(assertion, &key, &validation)
        .map_err(|_| refuse("The client_assertion signature is invalid, or a claim is missing."))?
        .claims;
    check(app, &client_id, &claims)?;
    Ok(service)
}

fn check(app: &App, client_id: &str, claims: &Claims) -> Result<(), OAuthError> {
    let now = app.now();
    let token_url = format!("{}/oauth2/v1/token", app.base_url);
    let for_us = match &claims.aud {
        Value::String(audience) => *audience == token_url,
        Value::Array(audiences) => audiences.iter().any(|audience| *audience == token_url),
        _ => false,
    };
    if claims.iss != client_id || claims.sub != client_id {
        return Err(refuse("The 'iss' and 'sub' of the client_assertion must be the client id."));
    }
    if !for_us {
        return Err(refuse("The 'aud' of the client_assertion must be the token endpoint."));
    }
    if claims.exp <= now.as_second() {
        return Err(refuse("The client_assertion has expired."));
    }
    if claims.exp > now.as_second() + LONGEST {
        return Err(refuse("The client_assertion expires more than an hour from now."));
    }
    if claims.iat > now.as_second() + SKEW {
        return Err(refuse("The client_assertion was issued in the future."));
    }
    if claims.jti.is_empty()
        || !locked(&app.seen).first(format!("jwt {client_id} {}", claims.jti), now, claims.exp)
    {
        return Err(refuse("The client_assertion has been used before."));
    }
    Ok(())
}

/// The app's keys: its own, or what its JWKS URL publishes now, so that a rotation needs nothing here.
async fn keys(app: &App, service: &ServiceApp) -> Result<Vec<Jwk>, OAuthError> {
    let unreadable = || refuse("The app's JWKS could not be read.");
    let set = match (&service.jwks, &service.jwks_uri) {
        (Some(set), _) => set.clone(),
        (None, Some(uri)) => {
            let response = app.http.get(uri).send().await.map_err(|_| unreadable())?;
            let response = response.error_for_status().map_err(|_| unreadable())?;
            response.json().await.map_err(|_| unreadable())?
        }
        (None, None) => return Err(refuse("The app has no keys.")),
    };
    // One key that cannot be read must not hide the others.
    let keys = set.get("keys").and_then(Value::as_array).ok_or_else(unreadable)?;
    Ok(keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect())
}

fn claimed_client(assertion: &str) -> Option<String> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}

fn refuse(why: &str) -> OAuthError {
    OAuthError::InvalidClient(why.to_owned())
}
