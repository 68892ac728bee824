//! The access token: client credentials with `private_key_jwt` (RFC 7523), bound by DPoP when the app asks for it.
//!
//! Its one rule: a token that holds any scope which does not end in `.read` is dropped and never used.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Method, OrgUrl, Request, Response, ServiceApp, Transport, TransportError,
    dpop::{DpopKey, Proof},
    key::SignError,
};
use crate::ops::{Random, random};

/// How long an assertion may be used; Okta takes at most an hour.
const ASSERTION_LIFE: i64 = 300;

/// A token and what it allows. `Debug` does not show it.
#[derive(Debug)]
pub struct AccessToken {
    pub(super) value: SecretString,
    /// Whether it is bound to the DPoP key it was asked with.
    pub dpop: bool,
    /// As answered by the org; each ends in `.read`.
    pub scopes: Vec<String>,
    pub expires_at: Timestamp,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("want a token, got {0}")]
    Transport(#[from] TransportError),
    #[error("want a token, the org is busy or failing ({0})")]
    Busy(u16),
    /// The key, the client id or the clock: Okta's `invalid_client`.
    #[error("okta.bad_client: the org does not accept the client or its key")]
    Client,
    /// At least one of the scopes asked for is not granted to the app: Okta's `invalid_scope`.
    #[error("okta.missing_scope: the org did not grant every scope asked for")]
    Scope,
    #[error("okta.write_scope: want .read scopes only, got {0}")]
    WriteScope(String),
    #[error("want a token answer, got status {status} ({error})")]
    Refused { status: u16, error: String },
    #[error("want a token with its scopes, got something else")]
    Unreadable,
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl TokenError {
    /// Whether asking again later may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Transport(TransportError::Timeout | TransportError::Connect))
    }
}

/// Who asks, where and when.
pub(super) struct Ask<'a, T> {
    pub transport: &'a T,
    pub org: &'a OrgUrl,
    pub app: &'a ServiceApp,
    pub dpop: &'a DpopKey,
    pub random: &'a dyn Random,
    pub now: Timestamp,
}

impl<T: Transport> Ask<'_, T> {
    /// Asks for a token with exactly `scopes`: plainly first, then with a DPoP proof if the app wants one, then with
    /// the nonce if the org gives one (Okta: `use_dpop_nonce`). Each try signs a new assertion.
    pub async fn mint(&self, scopes: &[&str]) -> Result<AccessToken, TokenError> {
        let mut nonce: Option<String> = None;
        let mut bound = false;
        for _ in 0..3 {
            let mut request = Request::token(self.org, self.form(scopes)?);
            if bound {
                request = request.with("dpop", self.proof(nonce.as_deref())?);
            }
            let answer = self.transport.send(request).await?;
            if answer.status == 200 {
                return self.read(&answer);
            }
            let error = oauth_error(&answer);
            match error.as_str() {
                "use_dpop_nonce" | "invalid_dpop_proof" => {
                    nonce = answer.header("dpop-nonce").map(str::to_owned).or(nonce);
                    bound = true;
                }
                "invalid_client" => return Err(TokenError::Client),
                "invalid_scope" => return Err(TokenError::Scope),
                _ if matches!(answer.status, 429 | 500..) => return Err(TokenError::Busy(answer.status)),
                _ => return Err(TokenError::Refused { status: answer.status, error }),
            }
        }
        Err(TokenError::Refused { status: 400, error: "invalid_dpop_proof".to_owned() })
    }

    fn form(&self, scopes: &[&str]) -> Result<String, TokenError> {
        let issued = self.now.as_second();
        let assertion = self.app.key.sign(&json!({
            "iss": self.app.client_id, "sub": self.app.client_id, "aud": self.org.token_endpoint(),
            "iat": issued, "exp": issued + ASSERTION_LIFE, "jti": random::secret_256(self.random),
        }))?;
        Ok(form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &scopes.join(" "))
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", &assertion)
            .finish())
    }

    fn proof(&self, nonce: Option<&str>) -> Result<String, SignError> {
        self.dpop.proof(&Proof {
            method: Method::Post,
            url: &self.org.token_endpoint(),
            access_token: None,
            nonce,
            jti: random::secret_256(self.random),
            now: self.now,
        })
    }

    fn read(&self, answer: &Response) -> Result<AccessToken, TokenError> {
        let body: Value = serde_json::from_slice(&answer.body).map_err(|_| TokenError::Unreadable)?;
        // RFC 6749 lets a server leave `scope` out; Okta sends it, and without it the token's power is unknown.
        let scopes = body["scope"].as_str().ok_or(TokenError::Unreadable)?;
        let scopes: Vec<String> = scopes.split_ascii_whitespace().map(str::to_owned).collect();
        if let Some(write) = scopes.iter().find(|scope| !is_read(scope)) {
            return Err(TokenError::WriteScope(printable(write)));
        }
        let dpop = match body["token_type"].as_str() {
            Some(t) if t.eq_ignore_ascii_case("bearer") => false,
            Some(t) if t.eq_ignore_ascii_case("dpop") => true,
            _ => return Err(TokenError::Unreadable),
        };
        let value = body["access_token"]
            .as_str()
            .filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic()));
        let value = SecretString::from(value.ok_or(TokenError::Unreadable)?);
        let life = body["expires_in"].as_i64().unwrap_or(0).clamp(0, 3600);
        let expires_at = self.now.saturating_add(SignedDuration::from_secs(life)).unwrap_or(self.now);
        Ok(AccessToken { value, dpop, scopes, expires_at })
    }
}

