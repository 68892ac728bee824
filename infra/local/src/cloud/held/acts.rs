//! What a request to AWS does, in IAM's words (the Service Authorization Reference names the actions).

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

use super::{
    super::{REGION, arn, operation},
    Names,
};
use crate::template::Act;

/// The acts of a request; none if it cannot be read.
pub(super) fn of(request: &HttpRequest, names: &dyn Names) -> Vec<Act> {
    let operation = operation::of(request);
    let Some((service, operation)) = operation.split_once('.') else { return Vec::new() };
    let body: Value =
        request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let named = |called: &str| names.logical(called).unwrap_or(called).to_owned();
    let act = |action: &str, resource: String| Act {
        action: action.to_owned(),
        resource,
        conditions: BTreeMap::new(),
    };
    match service {
        "dynamodb" => in_table(operation, &body, &named),
        "s3" => in_bucket(operation, request, names),
        "sqs" => vec![act(&format!("sqs:{operation}"), named(text("QueueUrl")))],
        "kms" => vec![act(&format!("kms:{operation}"), named(text("KeyId")))],
        "secretsmanager" => {
            let name = if text("SecretId").is_empty() { text("Name") } else { text("SecretId") };
            // AWS puts six characters of its own behind a secret's name.
            let secret = arn("secretsmanager", &format!("secret:{name}-000000"));
            let tags = body["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
            let mut acts = vec![act(&format!("secretsmanager:{operation}"), secret.clone())];
            acts.extend(tags.then(|| act("secretsmanager:TagResource", secret)));
            acts
        }
        "sesv2" => {
            let from = text("FromEmailAddress");
            let identity = from.rsplit('@').next().unwrap_or_default();
            let mut send = act(&format!("ses:{operation}"), arn("ses", &format!("identity/{identity}")));
            send.conditions.insert("ses:FromAddress", from.to_owned());
            vec![send]
        }
        _ => Vec::new(),
    }
}

fn in_table(operation: &str, body: &Value, named: &dyn Fn(&str) -> String) -> Vec<Act> {
    let act = |action: &str, table: &Value, key: Option<&Value>| Act {
        action: format!("dynamodb:{action}"),
        resource: named(table.as_str().unwrap_or_default()),
        conditions: key
            .and_then(|key| key["S"].as_str())
            .map(|key| ("dynamodb:LeadingKeys", key.to_owned()))
            .into_iter()
            .collect(),
    };
    let one = |action: &str, body: &Value| {
        let item = if body["Key"].is_null() { &body["Item"] } else { &body["Key"] };
        act(action, &body["TableName"], Some(&item["PK"]))
    };
    let items = body["TransactItems"].as_array().into_iter().flatten();
    match operation {
        "TransactWriteItems" => {
            let actions = [
                ("Put", "PutItem"),
                ("Update", "UpdateItem"),
                ("Delete", "DeleteItem"),
                ("ConditionCheck", "ConditionCheckItem"),
            ];
            // A write of another kind stands under the operation's own name, which no policy allows.
            let act_of = |item: &Value| match actions.iter().find(|(kind, _)| !item[kind].is_null()) {
                Some((kind, action)) => one(action, &item[kind]),
                None => one(operation, item),
            };
            items.map(act_of).collect()
        }
        "TransactGetItems" => items.map(|item| one("GetItem", &item["Get"])).collect(),
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let keys = tables.flat_map(|(table, asked)| {
                asked["Keys"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(move |key| (Value::from(table.as_str()), key))
            });
            keys.map(|(table, key)| act("BatchGetItem", &table, Some(&key["PK"]))).collect()
        }
        "Query" => {
            let condition = body["KeyConditionExpression"].as_str().unwrap_or_default();
            let value = condition.strip_prefix("PK = ").and_then(|rest| rest.split(' ').next());
            let key = value.map(|value| &body["ExpressionAttributeValues"][value]);
            vec![act("Query", &body["TableName"], key)]
        }
        _ => vec![one(operation, body)],
    }
}

fn in_bucket(operation: &str, request: &HttpRequest, names: &dyn Names) -> Vec<Act> {
    let after_host = request.uri().splitn(4, '/').nth(3).unwrap_or_default();
    let (path, query) = after_host.split_once('?').unwrap_or((after_host, ""));
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let bucket = names.logical(bucket).unwrap_or(bucket);
    let resource = format!("{bucket}/{key}");
    let mut actions = match operation {
        "HeadObject" | "GetObject" if query.contains("versionId=") => vec!["GetObjectVersion"],
        "HeadObject" | "GetObject" => vec!["GetObject"],
        "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => vec!["PutObject"],
        other => vec![other],
    };
    if request.headers().get("x-amz-object-lock-mode").is_some() {
        actions.push("PutObjectRetention");
    }
    let act = |action: &str| Act {
        action: format!("s3:{action}"),
        resource: resource.clone(),
        conditions: BTreeMap::new(),
    };
    let mut acts: Vec<_> = actions.iter().map(|action| act(action)).collect();
    // S3 itself asks for the key, as the function.
    let with_key = if actions.contains(&"PutObject") { "kms:GenerateDataKey" } else { "kms:Decrypt" };
    acts.extend(names.key_of(bucket).map(|key| Act {
        action: with_key.to_owned(),
        resource: key.to_owned(),
        conditions: [("kms:ViaService", format!("s3.{REGION}.amazonaws.com"))].into(),
    }));
    acts
}
