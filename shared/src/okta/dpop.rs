//! DPoP (RFC 9449): a stolen access token is worth nothing without this key.
//!
//! Its one rule: the key lives in memory for one scan step, is never the assertion key, and every request gets a proof
//! of its own.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::json;

use super::{Method, key::SignError};

/// A fresh P-256 key that signs proofs.
pub struct DpopKey {
    key: EncodingKey,
    public: Jwk,
}

/// What one proof is for.
pub struct Proof<'a> {
    pub method: Method,
    /// The request's URL; query and fragment are left out of the proof (RFC 9449 4.2).
    pub url: &'a str,
    /// At a resource server, the access token the proof goes with.
    pub access_token: Option<&'a str>,
    /// The server's latest `DPoP-Nonce`.
    pub nonce: Option<&'a str>,
    /// Fresh for each proof.
    pub jti: String,
    pub now: Timestamp,
}

impl DpopKey {
    /// A new key. It is drawn inside the cryptographic library, which takes no source of randomness from outside.
    pub fn generate() -> Result<Self, SignError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| SignError)?;
        let der = pair.to_pkcs8v1().map_err(|_| SignError)?;
        let key = EncodingKey::from_ec_der(der.as_ref());
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256).map_err(|_| SignError)?;
        Ok(Self { key, public })
    }

    /// The value of the `DPoP` header for one request.
    pub fn proof(&self, proof: &Proof<'_>) -> Result<String, SignError> {
        let header = Header {
            typ: Some("dpop+jwt".to_owned()),
            jwk: Some(self.public.clone()),
            ..Header::new(Algorithm::ES256)
        };
        let mut claims = json!({
            "htm": match proof.method { Method::Get => "GET", Method::Post => "POST" },
            "htu": proof.url.split(['?', '#']).next().unwrap_or_default(),
            "iat": proof.now.as_second(),
            "jti": proof.jti,
        });
        if let Some(token) = proof.access_token {
            claims["ath"] = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())).into();
        }
        if let Some(nonce) = proof.nonce {
            claims["nonce"] = nonce.into();
        }
        encode(&header, &claims, &self.key).map_err(|_| SignError)
    }
}

impl std::fmt::Debug for DpopKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DpopKey")
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_proof_names_the_request_and_carries_the_public_key_only() {
        let key = DpopKey::generate().unwrap();
        let proof = Proof {
            method: Method::Get,
            url: "https://acme.okta.com/api/v1/users?limit=200#x",
            access_token: Some("token"),
            nonce: Some("n"),
            jti: "j".to_owned(),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
        };
        let jwt = key.proof(&proof).unwrap();

        let header = decode_header(&jwt).unwrap();
        assert_eq!(header.typ.as_deref(), Some("dpop+jwt"));
        let jwk = header.jwk.unwrap();
        assert!(serde_json::to_value(&jwk).unwrap().get("d").is_none());

        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let claims: Value = decode(&jwt, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap().claims;
        assert_eq!(
            claims,
            json!({
                "htm": "GET", "htu": "https://acme.okta.com/api/v1/users", "iat": 1_800_000_000, "jti": "j",
                // SHA-256("token"), base64url
                "ath": "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A", "nonce": "n",
            })
        );
    }
}
