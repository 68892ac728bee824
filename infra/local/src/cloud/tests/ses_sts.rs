use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use aws_sdk_sts::error::ProvideErrorMetadata;

use super::{seconds, stack};
use crate::cloud::sts::Role;

#[tokio::test]
async fn accepted_mail_is_in_the_outbox_in_order_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (cloud, _) = stack(Some(folder.path())).await;
    let client = aws_sdk_sesv2::Client::new(&cloud.sdk_config());
    let part = |text: &str| Content::builder().data(text).build().unwrap();
    let send = |to: &str, subject: &str| {
        let message =
            Message::builder().subject(part(subject)).body(Body::builder().text(part("the link")).build());
        let content = EmailContent::builder().simple(message.build()).build();
        let destination = Destination::builder().to_addresses(to).build();
        client
            .send_email()
            .from_email_address("no-reply@example.com")
            .destination(destination)
            .content(content)
            .send()
    };
    let first = send("ann@example.com", "One").await.unwrap();
    send("bob@example.com", "Two").await.unwrap();
    let refused = send("nobody", "Three").await.unwrap_err();
    assert!(refused.as_service_error().unwrap().is_bad_request_exception());
    cloud.shutdown().await;

    let (cloud, _) = stack(Some(folder.path())).await;
    let outbox = cloud.ses().outbox();
    let seen: Vec<_> = outbox.iter().map(|mail| (mail.to[0].as_str(), mail.subject.as_str())).collect();
    assert_eq!(seen, [("ann@example.com", "One"), ("bob@example.com", "Two")]);
    assert_eq!(Some(outbox[0].id.as_str()), first.message_id());
    assert_eq!(outbox[0].text, "the link");
}

#[tokio::test]
async fn a_role_is_assumed_only_with_its_external_id() {
    let (cloud, clock) = stack(None).await;
    let arn = "arn:aws:iam::111111111111:role/evidence-in";
    cloud.sts().declare_role(Role { arn: arn.into(), external_id: Some("ext-1".into()) }).unwrap();
    let client = aws_sdk_sts::Client::new(&cloud.sdk_config());
    let assume = |arn: &str, external_id: Option<&str>| {
        let request =
            client.assume_role().role_arn(arn).role_session_name("delivery").policy("{\"Statement\":[]}");
        request.set_external_id(external_id.map(Into::into)).duration_seconds(900).send()
    };
    for (arn, external_id) in
        [(arn, None), (arn, Some("ext-2")), ("arn:aws:iam::1:role/unknown", Some("ext-1"))]
    {
        assert_eq!(assume(arn, external_id).await.unwrap_err().code(), Some("AccessDenied"));
    }
    assert_eq!(cloud.sts().sessions().len(), 0);

    let answer = assume(arn, Some("ext-1")).await.unwrap();
    let given = answer.credentials.unwrap();
    assert_eq!(given.expiration().secs() - (cloud.now)().as_second(), 900);
    assert_eq!(
        answer.assumed_role_user.unwrap().arn,
        "arn:aws:sts::111111111111:assumed-role/evidence-in/delivery"
    );
    let session = &cloud.sts().sessions()[0];
    assert_eq!(session.policy.as_deref(), Some("{\"Statement\":[]}"));
    assert_eq!(session.external_id.as_deref(), Some("ext-1"));

    let root = client.get_caller_identity().send().await.unwrap();
    assert_eq!(root.arn(), Some("arn:aws:iam::000000000000:root"));
    let credentials = aws_sdk_sts::config::Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        None,
        None,
        "test",
    );
    let config =
        aws_sdk_sts::config::Builder::from(&cloud.sdk_config()).credentials_provider(credentials).build();
    let assumed = aws_sdk_sts::Client::from_conf(config);
    let identity = assumed.get_caller_identity().send().await.unwrap();
    assert!(identity.arn().unwrap().ends_with("assumed-role/evidence-in/delivery"));
    clock.advance(seconds(900));
    assert_eq!(assumed.get_caller_identity().send().await.unwrap_err().code(), Some("ExpiredToken"));
}
