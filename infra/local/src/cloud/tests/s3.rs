use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;

use super::{seconds, stack};
use crate::cloud::sts::Role;
use crate::cloud::{Cloud, plain_http_client};

async fn bucket(cloud: &Cloud) -> Client {
    cloud.create_bucket("evidence").await.unwrap();
    Client::new(&cloud.sdk_config())
}

/// GET without any credentials but those in the URL.
async fn get(url: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap();
    let (host, path) = address.split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

fn expires_in(cloud: &Cloud, expires: u64) -> PresigningConfig {
    let config = PresigningConfig::builder().start_time(SystemTime::from((cloud.now)()));
    config.expires_in(Duration::from_secs(expires)).build().unwrap()
}

#[tokio::test]
async fn an_object_is_written_once() {
    let (cloud, _) = stack(None).await;
    let client = bucket(&cloud).await;
    cloud.create_bucket("evidence").await.unwrap();
    let put = |body: &'static [u8]| {
        let put = client.put_object().bucket("evidence").key("a/b.json").if_none_match("*");
        put.checksum_algorithm(aws_sdk_s3::types::ChecksumAlgorithm::Sha256).body(body.to_vec().into()).send()
    };
    put(b"first").await.unwrap();
    let second = put(b"second").await.unwrap_err();
    assert_eq!(second.raw_response().unwrap().status().as_u16(), 412);
    assert_eq!(second.code(), Some("PreconditionFailed"));
    let kept = client.get_object().bucket("evidence").key("a/b.json").send().await.unwrap();
    assert_eq!(kept.body.collect().await.unwrap().to_vec(), b"first");
}

#[tokio::test]
async fn of_many_writers_at_once_one_wins() {
    let (cloud, _) = stack(None).await;
    let client = bucket(&cloud).await;
    let writers = (0..16_u8).map(|n| {
        let put = client.put_object().bucket("evidence").key("once").if_none_match("*");
        tokio::spawn(put.body(vec![n; 4096].into()).send())
    });
    let outcomes = futures::future::join_all(writers).await;
    assert_eq!(outcomes.into_iter().filter(|outcome| outcome.as_ref().unwrap().is_ok()).count(), 1);
}

#[tokio::test]
async fn a_presigned_url_opens_one_object_until_it_expires_by_the_stacks_clock() {
    let (cloud, clock) = stack(None).await;
    clock.advance(seconds(400 * 86_400));
    let client = bucket(&cloud).await;
    client
        .put_object()
        .bucket("evidence")
        .key("report")
        .body(b"the report".to_vec().into())
        .send()
        .await
        .unwrap();
    let presigned =
        client.get_object().bucket("evidence").key("report").presigned(expires_in(&cloud, 60)).await;
    let url = presigned.unwrap().uri().to_owned();

    let (status, answer) = get(&url).await;
    assert!(status == 200 && answer.ends_with("the report"), "{answer}");
    let (status, _) = get(&url.replace("/report", "/another")).await;
    assert_eq!(status, 403, "signed for another object");
    clock.advance(seconds(59));
    assert_eq!(get(&url).await.0, 200);
    clock.advance(seconds(3));
    let (status, answer) = get(&url).await;
    assert!(status == 403 && answer.contains("Request has expired"), "{answer}");
}

#[tokio::test]
async fn credentials_of_a_session_sign_until_it_expires_and_nobody_elses_do() {
    let (cloud, clock) = stack(None).await;
    bucket(&cloud).await;
    let arn = "arn:aws:iam::000000000000:role/router";
    cloud.sts().declare_role(Role { arn: arn.into(), external_id: None }).unwrap();
    let sts = aws_sdk_sts::Client::new(&cloud.sdk_config());
    let session =
        sts.assume_role().role_arn(arn).role_session_name("s").duration_seconds(900).send().await.unwrap();
    let given = session.credentials.unwrap();
    let client = |id: &str, secret: &str| {
        let config = aws_sdk_s3::config::Builder::from(&cloud.sdk_config()).http_client(plain_http_client());
        Client::from_conf(
            config.credentials_provider(Credentials::new(id, secret, None, None, "test")).build(),
        )
    };
    let list = |client: Client| async move { client.list_objects_v2().bucket("evidence").send().await };
    let session = client(given.access_key_id(), given.secret_access_key());
    list(session.clone()).await.unwrap();
    clock.advance(seconds(901));
    assert_eq!(list(session).await.unwrap_err().code(), Some("InvalidAccessKeyId"));
    assert_eq!(list(client("stranger", "secret")).await.unwrap_err().code(), Some("InvalidAccessKeyId"));
    let forged = list(client(crate::cloud::ACCESS_KEY_ID, "guess")).await.unwrap_err();
    assert_eq!(forged.code(), Some("SignatureDoesNotMatch"));
    let url = format!("{}/evidence?list-type=2", cloud.endpoints().s3);
    assert_eq!(get(&url).await.0, 403, "unsigned");
}
