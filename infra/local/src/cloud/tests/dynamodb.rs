use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};

use super::{seconds, stack, table};
use crate::cloud::TableSpec;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn put(sk: &str) -> Put {
    Put::builder().table_name("app").item("pk", s("T#1")).item("sk", s(sk)).build().unwrap()
}

#[tokio::test]
async fn a_table_is_created_once_and_another_shape_is_refused() {
    let (cloud, _) = stack(None).await;
    cloud.create_table(&table("app")).await.unwrap();
    cloud.create_table(&table("app")).await.unwrap();
    let other = TableSpec { sk: None, ..table("app") };
    assert!(cloud.create_table(&other).await.unwrap_err().to_string().contains("other keys"));
}

#[tokio::test]
async fn conditional_writes_and_transactions_hold() {
    let (cloud, _) = stack(None).await;
    cloud.create_table(&table("app")).await.unwrap();
    let client = Client::new(&cloud.sdk_config());
    let once = || {
        let item = client.put_item().table_name("app").item("pk", s("T#1")).item("sk", s("a"));
        item.condition_expression("attribute_not_exists(pk)")
    };
    once().send().await.unwrap();
    let again = once().send().await.unwrap_err();
    assert_eq!(again.code(), Some("ConditionalCheckFailedException"));

    let missing = ConditionCheck::builder().table_name("app").key("pk", s("T#1")).key("sk", s("none"));
    let missing = missing.condition_expression("attribute_exists(pk)").build().unwrap();
    let all_or_nothing = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().put(put("b")).build())
        .transact_items(TransactWriteItem::builder().condition_check(missing).build());
    let error = all_or_nothing.send().await.unwrap_err();
    assert_eq!(error.code(), Some("TransactionCanceledException"));
    let found =
        client.get_item().table_name("app").key("pk", s("T#1")).key("sk", s("b")).send().await.unwrap();
    assert_eq!(found.item, None);
}

#[tokio::test]
async fn items_expire_by_the_stacks_clock_and_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (cloud, clock) = stack(Some(folder.path())).await;
    cloud.create_table(&table("app")).await.unwrap();
    let client = Client::new(&cloud.sdk_config());
    let in_an_hour = (cloud.now)().as_second() + 3600;
    for (sk, expires) in [("soon", in_an_hour), ("later", in_an_hour + 7200), ("ancient", 1)] {
        let item = client.put_item().table_name("app").item("pk", s("T#1")).item("sk", s(sk));
        item.item("expires", AttributeValue::N(expires.to_string())).send().await.unwrap();
    }
    assert_eq!(cloud.sweep_ttl().await.unwrap(), 0, "not yet, and never what expired over five years ago");
    clock.advance(seconds(3601));
    assert_eq!(cloud.sweep_ttl().await.unwrap(), 1);
    cloud.shutdown().await;

    let (cloud, _) = stack(Some(folder.path())).await;
    cloud.create_table(&table("app")).await.unwrap();
    let left = Client::new(&cloud.sdk_config()).scan().table_name("app").send().await.unwrap();
    let mut names: Vec<_> = left.items().iter().map(|item| item["sk"].as_s().unwrap().clone()).collect();
    names.sort();
    assert_eq!(names, ["ancient", "later"]);
}
