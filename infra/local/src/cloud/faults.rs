//! What AWS does to a client now and then and the stand-ins never do, injected under the SDK: throttling, transaction
//! conflicts, answers that are lost after the change was made, delays, server errors.
//!
//! The one rule: the same plan and seed give the n-th call of an operation the same fate, whatever runs beside it. The
//! product's code, the SDK's retries and the wire stay the real ones.
//!
//! ```no_run
//! # use local::cloud::{Cloud, plain_http_client, faults::{Fault, FaultyHttpClient, Plan, When}};
//! # fn example(cloud: &Cloud) {
//! let plan = Plan::seeded(7)
//!     .rule("dynamodb.TransactWriteItems", When::Nth(1), Fault::Conflict)
//!     .rule("s3.*", When::PerMille(50), Fault::ServerError(500));
//! let faults = FaultyHttpClient::wrap(plain_http_client(), plan);
//! let config = cloud.sdk_config_with_faults(&faults);
//! # }
//! ```

mod answers;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sqs::config::SharedHttpClient;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::operation;

pub use plan::{Fault, Plan, When};

/// An SDK HTTP client that does what its plan says before, after or instead of the real call. Clones share one log.
#[derive(Clone)]
pub struct FaultyHttpClient {
    inner: SharedHttpClient,
    plan: Arc<Plan>,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    calls: BTreeMap<String, u64>,
    injected: Vec<Injected>,
}

/// A fault that was injected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Injected {
    /// `service.Operation`, as in a rule.
    pub operation: String,
    /// Which call of the operation it was, from 1; the SDK's retries count.
    pub call: u64,
    pub fault: Fault,
}

impl FaultyHttpClient {
    pub fn wrap(inner: impl HttpClient + 'static, plan: Plan) -> Self {
        Self { inner: SharedHttpClient::new(inner), plan: Arc::new(plan), log: Arc::default() }
    }

    /// Everything injected so far, in order of the calls' arrival.
    pub fn injected(&self) -> Vec<Injected> {
        self.lock().injected.clone()
    }

    /// How many calls each operation has made, retries included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.lock().calls.clone()
    }

    /// Counts this call and says what is to happen to it.
    fn fate(&self, operation: &str) -> Option<Fault> {
        let mut log = self.lock();
        let calls = log.calls.entry(operation.to_owned()).or_default();
        *calls += 1;
        let call = *calls;
        let fault = self.plan.fate(operation, call)?;
        log.injected.push(Injected { operation: operation.to_owned(), call, fault: fault.clone() });
        Some(fault)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FaultyHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyHttpClient").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl HttpClient for FaultyHttpClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FaultyConnector { client: self.clone(), inner })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct FaultyConnector {
    client: FaultyHttpClient,
    inner: SharedHttpConnector,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = operation::of(&request);
        let fate = self.client.fate(&operation);
        let answer = match &fate {
            Some(Fault::Throttled) => answers::throttled(&operation),
            Some(Fault::Conflict) => answers::conflict(&operation, &request),
            Some(Fault::ServerError(status)) => answers::server_error(&operation, *status),
            None | Some(Fault::ReplyLost | Fault::Delay(_)) => None,
        };
        match (fate, answer) {
            (Some(Fault::ReplyLost), _) => {
                let sent = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    // The answer's head has arrived, so the change is made; nobody will know.
                    drop(sent.await?);
                    Err(ConnectorError::io("connection reset after the request was sent".into()))
                })
            }
            (Some(Fault::Delay(delay)), _) => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    tokio::time::sleep(delay).await;
                    inner.call(request).await
                })
            }
            (Some(_), Some(answer)) => HttpConnectorFuture::ready(Ok(answer)),
            (Some(fault), None) => {
                let message = format!("{operation} cannot answer {fault:?}: correct the plan");
                HttpConnectorFuture::ready(Err(ConnectorError::user(message.into())))
            }
            (None, _) => self.inner.call(request),
        }
    }
}
