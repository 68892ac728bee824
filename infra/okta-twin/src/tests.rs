//! The twin over real HTTP, from the outside.

mod control;
mod management;
mod planted;
mod provisioning;
mod sign_in;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Response;
use serde_json::{Value, json};

use crate::seed::fresh;
use crate::{Org, RateLimits, ServiceApp, Twin, TwinOptions};

const CLIENT: &str = "0oaTestClient0000001";

/// A clock that stands still until it is moved.
#[derive(Clone)]
struct Clock(Arc<AtomicI64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_790_000_000)))
    }

    fn second(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn options(&self) -> TwinOptions {
        let clock = self.clone();
        let now = Arc::new(move || Timestamp::from_second(clock.second()).unwrap());
        TwinOptions {
            users: 300,
            rate_limits: RateLimits { scale: 100.0, ..RateLimits::default() },
            ..TwinOptions::new(now)
        }
    }
}

/// A key of the client's, ES256.
struct Key {
    signing: EncodingKey,
    public: Jwk,
}

impl Key {
    fn new(kid: Option<&str>) -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let signing = EncodingKey::from_ec_der(pkcs8.as_ref());
        let mut public = Jwk::from_encoding_key(&signing, Algorithm::ES256).unwrap();
        public.common.key_id = kid.map(str::to_owned);
        public.common.key_algorithm = Some(KeyAlgorithm::ES256);
        Self { signing, public }
    }

    fn jwks(&self) -> Value {
        json!({ "keys": [self.public] })
    }

    fn thumbprint(&self) -> String {
        self.public.thumbprint(ThumbprintHash::SHA256).unwrap()
    }
}

/// A twin, a clock, and a service app that may read what `scopes` says.
struct Fixture {
    twin: Twin,
    clock: Clock,
    key: Key,
    http: reqwest::Client,
}

impl Fixture {
    async fn start() -> Self {
        Self::start_with(Org::Synthetic).await
    }

    async fn start_with(org: Org) -> Self {
        let clock = Clock::new();
        let twin = Twin::start(TwinOptions { org, ..clock.options() }).await.unwrap();
        let key = Key::new(Some("k1"));
        let fixture = Self { twin, clock, key, http: crate::outbound::client().unwrap() };
        fixture.twin.put_service_app(fixture.service());
        fixture
    }

    fn service(&self) -> ServiceApp {
        let scopes =
            crate::api::endpoints::ENDPOINTS.iter().map(|endpoint| endpoint.scope.to_owned()).collect();
        ServiceApp {
            client_id: CLIENT.to_owned(),
            label: "Assessment".to_owned(),
            jwks: Some(self.key.jwks()),
            scopes,
            roles: ["SUPER_ADMIN".to_owned()].into(),
            ..ServiceApp::default()
        }
    }

    fn token_url(&self) -> String {
        format!("{}/oauth2/v1/token", self.twin.base_url())
    }

    fn claims(&self) -> Value {
        let now = self.clock.second();
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": self.token_url(), "iat": now, "exp": now + 300, "jti": fresh(20) })
    }

    fn assertion(&self, claims: &Value) -> String {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key.signing).unwrap()
    }

    async fn ask(&self, assertion: &str, scope: &str, proof: Option<&str>) -> Response {
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", scope),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        let mut request = self.http.post(self.token_url()).form(&form);
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        request.send().await.unwrap()
    }

    /// A bearer token for all scopes of the app.
    async fn token(&self) -> String {
        let scope = self.service().scopes.into_iter().collect::<Vec<_>>().join(" ");
        let answer: Value =
            self.ask(&self.assertion(&self.claims()), &scope, None).await.json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn get(&self, token: &str, path: &str) -> Response {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.twin.base_url())
        };
        self.http.get(url).bearer_auth(token).send().await.unwrap()
    }

    /// Every row of a list, following `Link` headers.
    async fn all(&self, token: &str, path: &str) -> Vec<Value> {
        let (mut rows, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let response = self.get(token, &path).await;
            assert_eq!(response.status(), 200, "{path}");
            next = next_link(&response);
            let page: Vec<Value> = response.json().await.unwrap();
            rows.extend(page);
        }
        rows
    }
}

fn next_link(response: &Response) -> Option<String> {
    response.headers().get_all("link").iter().find_map(|value| {
        let text = value.to_str().ok()?.strip_suffix("; rel=\"next\"")?;
        Some(text.trim_start_matches('<').trim_end_matches('>').to_owned())
    })
}
