use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use aws_sdk_kms::Client;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeySpec, KeyUsageType, MessageType, SigningAlgorithmSpec};

use super::{seconds, stack};

const ALGORITHM: SigningAlgorithmSpec = SigningAlgorithmSpec::EcdsaSha256;

async fn signing_key(client: &Client) -> String {
    let key =
        client.create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify).send().await;
    key.unwrap().key_metadata.unwrap().key_id
}

#[tokio::test]
async fn a_signature_verifies_with_the_public_key_anywhere_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (cloud, _) = stack(Some(folder.path())).await;
    let client = Client::new(&cloud.sdk_config());
    let key = signing_key(&client).await;
    client.create_alias().alias_name("alias/manifests").target_key_id(&key).send().await.unwrap();
    cloud.shutdown().await;
    let (cloud, _) = stack(Some(folder.path())).await;
    let client = Client::new(&cloud.sdk_config());

    let message = b"manifest";
    let hash = digest(&SHA256, message);
    let public = client.get_public_key().key_id("alias/manifests").send().await.unwrap().public_key.unwrap();
    // SubjectPublicKeyInfo of P-256: 26 bytes of algorithm, then the uncompressed point.
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public.as_ref()[26..].to_vec());
    for (kind, signed) in [(MessageType::Raw, &message[..]), (MessageType::Digest, hash.as_ref())] {
        let sign = client.sign().key_id(&key).message(Blob::new(signed)).message_type(kind.clone());
        let signature = sign.signing_algorithm(ALGORITHM).send().await.unwrap().signature.unwrap();
        public.verify(message, signature.as_ref()).unwrap();
        let verify = |message: &[u8]| {
            let verify =
                client.verify().key_id(&key).message(Blob::new(message)).message_type(MessageType::Raw);
            verify.signature(signature.clone()).signing_algorithm(ALGORITHM).send()
        };
        assert!(verify(message).await.unwrap().signature_valid);
        let forged = verify(b"another").await.unwrap_err();
        assert!(forged.as_service_error().unwrap().is_kms_invalid_signature_exception());
    }
    let short = client.sign().key_id(&key).message(Blob::new("x")).message_type(MessageType::Digest);
    let error = short.signing_algorithm(ALGORITHM).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
}

#[tokio::test]
async fn a_data_key_opens_under_its_own_context_only() {
    let (cloud, _) = stack(None).await;
    let client = Client::new(&cloud.sdk_config());
    let key = client.create_key().send().await.unwrap().key_metadata.unwrap();
    let data_key = client.generate_data_key().key_id(key.arn().unwrap()).key_spec(DataKeySpec::Aes256);
    let data_key = data_key.encryption_context("tenant", "t1").send().await.unwrap();
    assert_eq!(data_key.plaintext().unwrap().as_ref().len(), 32);
    let open = |blob: &Blob, tenant: &str| {
        client.decrypt().ciphertext_blob(blob.clone()).encryption_context("tenant", tenant).send()
    };
    let sealed = data_key.ciphertext_blob().unwrap();
    assert_eq!(open(sealed, "t1").await.unwrap().plaintext, data_key.plaintext);
    assert!(
        open(sealed, "t2").await.unwrap_err().as_service_error().unwrap().is_invalid_ciphertext_exception()
    );
    let mut tampered = sealed.as_ref().to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    assert!(open(&Blob::new(tampered), "t1").await.is_err());
    assert_eq!(open(&Blob::new("short"), "t1").await.unwrap_err().code(), Some("InvalidCiphertextException"));

    let other = client.create_key().send().await.unwrap().key_metadata.unwrap();
    let elsewhere = client.decrypt().key_id(other.key_id()).ciphertext_blob(sealed.clone());
    let error = elsewhere.encryption_context("tenant", "t1").send().await.unwrap_err();
    assert_eq!(error.code(), Some("IncorrectKeyException"));
    let sealed = client.encrypt().key_id(key.key_id()).plaintext(Blob::new("secret")).send().await.unwrap();
    let opened = client.decrypt().ciphertext_blob(sealed.ciphertext_blob.unwrap()).send().await.unwrap();
    assert_eq!(opened.plaintext.unwrap().as_ref(), b"secret");
}

#[tokio::test]
async fn a_disabled_key_and_a_destroyed_one_do_nothing() {
    let (cloud, clock) = stack(None).await;
    let client = Client::new(&cloud.sdk_config());
    let key = signing_key(&client).await;
    let sign = || client.sign().key_id(&key).message(Blob::new("m")).signing_algorithm(ALGORITHM).send();
    client.disable_key().key_id(&key).send().await.unwrap();
    assert_eq!(sign().await.unwrap_err().code(), Some("DisabledException"));
    client.enable_key().key_id(&key).send().await.unwrap();
    sign().await.unwrap();
    client.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.unwrap();
    assert_eq!(sign().await.unwrap_err().code(), Some("KMSInvalidStateException"));
    let enable = client.enable_key().key_id(&key).send().await.unwrap_err();
    assert_eq!(enable.code(), Some("KMSInvalidStateException"));
    clock.advance(seconds(7 * 86_400 + 1));
    assert_eq!(sign().await.unwrap_err().code(), Some("NotFoundException"));

    let symmetric = client.create_key().send().await.unwrap().key_metadata.unwrap();
    let wrong = client.sign().key_id(symmetric.key_id()).message(Blob::new("m")).signing_algorithm(ALGORITHM);
    assert_eq!(wrong.send().await.unwrap_err().code(), Some("InvalidKeyUsageException"));
}
