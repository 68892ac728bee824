//! What the tests of this module and of `assessment` share: an org made of canned answers.

use std::sync::Mutex;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{AssertionKey, Method, OrgUrl, Request, Response, Transport, TransportError};
use crate::ops::Random;

/// The instant of the tests: 2027-01-15T08:00:00Z.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(crate) fn org() -> OrgUrl {
    OrgUrl::parse("https://acme.okta.com").unwrap()
}

/// A fresh key under the name `kid-1`.
pub(crate) fn assertion_key() -> AssertionKey {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
    AssertionKey::from_pem("kid-1", &SecretString::from(pem)).unwrap()
}

/// Never the same bytes twice, the same in each run.
pub(crate) struct CountingRandom(Mutex<u64>);

pub(crate) fn counting_random() -> CountingRandom {
    CountingRandom(Mutex::new(0))
}

impl Random for CountingRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut n = self.0.lock().unwrap();
        for chunk in bytes.chunks_mut(8) {
            *n += 1;
            chunk.copy_from_slice(&n.to_be_bytes()[8 - chunk.len()..]);
        }
    }
}

pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Response { status, headers, body: body.as_bytes().to_vec() }
}

/// A request as the org saw it.
#[derive(Clone)]
pub(crate) struct Sent {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// Path and query.
    pub(crate) fn target(&self) -> &str {
        self.url.strip_prefix("https://acme.okta.com").unwrap_or(&self.url)
    }
}

/// An org that answers by a function, and remembers what it was asked.
pub(crate) struct FakeOrg<F> {
    answer: Mutex<F>,
    sent: Mutex<Vec<Sent>>,
}

impl<F: FnMut(&Sent) -> Result<Response, TransportError> + Send> FakeOrg<F> {
    pub(crate) fn answering(answer: F) -> Self {
        Self { answer: Mutex::new(answer), sent: Mutex::default() }
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

impl<F: FnMut(&Sent) -> Result<Response, TransportError> + Send> Transport for FakeOrg<F> {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let sent = Sent {
            method: request.method(),
            url: request.url().to_owned(),
            headers: request.headers().to_vec(),
            body: request.body().to_owned(),
        };
        self.sent.lock().unwrap().push(sent.clone());
        (self.answer.lock().unwrap())(&sent)
    }
}

type Answers = Box<dyn FnMut(&Sent) -> Result<Response, TransportError> + Send>;

/// An org that gives these answers in this order.
pub(crate) struct Script(FakeOrg<Answers>);

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Response>) -> Self {
        let mut answers: std::collections::VecDeque<_> = answers.into_iter().collect();
        Self(FakeOrg::answering(Box::new(move |_| answers.pop_front().ok_or(TransportError::Timeout))))
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.0.sent()
    }
}

impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.0.send(request).await
    }
}

/// A token answer for whatever was asked.
pub(crate) fn token_for(sent: &Sent) -> Response {
    let scope =
        form_urlencoded::parse(sent.body.as_bytes()).find(|(n, _)| n == "scope").unwrap().1.into_owned();
    let body =
        serde_json::json!({"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "scope": scope});
    answer(200, &[], &body.to_string())
}
