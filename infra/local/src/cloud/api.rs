//! One front for the stand-ins: finds service and operation in a request, and writes answers the way each protocol does.
//!
//! The one rule: an unknown operation or a malformed input is refused by name, never ignored.
//!
//! | protocol | services | operation in | errors |
//! |---|---|---|---|
//! | AWS JSON 1.0 / 1.1 | SQS / Secrets Manager, KMS | `X-Amz-Target` | `__type` in the body |
//! | query | STS | form field `Action` | XML |
//! | REST JSON | SESv2 | method and path | `x-amzn-ErrorType` |

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{kms::Kms, secrets::Secrets, ses::Ses, sqs::Sqs, sts::Sts};

/// A batch of SQS is at most 1 MiB of text, which JSON may escape.
const MAX_BODY: usize = 16 << 20;

pub(super) struct Services {
    pub sqs: Arc<Sqs>,
    pub sts: Arc<Sts>,
    pub ses: Arc<Ses>,
    pub secrets: Secrets,
    pub kms: Kms,
}

/// A refusal as the service words it.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct ApiError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// What SQS called the error before it spoke JSON; its SDKs still go by that.
    pub query_code: Option<&'static str>,
}

impl ApiError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into(), query_code: None }
    }

    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn unknown(operation: &str) -> Self {
        Self::new("UnknownOperationException", format!("the local stack does not know {operation}"))
    }
}

impl From<io::Error> for ApiError {
    fn from(error: io::Error) -> Self {
        Self::new("InternalFailure", error.to_string()).status(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

pub(super) type ApiResult = Result<Value, ApiError>;

/// Reads an operation's input.
pub(super) fn input<T: DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
    T::deserialize(value).map_err(|error| ApiError::new("SerializationException", error.to_string()))
}

pub(super) fn router(services: Services) -> Router {
    Router::new().fallback(serve).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(Arc::new(services))
}

async fn serve(
    State(services): State<Arc<Services>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header =
        |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    if let Some((service, operation)) = header("x-amz-target").split_once('.') {
        return json_answer(match service {
            "AmazonSQS" => match parse(&body) {
                Ok(input) => services.sqs.call(operation, &input).await,
                Err(error) => Err(error),
            },
            "secretsmanager" => parse(&body).and_then(|input| services.secrets.call(operation, &input)),
            "TrentService" => parse(&body).and_then(|input| services.kms.call(operation, &input)),
            _ => Err(ApiError::unknown(service)),
        });
    }
    if uri.path().starts_with("/v2/") {
        return rest_answer(services.ses.call(&method, uri.path(), &body));
    }
    services.sts.call(header(header::AUTHORIZATION.as_str()), &body)
}

fn parse(body: &[u8]) -> ApiResult {
    serde_json::from_slice(body).map_err(|error| ApiError::new("SerializationException", error.to_string()))
}

fn json_answer(result: ApiResult) -> Response {
    let mut response = match result {
        Ok(value) => value.to_string().into_response(),
        Err(error) => {
            let body = json!({ "__type": error.code, "message": error.message }).to_string();
            let mut response = (error.status, body).into_response();
            let query =
                error.query_code.and_then(|code| HeaderValue::try_from(format!("{code};Sender")).ok());
            if let Some(query) = query {
                response.headers_mut().insert("x-amzn-query-error", query);
            }
            response
        }
    };
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

fn rest_answer(result: ApiResult) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    match result {
        Ok(value) => (json, value.to_string()).into_response(),
        Err(error) => {
            let body = json!({ "message": error.message }).to_string();
            (error.status, json, [("x-amzn-ErrorType", error.code)], body).into_response()
        }
    }
}
