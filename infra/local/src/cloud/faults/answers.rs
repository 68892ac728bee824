//! Refusals in the words of each service.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810#";

pub(super) fn throttled(operation: &str) -> Option<HttpResponse> {
    match operation.split('.').next().unwrap_or_default() {
        "dynamodb" => {
            let code = format!("{DYNAMODB}ProvisionedThroughputExceededException");
            answer(
                400,
                &error(&code, "The level of configured provisioned throughput for the table was exceeded."),
            )
        }
        "s3" => xml("s3", 503, "SlowDown", "Please reduce your request rate."),
        "sts" => xml("sts", 400, "Throttling", "Rate exceeded"),
        "sqs" => answer(400, &error("com.amazonaws.sqs#RequestThrottled", "Rate exceeded")),
        "sesv2" => answer(429, &error("TooManyRequestsException", "Rate exceeded")),
        _ => answer(400, &error("ThrottlingException", "Rate exceeded")),
    }
}

pub(super) fn conflict(operation: &str, request: &HttpRequest) -> Option<HttpResponse> {
    match operation {
        "dynamodb.TransactWriteItems" | "dynamodb.TransactGetItems" => {
            let body: Value = serde_json::from_slice(request.body().bytes()?).ok()?;
            let items = body.get("TransactItems")?.as_array()?.len();
            let reason =
                json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" });
            let mut answer_body = error(
                &format!("{DYNAMODB}TransactionCanceledException"),
                "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]",
            );
            answer_body["CancellationReasons"] = vec![reason; items].into();
            answer(400, &answer_body)
        }
        "dynamodb.PutItem" | "dynamodb.UpdateItem" | "dynamodb.DeleteItem" => {
            let code = format!("{DYNAMODB}TransactionConflictException");
            answer(400, &error(&code, "Transaction is ongoing for the item"))
        }
        _ => None,
    }
}

pub(super) fn server_error(operation: &str, status: u16) -> Option<HttpResponse> {
    let service = operation.split('.').next().unwrap_or_default();
    match service {
        "s3" | "sts" => {
            xml(service, status, "InternalError", "We encountered an internal error. Please try again.")
        }
        _ => answer(status, &error("InternalServerError", "The request processing has failed.")),
    }
}

fn error(code: &str, message: &str) -> Value {
    json!({ "__type": code, "message": message })
}

fn answer(status: u16, body: &Value) -> Option<HttpResponse> {
    response(status, "application/x-amz-json-1.0", body.to_string())
}

/// S3 has the error at the root, STS inside an `ErrorResponse`.
fn xml(service: &str, status: u16, code: &str, message: &str) -> Option<HttpResponse> {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let body = if service == "s3" { error } else { format!("<ErrorResponse>{error}</ErrorResponse>") };
    response(status, "application/xml", body)
}

fn response(status: u16, content_type: &'static str, body: String) -> Option<HttpResponse> {
    let mut response = HttpResponse::new(StatusCode::try_from(status).ok()?, SdkBody::from(body));
    response.headers_mut().insert("content-type", content_type);
    Some(response)
}
