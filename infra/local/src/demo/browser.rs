//! A person or a tool at a workspace: keeps cookies as a browser does and says where it comes from.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use bytes::Bytes;
use reqwest::{Method, StatusCode, redirect::Policy};
use serde_json::Value;

use super::Narrator;
use crate::gateway::COST_HEADER;

/// Signed in or not, at one workspace.
#[derive(Clone)]
pub struct Browser {
    client: reqwest::Client,
    who: String,
    /// Where requests go: the workspace's own port.
    address: String,
    /// What the pages' origin is: `Origin` of every change.
    origin: String,
    pub(super) cookies: BTreeMap<String, String>,
    /// In place of a session.
    token: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    /// As it came: evidence is not text.
    pub bytes: Bytes,
    /// As text.
    pub body: String,
}

impl Browser {
    /// Somebody who just opened the workspace.
    pub fn new(who: &str, address: &str, origin: &str) -> anyhow::Result<Self> {
        // The twin and the workspaces are on loopback; a proxy has no business here.
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(Self {
            client,
            who: who.to_owned(),
            address: address.to_owned(),
            origin: origin.to_owned(),
            cookies: BTreeMap::new(),
            token: None,
        })
    }

    /// The same with a bearer token, as a SCIM client has one.
    #[must_use]
    pub fn bearing(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// `GET`, as a tool that reads JSON.
    pub async fn get(&mut self, narrator: &mut Narrator, path: &str) -> anyhow::Result<Reply> {
        self.send(narrator, Method::GET, path, "application/json", None).await
    }

    /// `GET`, as a person who reads pages.
    pub async fn page(&mut self, narrator: &mut Narrator, path: &str) -> anyhow::Result<Reply> {
        self.send(narrator, Method::GET, path, "text/html", None).await
    }

    /// `POST` of JSON.
    pub async fn post(&mut self, narrator: &mut Narrator, path: &str, body: &Value) -> anyhow::Result<Reply> {
        let body = ("application/json", body.to_string());
        self.send(narrator, Method::POST, path, "application/json", Some(body)).await
    }

    /// `POST` of a form that another site's page sends, such as the identity provider's.
    pub async fn post_from(
        &mut self,
        narrator: &mut Narrator,
        origin: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Reply> {
        let ours = std::mem::replace(&mut self.origin, origin.to_owned());
        let pairs = fields.iter().map(|(name, value)| {
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            format!("{}={}", encode(name), encode(value))
        });
        let body = ("application/x-www-form-urlencoded", pairs.collect::<Vec<_>>().join("&"));
        let reply = self.send(narrator, Method::POST, path, "text/html", Some(body)).await;
        self.origin = ours;
        reply
    }

    async fn send(
        &mut self,
        narrator: &mut Narrator,
        method: Method,
        path: &str,
        accept: &str,
        body: Option<(&str, String)>,
    ) -> anyhow::Result<Reply> {
        let mut request =
            self.client.request(method.clone(), format!("{}{path}", self.address)).header("accept", accept);
        if !self.cookies.is_empty() {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some((kind, body)) = body {
            request = request.header("content-type", kind).header("origin", &self.origin).body(body);
        }
        let response = request.send().await.with_context(|| format!("{method} {path}"))?;
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            self.keep(cookie.to_str()?);
        }
        let cost = headers.get(COST_HEADER).and_then(|cost| cost.to_str().ok()).unwrap_or_default();
        let shown = path.split("token=").next().unwrap_or_default();
        narrator.exchange(&self.who, &format!("{method} {shown}"), status.as_str(), cost);
        let bytes = response.bytes().await?;
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Reply { status, headers, bytes, body })
    }

    fn keep(&mut self, cookie: &str) {
        let Some((name, rest)) = cookie.split_once('=') else { return };
        let value = rest.split(';').next().unwrap_or_default();
        if value.is_empty() || rest.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Reply {
    /// The reply, if it has this status; otherwise what was answered instead.
    pub fn expect(self, status: u16) -> anyhow::Result<Self> {
        self.expect_any(&[status])
    }

    /// The reply, if it has one of these statuses; otherwise what was answered instead.
    pub fn expect_any(self, wanted: &[u16]) -> anyhow::Result<Self> {
        if wanted.contains(&self.status.as_u16()) {
            return Ok(self);
        }
        bail!("want {wanted:?}, got {}: {}", self.status, self.body.chars().take(600).collect::<String>())
    }

    /// The body as JSON.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.body).context("the answer is not JSON")
    }
}
