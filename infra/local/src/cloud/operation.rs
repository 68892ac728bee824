//! Which operation of which service a request is, read from the wire as a proxy would.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// `service.Operation`; an operation the wire does not name is its HTTP method.
pub(super) fn of(request: &HttpRequest) -> String {
    let header = |name| request.headers().get(name).unwrap_or_default();
    if let Some((target, operation)) = header("x-amz-target").split_once('.') {
        let service = match target {
            "DynamoDB_20120810" => "dynamodb",
            "AmazonSQS" => "sqs",
            "TrentService" => "kms",
            other => other,
        };
        return format!("{service}.{operation}");
    }
    // The credential scope names the signing service: `KEY/DATE/REGION/SERVICE/aws4_request`.
    let authorization = header("authorization");
    let scope =
        authorization.split("Credential=").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
    let uri = request.uri();
    let query = uri.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    match scope.split('/').nth(3).unwrap_or_default() {
        "sts" => format!("sts.{}", action(request)),
        "ses" => {
            let mail = request.method() == "POST" && uri.contains("/v2/email/outbound-emails");
            format!("sesv2.{}", if mail { "SendEmail" } else { request.method() })
        }
        "s3" => {
            let named = pairs.find(|(key, _)| key == "x-id").map(|(_, value)| value.into_owned());
            format!("s3.{}", named.unwrap_or_else(|| by_method(request.method())))
        }
        other => format!("{other}.{}", request.method()),
    }
}

fn action(request: &HttpRequest) -> String {
    let body = request.body().bytes().unwrap_or_default();
    let mut form = url::form_urlencoded::parse(body);
    form.find(|(key, _)| key == "Action").map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn by_method(method: &str) -> String {
    match method {
        "HEAD" => "HeadObject".to_owned(),
        other => other.to_owned(),
    }
}
