//! Requests to Okta orgs go out the same guarded way. Which hosts are Okta's is `okta::OrgUrl`'s rule.

use super::{Outbound, OutboundError, body, reason};
use crate::okta::{Method, Request, Response, Transport, TransportError};

/// The largest answer of an org's, in bytes: a page of 200 users with large profiles.
const MAX_BYTES: usize = 8 * 1024 * 1024;

impl Transport for Outbound {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.exchange(request).await.map_err(|error| match error {
            OutboundError::Timeout => TransportError::Timeout,
            OutboundError::TooLarge { limit } => TransportError::TooLarge { limit },
            OutboundError::Scheme { .. }
            | OutboundError::Form { .. }
            | OutboundError::Port { .. }
            | OutboundError::Address => TransportError::Blocked,
            _ => TransportError::Connect,
        })
    }
}

impl Outbound {
    async fn exchange(&self, request: Request) -> Result<Response, OutboundError> {
        let (client, url) = self.route(request.url())?;
        let mut sending = match request.method() {
            Method::Get => client.get(url),
            Method::Post => client.post(url).body(request.body().to_owned()),
        };
        for (name, value) in request.headers() {
            sending = sending.header(*name, value);
        }
        let response = sending.send().await.map_err(|error| reason(&error))?;
        let status = response.status().as_u16();
        let text =
            |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers =
            response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(Response { status, headers, body: body(response, MAX_BYTES).await? })
    }
}
