//! HTTP/1.1 as bytes, so that tests can also send what no well-behaved client would: a header twice, a path with
//! dots in it, a host that is none.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use anyhow::Context;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Longer than the gateway waits for a function.
const PATIENCE: Duration = Duration::from_secs(60);

/// One request; headers go out in the order and as often as they were added.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Path and query, sent as they are.
    pub target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    /// A request without headers of its own.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header, beside any of the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Takes a header away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// The same request for another address.
    #[must_use]
    pub fn at(self, target: &str) -> Self {
        Self { target: target.to_owned(), ..self }
    }

    /// Gives it a body of a type.
    #[must_use]
    pub fn body(self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.without("content-type").with("content-type", kind);
        request.body = body.into();
        request
    }

    /// Gives it JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sends it on a connection of its own.
    pub async fn send(&self, address: SocketAddr) -> anyhow::Result<Reply> {
        let work = self.exchange(address);
        let reply = tokio::time::timeout(PATIENCE, work).await.context("no answer in time")?;
        reply
            .with_context(|| format!("{} {}", self.method, self.target.chars().take(200).collect::<String>()))
    }

    async fn exchange(&self, address: SocketAddr) -> anyhow::Result<Reply> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            write!(head, "host: {address}\r\n")?;
        }
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n")?;
        }
        write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", self.body.len())?;
        let mut stream = TcpStream::connect(address).await?;
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        // A server may answer and close before it has read everything: the answer counts.
        let written = stream.write_all(&bytes).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        if answer.is_empty() {
            written?;
            read?;
        }
        Reply::parse(&answer)
    }
}

impl Reply {
    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").context("not an HTTP answer")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?;
        let headers = lines.filter_map(|line| line.split_once(':'));
        Ok(Self {
            status: status.parse()?,
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect(),
            body: body.to_owned(),
        })
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The reply, if it has this status; otherwise what was answered instead.
    pub fn expect(self, status: u16) -> anyhow::Result<Self> {
        anyhow::ensure!(
            self.status == status,
            "want {status}, got {}: {}",
            self.status,
            self.body.chars().take(600).collect::<String>()
        );
        Ok(self)
    }

    /// A figure of the gateway's cost header: `calls`, `trips`, `rcu`, `wcu`.
    pub fn cost(&self, figure: &str) -> f64 {
        let pairs = self.header("x-local-cost").unwrap_or_default().split(' ');
        let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == figure);
        value.and_then(|(_, value)| value.parse().ok()).unwrap_or(f64::NAN)
    }
}
