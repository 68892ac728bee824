//! API Gateway on loopback: finds the route, puts the request to the function as Lambda would get it, and
//! turns the answer back. Its limits and its own errors are those of HTTP APIs
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>); of Lambda's limit on a payload
//! and the gateway's own of 10 MB, Lambda's comes first.

mod payload;
pub mod routes;
#[cfg(test)]
mod tests;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, Limited};
use serde_json::json;
use shared::ops::{Clock, Random, meter, random};
use tokio::{net::TcpListener, task::JoinHandle};

use self::{payload::Arrival, routes::Routes};
use crate::{functions::Functions, template::Template};

/// The most that Lambda takes as one event or gives as one answer.
const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

/// HTTP APIs wait no longer for a function.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The request line and the values of all headers together, in bytes.
const HEADER_LIMIT: usize = 10_240;

/// What a request cost, as `calls=2 trips=1 rcu=1 wcu=0`: the local stack only.
pub const COST_HEADER: &str = "x-local-cost";

/// The gateway, and the servers that it was put behind.
pub struct Gateway {
    shared: Arc<Shared>,
    servers: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    routes: Routes,
    functions: Arc<Functions>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    timeout: Duration,
    changed: OnceLock<Changed>,
}

/// Is told the host of a request.
type Changed = Arc<dyn Fn(&str) + Send + Sync>;

impl Gateway {
    /// A gateway for the template's routes; it does not listen yet.
    pub fn new(
        template: &Template,
        functions: Arc<Functions>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let routes = Routes::of(template);
        let changed = OnceLock::new();
        let shared = Shared { routes, functions, clock, random, timeout: TIMEOUT, changed };
        Self { shared: Arc::new(shared), servers: Mutex::default() }
    }

    /// From now on tells `changed` the host of each request that may have changed something there. Only the first
    /// listener is told.
    pub fn tell(&self, changed: impl Fn(&str) + Send + Sync + 'static) {
        let _ = self.shared.changed.set(Arc::new(changed));
    }

    /// Listens on a loopback port. With `domain_name`, every request is taken as one for that host: many
    /// clients do not resolve `*.localhost`, so a workspace also has a port of its own.
    pub async fn listen(&self, port: u16, domain_name: Option<String>) -> anyhow::Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        self.serve(listener, domain_name)
    }

    /// Serves an already bound listener.
    pub fn serve(&self, listener: TcpListener, domain_name: Option<String>) -> anyhow::Result<u16> {
        let port = listener.local_addr()?.port();
        let shared = self.shared.clone();
        let handle = move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| {
            let (shared, domain_name) = (shared.clone(), domain_name.clone());
            async move { shared.handle(request, domain_name, peer).await }
        };
        let app = axum::Router::new().fallback(handle).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%error, "the gateway stopped");
            }
        });
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).push(server);
        Ok(port)
    }

    /// Takes no more connections.
    pub fn stop(&self) {
        for server in self.servers.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            server.abort();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    async fn handle(&self, request: Request, domain_name: Option<String>, peer: SocketAddr) -> Response {
        let (parts, body) = request.into_parts();
        let line = format!("{} {} {:?}", parts.method, parts.uri, parts.version);
        let headers: usize = parts.headers.values().map(HeaderValue::len).sum();
        if line.len() + headers > HEADER_LIMIT {
            return refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        let Some(host) = domain_name.or_else(|| host(&parts.headers)) else {
            return refusal(StatusCode::BAD_REQUEST, "Bad Request");
        };
        let Some(found) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return refusal(StatusCode::NOT_FOUND, "Not Found");
        };
        let Ok(body) = Limited::new(body, PAYLOAD_LIMIT).collect().await else {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let request_id = random::id(&*self.random, "gw-");
        let arrival = Arrival {
            domain_name: &host,
            request_id: &request_id,
            at: self.clock.now(),
            source_ip: &peer.ip().to_string(),
        };
        let event = payload::event(&parts, &body.to_bytes(), &found, &arrival);
        if event.to_string().len() > PAYLOAD_LIMIT {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        let (functions, name) = (self.functions.clone(), found.function.to_owned());
        // A task of its own: as on Lambda, it runs to its end whether anybody waits for it or not.
        let changed = self.changed.get().cloned().filter(|_| !parts.method.is_safe());
        let invocation = tokio::spawn(async move {
            let done = meter::measured(functions.invoke(&name, event)).await;
            if let Some(changed) = changed {
                changed(&host);
            }
            done
        });
        let Ok(Ok((answer, cost))) = tokio::time::timeout(self.timeout, invocation).await else {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
        };
        let answer = match answer {
            Ok(answer) if answer.to_string().len() <= PAYLOAD_LIMIT => payload::answer(&answer),
            Ok(_) => Err(anyhow::anyhow!("an answer larger than Lambda gives")),
            Err(error) => Err(error),
        };
        match answer {
            Ok(mut response) => {
                let cost =
                    format!("calls={} trips={} rcu={} wcu={}", cost.calls, cost.trips, cost.rcu, cost.wcu);
                if let Ok(cost) = HeaderValue::from_str(&cost) {
                    response.headers_mut().insert(HeaderName::from_static(COST_HEADER), cost);
                }
                response
            }
            Err(error) => {
                tracing::error!(%error, function = found.function, "a function failed");
                refusal(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }
}

/// The host of a request without its port; none when absent or there twice.
fn host(headers: &HeaderMap) -> Option<String> {
    let mut all = headers.get_all(header::HOST).iter();
    let host = all.next()?.to_str().ok().filter(|_| all.next().is_none())?;
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    Some(name.map_or(host, |(name, _)| name).to_owned())
}

/// The gateway's own errors.
fn refusal(status: StatusCode, message: &str) -> Response {
    let body = json!({ "message": message }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}