/// Whether a scope can only read.
pub fn is_read(scope: &str) -> bool {
    scope.strip_suffix(".read").is_some_and(|rest| !rest.is_empty())
}

/// The OAuth error code (RFC 6749 5.2), as something that can be logged.
fn oauth_error(answer: &Response) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    printable(body["error"].as_str().unwrap_or("no code"))
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || " ._-".contains(*c)).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Script, answer, assertion_key, counting_random, now, org};
    use super::*;

    async fn mint(script: &Script, scopes: &[&str]) -> Result<AccessToken, TokenError> {
        let (dpop, random) = (DpopKey::generate().unwrap(), counting_random());
        let app = ServiceApp { client_id: "0oaClient".into(), key: assertion_key() };
        let org = org();
        Ask { transport: script, org: &org, app: &app, dpop: &dpop, random: &random, now: now() }
            .mint(scopes)
            .await
    }

    fn token(scope: &str, kind: &str) -> Response {
        let body =
            json!({"access_token": "secret-token", "token_type": kind, "expires_in": 3600, "scope": scope});
        answer(200, &[], &body.to_string())
    }

    #[tokio::test]
    async fn a_plain_token_is_minted_from_a_signed_assertion() {
        let script = Script::new([token("okta.users.read okta.groups.read", "Bearer")]);
        let got = mint(&script, &["okta.users.read", "okta.groups.read"]).await.unwrap();
        assert_eq!((got.dpop, got.scopes.len()), (false, 2));
        assert_eq!(got.expires_at, now() + SignedDuration::from_hours(1));
        assert!(!format!("{got:?}").contains("secret-token"));

        let sent = script.sent();
        assert_eq!(
            (sent[0].method, sent[0].url.as_str()),
            (Method::Post, "https://acme.okta.com/oauth2/v1/token")
        );
        assert!(sent[0].body.contains("scope=okta.users.read+okta.groups.read"));
        assert!(sent[0].header("dpop").is_none());
    }

    #[tokio::test]
    async fn dpop_is_used_when_the_app_asks_for_it_with_a_new_assertion_each_time() {
        let script = Script::new([
            answer(400, &[], r#"{"error":"invalid_dpop_proof"}"#),
            answer(400, &[("dpop-nonce", "nonce-1")], r#"{"error":"use_dpop_nonce"}"#),
            token("okta.users.read", "DPoP"),
        ]);
        assert!(mint(&script, &["okta.users.read"]).await.unwrap().dpop);
        let sent = script.sent();
        assert!(sent[1].header("dpop").is_some() && sent[2].header("dpop").is_some());
        let bodies: std::collections::BTreeSet<_> = sent.iter().map(|r| &r.body).collect();
        assert_eq!(bodies.len(), 3);
    }

    #[tokio::test]
    async fn a_token_that_can_write_is_dropped() {
        for scope in [
            "okta.users.read okta.users.manage",
            "okta.users.manage",
            "openid",
            ".read",
            "okta.users.read.manage",
        ] {
            let got = mint(&Script::new([token(scope, "Bearer")]), &["okta.users.read"]).await;
            assert!(matches!(got, Err(TokenError::WriteScope(_))), "{scope}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_scopes_or_kind_is_no_token() {
        for body in [
            r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#,
            r#"{"access_token":"t","token_type":"mac","scope":"okta.users.read"}"#,
            r#"{"access_token":"","token_type":"Bearer","scope":"okta.users.read"}"#,
            "<html>",
        ] {
            let got = mint(&Script::new([answer(200, &[], body)]), &["okta.users.read"]).await;
            assert_eq!(got.unwrap_err(), TokenError::Unreadable, "{body}");
        }
    }

    #[tokio::test]
    async fn refusals_keep_their_meaning() {
        let refused = async |status, body: &str| {
            mint(&Script::new([answer(status, &[], body)]), &[]).await.unwrap_err()
        };
        assert_eq!(refused(401, r#"{"error":"invalid_client"}"#).await, TokenError::Client);
        assert_eq!(refused(400, r#"{"error":"invalid_scope"}"#).await, TokenError::Scope);
        assert!(refused(429, r#"{"errorCode":"E0000047"}"#).await.is_passing());
        assert!(refused(503, "").await.is_passing());
        let other = refused(403, "{\"error\":\"access_denied\\nSet-Cookie\"}").await;
        assert_eq!(other, TokenError::Refused { status: 403, error: "access_deniedSet-Cookie".into() });
    }

    #[tokio::test]
    async fn an_org_that_never_accepts_the_proof_is_given_up() {
        let no = || answer(400, &[("dpop-nonce", "n")], r#"{"error":"use_dpop_nonce"}"#);
        let script = Script::new([no(), no(), no()]);
        assert!(matches!(mint(&script, &[]).await, Err(TokenError::Refused { .. })));
        assert_eq!(script.sent().len(), 3);
    }
}
