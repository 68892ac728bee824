//! How a request leaves: the port that `http::outbound` and the tests implement.
//!
//! Its one rule: a [`Request`] can only be made as a GET inside an org, or as the POST to that org's token endpoint.

use std::fmt;

use super::OrgUrl;

/// The two methods the product ever uses against an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    /// Only to the token endpoint.
    Post,
}

/// A request to an org. Its headers and body carry credentials, so `Debug` shows neither.
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    /// A GET of `url`, which the caller has taken from [`OrgUrl::at`] or [`super::link::next`].
    pub(super) fn get(url: &str) -> Self {
        let headers = vec![("accept", "application/json".to_owned())];
        Self { method: Method::Get, url: url.to_owned(), headers, body: String::new() }
    }

    /// The token request (RFC 6749 4.4): a form POST to the org authorization server.
    pub(super) fn token(org: &OrgUrl, form: String) -> Self {
        let headers = vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        Self { method: Method::Post, url: org.token_endpoint(), headers, body: form }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn method(&self) -> Method {
        self.method
    }

    /// The absolute URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Header names in lower case, with their values. They carry tokens: never log them.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The body; empty for a GET. It carries the client assertion: never log it.
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        write!(f, "Request({:?} {path})", self.method)
    }
}

/// What came back. The body is personal data, so `Debug` shows its size only.
#[derive(Clone)]
pub struct Response {
    pub status: u16,
    /// In the order received; several headers of one name stay several.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// All values of a header, whatever the case of its name.
    pub fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error("no answer in time")]
    Timeout,
    #[error("cannot connect")]
    Connect,
    /// The address guard refused the address the name resolved to.
    #[error("the address is not allowed")]
    Blocked,
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
}

/// Sends one request and returns the answer, whatever its status. It follows no redirect and retries nothing.
pub trait Transport: Send + Sync {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> + Send;
}

impl<T: Transport> Transport for &T {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, TransportError>> + Send {
        (**self).send(request)
    }
}
