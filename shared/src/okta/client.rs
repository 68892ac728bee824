//! One scan's conversation with one org: it holds the token, proves each request, and hands back what was answered.
//!
//! Its one rule: it asks inside the org only, and a token that is not accepted twice is not tried a third time.

use jiff::SignedDuration;
use secrecy::ExposeSecret;
use url::Url;

use super::{
    AccessToken, AssertionKey, Failure, Method, OrgUrl, Pacing, Request, Response, TokenError, Transport,
    TransportError,
    dpop::{DpopKey, Proof},
    key::SignError,
    token::Ask,
};
use crate::ops::{Clock, Random, random};

/// A token this close to its end is renewed first.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_secs(60);

/// The service app that the customer made for us.
#[derive(Debug, Clone)]
pub struct ServiceApp {
    pub client_id: String,
    pub key: AssertionKey,
}

/// Reads one org.
pub struct Client<'a, T> {
    transport: T,
    org: OrgUrl,
    app: ServiceApp,
    scopes: Vec<String>,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    dpop: DpopKey,
    token: Option<AccessToken>,
    /// The resource server's latest DPoP nonce.
    nonce: Option<String>,
    calls: u64,
}

/// Why there is no answer at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("want an answer, got {0}")]
    Transport(#[from] TransportError),
    #[error("want an address inside the org, got another")]
    Outside,
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl<'a, T: Transport> Client<'a, T> {
    /// A client that will ask for `scopes`, which the preflight found granted.
    pub fn new(
        transport: T,
        org: OrgUrl,
        app: ServiceApp,
        scopes: Vec<String>,
        clock: &'a dyn Clock,
        random: &'a dyn Random,
    ) -> Result<Self, SignError> {
        let dpop = DpopKey::generate()?;
        Ok(Self { transport, org, app, scopes, clock, random, dpop, token: None, nonce: None, calls: 0 })
    }

    pub fn org(&self) -> &OrgUrl {
        &self.org
    }

    pub fn client_id(&self) -> &str {
        &self.app.client_id
    }

    /// The scopes this client asks for.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The API calls made so far, repeats included, token requests not.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn transport(&self) -> &T {
        &self.transport
    }

    pub(super) fn set_scopes(&mut self, scopes: Vec<String>) {
        self.scopes = scopes;
        self.token = None;
    }

    /// Gets one page, renewing the token when it ends. The answer can be of any status; what it means is
    /// [`Failure::of`]'s to say. Each answer is counted in `pacing` under `bucket`.
    pub async fn get(&mut self, pacing: &mut Pacing, bucket: &str, url: &str) -> Result<Response, GetError> {
        let url = Url::parse(url).ok().and_then(|url| self.org.pin(&url)).ok_or(GetError::Outside)?;
        let mut renewed = false;
        loop {
            let request = self.authorized(&url).await?;
            let answer = self.transport.send(request).await?;
            self.calls += 1;
            pacing.record(bucket, &answer, self.clock.now(), self.jitter_ms());
            if let Some(nonce) = answer.header("dpop-nonce") {
                self.nonce = Some(nonce.to_owned());
            }
            if answer.status != 401 || Failure::of(&answer) != Failure::Unauthorized || renewed {
                return Ok(answer);
            }
            self.token = None;
            renewed = true;
        }
    }

    /// Mints a token for `scopes`; the caller decides what to do with it.
    pub(super) async fn mint(&self, scopes: &[&str]) -> Result<AccessToken, TokenError> {
        let (transport, org, app, dpop, random) =
            (&self.transport, &self.org, &self.app, &self.dpop, self.random);
        Ask { transport, org, app, dpop, random, now: self.clock.now() }.mint(scopes).await
    }

    async fn authorized(&mut self, url: &str) -> Result<Request, GetError> {
        let now = self.clock.now();
        let token = match self.token.take().filter(|t| t.expires_at - RENEW_BEFORE > now) {
            Some(token) => token,
            None => self.mint(&self.scopes.iter().map(String::as_str).collect::<Vec<_>>()).await?,
        };
        let value = token.value.expose_secret();
        let mut request = Request::get(url);
        if token.dpop {
            let proof = self.dpop.proof(&Proof {
                method: Method::Get,
                url,
                access_token: Some(value),
                nonce: self.nonce.as_deref(),
                jti: random::secret_256(self.random),
                now,
            })?;
            request = request.with("authorization", format!("DPoP {value}")).with("dpop", proof);
        } else {
            request = request.with("authorization", format!("Bearer {value}"));
        }
        self.token = Some(token);
        Ok(request)
    }

    /// Between 0 and 8 seconds.
    pub(crate) fn jitter_ms(&self) -> u16 {
        u16::from_be_bytes(random::bytes(self.random)) >> 3
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::testing::{FakeOrg, answer, assertion_key, counting_random, now, org, token_for};
    use super::*;
    use crate::ops::clock::OffsetClock;

    const USERS: &str = "https://acme.okta.com/api/v1/users";

    fn app() -> ServiceApp {
        ServiceApp { client_id: "0oaClient".into(), key: assertion_key() }
    }

    #[tokio::test]
    async fn the_token_is_kept_and_renewed_before_it_ends() {
        let fake = FakeOrg::answering(|sent| {
            Ok(if sent.method == Method::Post { token_for(sent) } else { answer(200, &[], "[]") })
        });
        let (clock, random) = (OffsetClock::starting_at(now()), counting_random());
        let scopes = vec!["okta.users.read".to_owned()];
        let mut client = Client::new(&fake, org(), app(), scopes, &clock, &random).unwrap();
        let mut pacing = Pacing::default();
        client.get(&mut pacing, "users", USERS).await.unwrap();
        client.get(&mut pacing, "users", USERS).await.unwrap();
        clock.advance(SignedDuration::from_mins(59) + SignedDuration::from_secs(30));
        client.get(&mut pacing, "users", USERS).await.unwrap();

        let methods: Vec<_> = fake.sent().iter().map(|s| s.method).collect();
        assert_eq!(methods, [Method::Post, Method::Get, Method::Get, Method::Post, Method::Get]);
        assert_eq!(fake.sent()[1].header("authorization"), Some("Bearer t"));
        assert_eq!(client.calls(), 3);
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once() {
        let refusals = AtomicU32::new(0);
        let fake = FakeOrg::answering(|sent| {
            if sent.method == Method::Post {
                return Ok(token_for(sent));
            }
            refusals.fetch_add(1, Ordering::SeqCst);
            Ok(answer(401, &[], r#"{"errorCode":"E0000011"}"#))
        });
        let (clock, random) = (OffsetClock::starting_at(now()), counting_random());
        let mut client = Client::new(&fake, org(), app(), vec![], &clock, &random).unwrap();
        let got = client.get(&mut Pacing::default(), "users", USERS).await.unwrap();
        assert_eq!(Failure::of(&got), Failure::Unauthorized);
        assert_eq!(refusals.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_bound_token_goes_with_a_fresh_proof_and_the_latest_nonce() {
        let fake = FakeOrg::answering(|sent| {
            if sent.method == Method::Post {
                let body =
                    r#"{"access_token":"t","token_type":"DPoP","expires_in":3600,"scope":"okta.users.read"}"#;
                return Ok(answer(200, &[], body));
            }
            Ok(answer(200, &[("DPoP-Nonce", "n2")], "[]"))
        });
        let (clock, random) = (OffsetClock::starting_at(now()), counting_random());
        let mut client = Client::new(&fake, org(), app(), vec![], &clock, &random).unwrap();
        for _ in 0..2 {
            client.get(&mut Pacing::default(), "users", USERS).await.unwrap();
        }
        let sent = fake.sent();
        assert_eq!(sent[1].header("authorization"), Some("DPoP t"));
        assert_ne!(sent[1].header("dpop"), sent[2].header("dpop"));
    }

    #[tokio::test]
    async fn it_does_not_leave_the_org() {
        let fake = FakeOrg::answering(|_| panic!("nothing may be sent"));
        let (clock, random) = (OffsetClock::starting_at(now()), counting_random());
        let mut client = Client::new(&fake, org(), app(), vec![], &clock, &random).unwrap();
        for url in ["https://evil.example/", "http://acme.okta.com/api/v1/users", "/api/v1/users"] {
            let got = client.get(&mut Pacing::default(), "users", url).await;
            assert_eq!(got.unwrap_err(), GetError::Outside);
        }
    }
}
