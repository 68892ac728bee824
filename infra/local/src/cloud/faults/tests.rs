use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use super::*;
use crate::cloud::plain_http_client;
use crate::cloud::tests::{stack, table};

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn put(sk: &str) -> TransactWriteItem {
    let put = Put::builder().table_name("app").item("pk", s("T#1")).item("sk", s(sk)).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

/// A DynamoDB client under a plan, without the SDK's retries so that each fault is seen.
async fn client(
    plan: Plan,
    retries: u32,
) -> (crate::cloud::Cloud, aws_sdk_dynamodb::Client, FaultyHttpClient) {
    let (cloud, _) = stack(None).await;
    cloud.create_table(&table("app")).await.unwrap();
    let faults = FaultyHttpClient::wrap(plain_http_client(), plan);
    let config = cloud.sdk_config_with_faults(&faults);
    let retry = aws_config::retry::RetryConfig::standard().with_max_attempts(retries + 1);
    let config = aws_sdk_dynamodb::config::Builder::from(&config).retry_config(retry).build();
    (cloud, aws_sdk_dynamodb::Client::from_conf(config), faults)
}

#[tokio::test]
async fn a_conflict_names_every_item_and_changes_nothing() {
    let plan = Plan::seeded(1).rule("dynamodb.TransactWriteItems", When::Nth(1), Fault::Conflict);
    let (_cloud, client, faults) = client(plan, 0).await;
    let transaction = || client.transact_write_items().transact_items(put("a")).transact_items(put("b"));
    let error = transaction().send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(e) =
        error
    else {
        panic!("another error")
    };
    let codes: Vec<_> = e.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["TransactionConflict", "TransactionConflict"]);
    assert_eq!(client.scan().table_name("app").send().await.unwrap().count(), 0);

    transaction().send().await.unwrap();
    assert_eq!(client.scan().table_name("app").send().await.unwrap().count(), 2);
    assert_eq!(faults.injected().len(), 1);
    assert_eq!(faults.calls()["dynamodb.TransactWriteItems"], 2);
}

#[tokio::test]
async fn throttling_and_server_errors_are_what_the_sdk_retries() {
    let plan = Plan::seeded(1).rule("dynamodb.PutItem", When::Nth(1), Fault::Throttled).rule(
        "dynamodb.PutItem",
        When::Nth(2),
        Fault::ServerError(500),
    );
    let (_cloud, client, faults) = client(plan.clone(), 2).await;
    client.put_item().table_name("app").item("pk", s("a")).item("sk", s("b")).send().await.unwrap();
    assert_eq!(faults.calls()["dynamodb.PutItem"], 3);

    let (_cloud, client, _) = self::client(plan, 0).await;
    let error =
        client.put_item().table_name("app").item("pk", s("a")).item("sk", s("b")).send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_provisioned_throughput_exceeded_exception());
}

#[tokio::test]
async fn a_lost_reply_hides_a_change_that_was_made() {
    let plan = Plan::seeded(1).rule("dynamodb.PutItem", When::Nth(1), Fault::ReplyLost);
    let (_cloud, client, _) = client(plan, 1).await;
    // The SDK tries again, and meets its own first write.
    let put = client.put_item().table_name("app").item("pk", s("a")).item("sk", s("b"));
    let error = put.condition_expression("attribute_not_exists(pk)").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ConditionalCheckFailedException"));
    assert_eq!(client.scan().table_name("app").send().await.unwrap().count(), 1);
}

#[tokio::test]
async fn a_transaction_with_a_token_survives_a_lost_reply() {
    let plan = Plan::seeded(1).rule("dynamodb.TransactWriteItems", When::Nth(1), Fault::ReplyLost);
    let (_cloud, client, faults) = client(plan, 1).await;
    client.transact_write_items().transact_items(put("a")).client_request_token("once").send().await.unwrap();
    assert_eq!(faults.calls()["dynamodb.TransactWriteItems"], 2);
}

#[tokio::test]
async fn every_service_is_known_by_its_wire_and_words() {
    let plan = Plan::seeded(1).rule("*", When::PerMille(1000), Fault::Throttled);
    let (cloud, _) = stack(None).await;
    let faults = FaultyHttpClient::wrap(plain_http_client(), plan);
    let config = cloud.sdk_config_with_faults(&faults).into_builder();
    let config = config.retry_config(aws_config::retry::RetryConfig::disabled()).build();

    let s3 = aws_sdk_s3::Client::new(&config);
    assert_eq!(s3.get_object().bucket("b").key("k").send().await.unwrap_err().code(), Some("SlowDown"));
    assert!(s3.head_object().bucket("b").key("k").send().await.is_err());
    let sqs = aws_sdk_sqs::Client::new(&config);
    let error = sqs.get_queue_url().queue_name("q").send().await.unwrap_err();
    assert_eq!(error.code(), Some("RequestThrottled"));
    let kms = aws_sdk_kms::Client::new(&config);
    assert_eq!(kms.describe_key().key_id("k").send().await.unwrap_err().code(), Some("ThrottlingException"));
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    assert!(secrets.get_secret_value().secret_id("x").send().await.is_err());
    let sts = aws_sdk_sts::Client::new(&config);
    assert_eq!(sts.get_caller_identity().send().await.unwrap_err().code(), Some("Throttling"));
    let ses = aws_sdk_sesv2::Client::new(&config);
    let content = aws_sdk_sesv2::types::EmailContent::builder().build();
    let error = ses.send_email().content(content).send().await.unwrap_err();
    assert_eq!(error.code(), Some("TooManyRequestsException"));

    let called: Vec<String> = faults.calls().into_keys().collect();
    assert_eq!(
        called,
        [
            "kms.DescribeKey",
            "s3.GetObject",
            "s3.HeadObject",
            "secretsmanager.GetSecretValue",
            "sesv2.SendEmail",
            "sqs.GetQueueUrl",
            "sts.GetCallerIdentity",
        ]
    );
}

#[test]
fn a_plan_is_the_same_for_the_same_seed_and_another_for_another() {
    let fates = |seed| {
        let plan = Plan::seeded(seed)
            .rule("dynamodb.*", When::PerMille(100), Fault::Delay(Duration::from_millis(1)))
            .rule("dynamodb.PutItem", When::PerMille(100), Fault::Throttled);
        (1..=1000).map(|call| plan.fate("dynamodb.PutItem", call)).collect::<Vec<_>>()
    };
    assert_eq!(fates(1), fates(1));
    assert_ne!(fates(1), fates(2));
    let faults = fates(1).iter().flatten().count();
    assert!((140..240).contains(&faults), "about 190 of 1000: got {faults}");
}
