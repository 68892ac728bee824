//! Demonstrating Proof of Possession: a proof per request, with a key of the client's own.
//!
//! The one rule: a proof is good for one request, one method, one address, and (at the API) one token.
//! Source: RFC 9449; developer.okta.com "Configure OAuth 2.0 Demonstrating Proof-of-Possession".

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, Method};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use super::assertion::ALGORITHMS;
use super::error::OAuthError;
use crate::state::{App, locked};

/// Seconds a proof is good for, either side of now.
const WINDOW: i64 = 300;

const DAY: i64 = 86_400;

/// What the proof must be for.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    /// The token endpoint wants a nonce.
    pub(crate) nonce: bool,
    /// The API wants the hash of the access token.
    pub(crate) token: Option<&'a str>,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    iat: i64,
    jti: String,
    nonce: Option<String>,
    ath: Option<String>,
}

/// The thumbprint of the key that made the proof (RFC 7638). Uses the proof up.
pub(crate) fn verify(app: &App, headers: &HeaderMap, request: &Request<'_>) -> Result<String, OAuthError> {
    let mut proofs = headers.get_all("dpop").iter();
    let (Some(proof), None) = (proofs.next(), proofs.next()) else {
        return Err(OAuthError::InvalidDpopProof("There must be exactly one DPoP header."));
    };
    let proof = proof.to_str().map_err(|_| OAuthError::InvalidDpopProof("The DPoP proof is not a JWT."))?;
    let (jwk, claims) = open(proof)?;
    let now = app.now();
    if claims.htm != request.method.as_str() || claims.htu != format!("{}{}", app.base_url, request.path) {
        return Err(OAuthError::InvalidDpopProof("The DPoP proof is for another method or address."));
    }
    if (now.as_second() - claims.iat).abs() > WINDOW {
        return Err(OAuthError::InvalidDpopProof("The DPoP proof is too old, or from the future."));
    }
    if request.nonce && !claims.nonce.is_some_and(|nonce| known_nonce(app, &nonce)) {
        return Err(OAuthError::UseDpopNonce(nonce(app, now.as_second() / DAY)));
    }
    if request.token.is_some_and(|token| claims.ath.as_deref() != Some(&hash(token))) {
        return Err(OAuthError::InvalidDpopProof("The DPoP proof is for another access token."));
    }
    let thumbprint = jwk
        .thumbprint(ThumbprintHash::SHA256)
        .map_err(|_| OAuthError::InvalidDpopProof("The DPoP key is of a kind that is not allowed."))?;
    if !locked(&app.seen).first(format!("dpop {thumbprint} {}", claims.jti), now, claims.iat + WINDOW) {
        return Err(OAuthError::InvalidDpopProof("The DPoP proof has been used before."));
    }
    Ok(thumbprint)
}

fn open(proof: &str) -> Result<(Jwk, Claims), OAuthError> {
    let refused = OAuthError::InvalidDpopProof;
    let header = decode_header(proof).map_err(|_| refused("The DPoP proof is not a JWT."))?;
    if header.typ.as_deref() != Some("dpop+jwt") || !ALGORITHMS.contains(&header.alg) {
        return Err(refused("The DPoP proof has the wrong type or algorithm."));
    }
    if has_private_member(proof) {
        return Err(refused("The DPoP proof carries a private key."));
    }
    let jwk = header.jwk.ok_or(refused("The DPoP proof has no key."))?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| refused("The DPoP key cannot be used."))?;
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = decode::<Claims>(proof, &key, &validation)
        .map_err(|_| refused("The DPoP proof's signature is invalid, or a claim is missing."))?
        .claims;
    Ok((jwk, claims))
}

fn has_private_member(proof: &str) -> bool {
    let header = proof.split('.').next().and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let header: Option<Value> = header.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    header.is_none_or(|header| ["d", "p", "q", "k"].iter().any(|member| header["jwk"].get(member).is_some()))
}

/// A nonce is renewed every day and stays good for three more.
fn known_nonce(app: &App, candidate: &str) -> bool {
    let today = app.now().as_second() / DAY;
    (today - 3..=today).any(|day| nonce(app, day) == candidate)
}

fn nonce(app: &App, day: i64) -> String {
    hash(&format!("{} {day}", app.nonce_secret))
}

fn hash(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}
