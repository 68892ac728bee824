//! Each function held to its own policy, as IAM does: an SDK HTTP client that sends only what the policy allows.
//!
//! The one rule: what cannot be read as an act of the function is denied. So every test and every demo also shows that
//! the template gives a function what it needs; `tests/tools/iam_check.py` shows that it gives nothing else.

mod acts;

use std::fmt;
use std::sync::Arc;

use aws_sdk_sqs::config::SharedHttpClient;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::json;

use crate::template::{Act, Policy};

/// What resources are called, here and in the template.
pub(crate) trait Names: Send + Sync {
    /// The logical name of what is called so here.
    fn logical(&self, called: &str) -> Option<&str>;
    /// The logical name of the key that encrypts what lies in a bucket, by the bucket's.
    fn key_of(&self, bucket: &str) -> Option<&str>;
}

/// The SDK's HTTP client of one function.
#[derive(Clone)]
pub(crate) struct HeldHttpClient {
    inner: SharedHttpClient,
    holder: Arc<Holder>,
}

struct Holder {
    function: String,
    policy: Policy,
    names: Arc<dyn Names>,
}

impl HeldHttpClient {
    /// A client for `function`, over `inner`.
    pub(crate) fn wrap(
        inner: SharedHttpClient,
        function: &str,
        policy: Policy,
        names: Arc<dyn Names>,
    ) -> Self {
        Self { inner, holder: Arc::new(Holder { function: function.to_owned(), policy, names }) }
    }
}

impl Holder {
    /// The first act of a request that the policy does not allow.
    fn denied(&self, request: &HttpRequest) -> Option<String> {
        let acts = acts::of(request, &*self.names);
        if acts.is_empty() {
            return Some(format!("{} {}", request.method(), request.uri()));
        }
        let denied = acts.into_iter().find(|act| !self.policy.allows(act));
        denied.map(|Act { action, resource, conditions }| format!("{action} on {resource} {conditions:?}"))
    }
}

impl fmt::Debug for HeldHttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldHttpClient").field("function", &self.holder.function).finish_non_exhaustive()
    }
}

impl HttpClient for HeldHttpClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(HeldConnector { client: self.clone(), inner })
    }
}

#[derive(Debug)]
struct HeldConnector {
    client: HeldHttpClient,
    inner: SharedHttpConnector,
}

impl HttpConnector for HeldConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let holder = &self.client.holder;
        let Some(act) = holder.denied(&request) else { return self.inner.call(request) };
        tracing::error!(function = holder.function, act, "infra/template.yaml does not allow it");
        let text = format!("{} is not authorized to perform: {act}", holder.function);
        HttpConnectorFuture::ready(answer(&json!({ "__type": "AccessDeniedException", "message": text })))
    }
}

fn answer(body: &serde_json::Value) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(400).map_err(|error| ConnectorError::other(error.into(), None))?;
    Ok(HttpResponse::new(status, SdkBody::from(body.to_string())))
}
