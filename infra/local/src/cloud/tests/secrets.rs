use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use aws_sdk_secretsmanager::primitives::Blob;

use super::stack;

#[tokio::test]
async fn the_current_version_moves_and_the_previous_stays_readable() {
    let folder = tempfile::tempdir().unwrap();
    let (cloud, _) = stack(Some(folder.path())).await;
    let client = Client::new(&cloud.sdk_config());
    let missing = client.get_secret_value().secret_id("t/1/key").send().await.unwrap_err();
    assert!(missing.as_service_error().unwrap().is_resource_not_found_exception());

    let created = client.create_secret().name("t/1/key").secret_string("one").send().await.unwrap();
    let again = client.create_secret().name("t/1/key").secret_string("one").send().await.unwrap_err();
    assert!(again.as_service_error().unwrap().is_resource_exists_exception());
    for value in ["two", "three"] {
        client.put_secret_value().secret_id("t/1/key").secret_string(value).send().await.unwrap();
    }
    cloud.shutdown().await;

    let (cloud, _) = stack(Some(folder.path())).await;
    let client = Client::new(&cloud.sdk_config());
    let read =
        |stage: &str| client.get_secret_value().secret_id(created.arn().unwrap()).version_stage(stage).send();
    assert_eq!(read("AWSCURRENT").await.unwrap().secret_string(), Some("three"));
    assert_eq!(read("AWSPREVIOUS").await.unwrap().secret_string(), Some("two"));
    let first = client.get_secret_value().secret_id("t/1/key").version_id(created.version_id().unwrap());
    assert_eq!(first.send().await.unwrap().secret_string(), Some("one"));
    let described = client.describe_secret().secret_id("t/1/key").send().await.unwrap();
    let stages: Vec<_> = described.version_ids_to_stages().unwrap().values().flatten().collect();
    assert_eq!(stages.len(), 2, "one current, one previous: {stages:?}");
}

#[tokio::test]
async fn a_version_is_put_once_and_a_deleted_secret_is_not_read() {
    let (cloud, _) = stack(None).await;
    let client = Client::new(&cloud.sdk_config());
    client.create_secret().name("k").secret_binary(Blob::new([0, 159, 146])).send().await.unwrap();
    let read = client.get_secret_value().secret_id("k").send().await.unwrap();
    assert_eq!(read.secret_binary().unwrap().as_ref(), [0, 159, 146]);

    let token = "11111111-2222-3333-4444-555555555555";
    let put = |value: &str| {
        client.put_secret_value().secret_id("k").secret_string(value).client_request_token(token).send()
    };
    put("a").await.unwrap();
    put("a").await.unwrap();
    assert_eq!(put("b").await.unwrap_err().code(), Some("ResourceExistsException"));

    client.delete_secret().secret_id("k").recovery_window_in_days(7).send().await.unwrap();
    let error = client.get_secret_value().secret_id("k").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidRequestException"));
    client.restore_secret().secret_id("k").send().await.unwrap();
    client.delete_secret().secret_id("k").force_delete_without_recovery(true).send().await.unwrap();
    let error = client.get_secret_value().secret_id("k").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
}
