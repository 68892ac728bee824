//! The connection to the identity provider over its life: signed requests, keys that are rolled over, metadata that is
//! fetched on a schedule, a test before anybody relies on it.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly, their helpers too")]

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use okta_twin::{Rollover, SamlApp, Signed, Tamper};
use serde_json::{Value, json};
use shared::saml::SigningCertificate;
use tests::{
    front::{Acme, Front, origin},
    sign_on::{
        ADA, HTML, acting, arrive, attempts, last_outcome, post, refused, signed, signed_in, start, user,
    },
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

type Outcome = anyhow::Result<()>;

/// The twin's app with "Signed Requests" on, and this signature certificate.
fn want_signed_requests(front: &Front, certificate: Option<String>) {
    let app = SamlApp {
        acs_url: format!("{}/auth/saml/acs", origin("acme")),
        audience: format!("{}/saml/metadata", origin("acme")),
        signed_requests: true,
        signature_certificate: certificate,
        ..SamlApp::default()
    };
    front.twin.put_saml_app("acme", app);
}

async fn our_metadata(front: &Front) -> anyhow::Result<String> {
    Ok(front.send("acme", Request::get("/saml/metadata").body(Body::empty())?).await?.body)
}

/// The certificates that our metadata names for `purpose`.
fn named(metadata: &str, purpose: &str) -> Vec<String> {
    let descriptors = metadata.split("<md:KeyDescriptor").skip(1);
    let of = descriptors.filter(|one| one.starts_with(&format!(r#" use="{purpose}""#)));
    of.map(|one| one.split("<ds:X509Certificate>").nth(1).unwrap().split('<').next().unwrap().to_owned())
        .collect()
}

/// What the twin answers to a request of ours: 200 is its sign-in page.
async fn at_the_twin(front: &Front) -> anyhow::Result<u16> {
    let request = Request::get("/auth/saml/login").header(header::ACCEPT, HTML).body(Body::empty())?;
    let reply = front.send("acme", request).await?;
    Ok(reqwest::get(reply.header("location")).await?.status().as_u16())
}

async fn connection(front: &Front, acme: &Acme) -> anyhow::Result<Value> {
    front.read(acme, "/security/sso").await
}

async fn certificates(front: &Front, acme: &Acme) -> anyhow::Result<usize> {
    Ok(connection(front, acme).await?["connection"]["certificates"].as_array().unwrap().len())
}

#[tokio::test]
async fn requests_are_signed_when_the_identity_provider_wants_it() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace("acme").await?;
    want_signed_requests(&front, None);
    let saved = front.connect(&acme).await?;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    assert_eq!(saved.json()["keys"]["signing"].as_array().unwrap().len(), 1, "{saved:?}");
    assert_eq!(at_the_twin(&front).await?, 400, "the twin does not know our certificate yet");

    let metadata = our_metadata(&front).await?;
    assert!(metadata.contains(r#"AuthnRequestsSigned="true""#), "{metadata}");
    let [certificate] = named(&metadata, "signing").try_into().unwrap();
    want_signed_requests(&front, Some(certificate.clone()));
    assert_eq!(at_the_twin(&front).await?, 200);
    let started = start(&front, "acme", "", "").await?;
    let der = STANDARD.decode(&certificate)?;
    assert!(started.request.is_signed_by_certificate(&der));
    // Any change to what was signed shows: RelayState is covered as well.
    let location = started.reply.header("location").replacen("&RelayState=", "&RelayState=x", 1);
    assert_eq!(reqwest::get(location).await?.status().as_u16(), 400);
    let unsigned = started.reply.header("location").split("&SigAlg=").next().unwrap().to_owned();
    assert_eq!(reqwest::get(unsigned).await?.status().as_u16(), 400);
    let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
    assert!(signed_in(&post(&front, "acme", &started.cookie, &[("SAMLResponse", &response)]).await?));
    Ok(())
}

#[tokio::test]
async fn a_signing_key_is_rotated_without_a_gap() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace("acme").await?;
    let make = json!({ "purpose": "signing" });
    assert_eq!(front.change(&acme, "/security/sso/keys", &make).await?.status, StatusCode::CREATED);
    let [first] = named(&our_metadata(&front).await?, "signing").try_into().unwrap();
    want_signed_requests(&front, Some(first.clone()));
    assert_eq!(front.connect(&acme).await?.status, StatusCode::OK);
    assert_eq!(named(&our_metadata(&front).await?, "signing").len(), 1, "one key is enough");

    assert_eq!(front.change(&acme, "/security/sso/keys", &make).await?.status, StatusCode::CREATED);
    let third = front.change(&acme, "/security/sso/keys", &make).await?;
    assert_eq!((third.status, &third.json()["code"]), (StatusCode::CONFLICT, &json!("sso.keys")));
    let [_, second] = named(&our_metadata(&front).await?, "signing").try_into().unwrap();
    assert_eq!(at_the_twin(&front).await?, 200, "the first key signs until it is retired");

    let keys = connection(&front, &acme).await?["keys"]["signing"].clone();
    let retire = |at: usize| json!({ "purpose": "signing", "key": keys[at]["id"] });
    want_signed_requests(&front, Some(second.clone()));
    let retired = front.change(&acme, "/security/sso/keys/retire", &retire(0)).await?;
    assert_eq!(retired.status, StatusCode::OK, "{retired:?}");
    assert_eq!(at_the_twin(&front).await?, 200, "the second one signs now");
    assert_eq!(named(&our_metadata(&front).await?, "signing"), [second]);
    let last = front.change(&acme, "/security/sso/keys/retire", &retire(1)).await?;
    assert_eq!((last.status, &last.json()["code"]), (StatusCode::CONFLICT, &json!("sso.key_needed")));
    assert_eq!(front.change(&acme, "/security/sso/keys/retire", &retire(0)).await?.status, 404);

    let der = STANDARD.decode(&first)?;
    assert_eq!(SigningCertificate::from_der(&der)?.subject, "CN=acme.atomation.example");
    let audit = front.read(&acme, "/audit").await?.to_string();
    assert!(audit.contains("sso.key.make") && audit.contains("sso.key.retire"), "{audit}");
    Ok(())
}

#[tokio::test]
async fn a_key_that_cannot_be_read_lets_nothing_out_unsigned() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    assert_eq!(at_the_twin(&front).await?, 200);
    let make = json!({ "purpose": "signing" });
    assert_eq!(front.change(&acme, "/security/sso/keys", &make).await?.status, StatusCode::CREATED);
    let keys = connection(&front, &acme).await?;
    let key = keys["keys"]["signing"][0]["id"].as_str().unwrap().to_owned();
    let name = format!("front/tenants/{}/saml/signing/{key}", acme.workspace.tenant);
    let secrets = aws_sdk_secretsmanager::Client::new(&front.cloud.sdk_config());
    secrets.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await?;
    let request = Request::get("/auth/saml/login").header(header::ACCEPT, HTML).body(Body::empty())?;
    let reply = front.send("acme", request).await?;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR, "{reply:?}");
    assert!(reply.header("location").is_empty());
    Ok(())
}

/// The response with its Assertion encrypted for the key of a certificate (XML Encryption 1.1).
fn encrypted(response: &str, certificate: &str) -> String {
    let xml = String::from_utf8(STANDARD.decode(response).unwrap()).unwrap();
    let end = "</saml2:Assertion>";
    let range = xml.find("<saml2:Assertion").unwrap()..xml.find(end).unwrap() + end.len();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    let mut sealed = xml.as_bytes()[range.clone()].to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key([9; 12]), Aad::empty(), &mut sealed).unwrap();
    let sealed = STANDARD.encode([&[9; 12], &sealed[..]].concat());

    let der = STANDARD.decode(certificate).unwrap();
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let public = PublicEncryptingKey::from_der(certificate.public_key().raw).unwrap();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = STANDARD.encode(public.encrypt(&OAEP_SHA1_MGF1SHA1, &[7; 32], &mut wrapped, None).unwrap());
    let element = format!(
        "<saml2:EncryptedAssertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
         <xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
         Type=\"http://www.w3.org/2001/04/xmlenc#Element\">\
         <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\
         <ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey>\
         <xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\
         <xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>\
         </xenc:EncryptedKey></ds:KeyInfo>\
         <xenc:CipherData><xenc:CipherValue>{sealed}</xenc:CipherValue></xenc:CipherData>\
         </xenc:EncryptedData></saml2:EncryptedAssertion>"
    );
    STANDARD.encode(format!("{}{element}{}", &xml[..range.start], &xml[range.end..]))
}

#[tokio::test]
async fn encrypted_assertions_are_opened_by_the_present_key_and_the_one_before() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let announced = async || -> anyhow::Result<String> {
        let make = json!({ "purpose": "encryption" });
        assert_eq!(front.change(&acme, "/security/sso/keys", &make).await?.status, StatusCode::CREATED);
        let [one] = named(&our_metadata(&front).await?, "encryption").try_into().unwrap();
        Ok(one)
    };
    let only = Tamper { sign: Signed::Assertion, ..Tamper::default() };
    let sealed = |certificate: &str| encrypted(&signed(&front, "acme", None, &only), certificate);
    let theirs = reqwest::get(front.twin.metadata_url("acme")).await?.text().await?;
    let [foreign] = named(&theirs, "signing").try_into().unwrap();
    refused(&arrive(&front, "acme", &sealed(&foreign)).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.encrypted", "no key, no encrypted assertion");

    let first = announced().await?;
    assert!(signed_in(&arrive(&front, "acme", &sealed(&first)).await?));
    let second = announced().await?;
    assert_ne!(first, second);
    for certificate in [&second, &first] {
        assert!(signed_in(&arrive(&front, "acme", &sealed(certificate)).await?));
    }
    refused(&arrive(&front, "acme", &sealed(&foreign)).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.decryption");

    let keys = connection(&front, &acme).await?["keys"]["encryption"].clone();
    let retire = json!({ "purpose": "encryption", "key": keys[1]["id"] });
    assert_eq!(front.change(&acme, "/security/sso/keys/retire", &retire).await?.status, StatusCode::OK);
    refused(&arrive(&front, "acme", &sealed(&first)).await?);
    assert!(signed_in(&arrive(&front, "acme", &sealed(&second)).await?));
    Ok(())
}

#[tokio::test]
async fn b12_keys_overlap_and_a_swap_waits_for_an_admin() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let later = || front.clock.advance(SignedDuration::from_hours(6));
    let sign_in = async || {
        let response = signed(&front, "acme", None, &Tamper::default());
        arrive(&front, "acme", &response).await
    };
    assert_eq!(front.tick().await?, json!({ "same": 1 }));
    assert_eq!(front.tick().await?, json!({}), "nothing is due twice");

    // A certificate that is outdated from the start signs people in, with a warning; then it is rolled over.
    front.twin.roll(Rollover::Announce { days: -1 })?;
    later();
    assert_eq!(front.tick().await?, json!({ "applied": 1 }));
    assert_eq!(certificates(&front, &acme).await?, 2);
    front.twin.roll(Rollover::Switch)?;
    assert!(signed_in(&sign_in().await?));
    let attempt = &attempts(&front, &acme).await?[0];
    assert!(!attempt["warnings"].as_array().unwrap().is_empty(), "{attempt}");
    front.twin.roll(Rollover::Announce { days: 3650 })?;
    later();
    assert_eq!(front.tick().await?, json!({ "applied": 1 }));
    assert_eq!(certificates(&front, &acme).await?, 3);
    front.twin.roll(Rollover::Switch)?;
    assert!(signed_in(&sign_in().await?));
    front.twin.roll(Rollover::Retire)?;
    later();
    assert_eq!(front.tick().await?, json!({ "applied": 1 }));
    assert_eq!(certificates(&front, &acme).await?, 1);
    assert!(signed_in(&sign_in().await?));

    // All keys at once: nothing changes until an Admin says so.
    let before = connection(&front, &acme).await?["connection"].clone();
    front.twin.roll(Rollover::Swap)?;
    later();
    assert_eq!(front.tick().await?, json!({ "staged": 1 }));
    refused(&sign_in().await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.untrusted_key");
    let page = connection(&front, &acme).await?;
    assert_eq!(page["connection"], before, "the old keys live on");
    let staged = &page["refresh"]["staged"];
    assert_eq!(staged["reasons"], json!(["none of the present keys is left"]));
    let mails = || front.cloud.ses().outbox().iter().filter(|m| m.subject.contains("waits for you")).count();
    assert_eq!(mails(), 1);
    later();
    assert_eq!(front.tick().await?, json!({ "staged": 1 }));
    assert_eq!(mails(), 1, "said once");

    let other = json!({ "metadata": "0".repeat(64) });
    let reply = front.change(&acme, "/security/sso/staged", &other).await?;
    assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::CONFLICT, &json!("metadata.staged")));
    let seen = json!({ "metadata": staged["metadata"] });
    assert_eq!(front.change(&acme, "/security/sso/staged", &seen).await?.status, StatusCode::OK);
    assert!(signed_in(&sign_in().await?));
    assert_eq!(connection(&front, &acme).await?["refresh"]["staged"], Value::Null);
    let audit = front.read(&acme, "/audit").await?.to_string();
    for action in ["sso.refresh", "sso.refresh.staged", "sso.confirm"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_fails_changes_nothing_and_stops_nobody_else() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let beta = front.workspace_with_sso("beta").await?;
    // The metadata's address answers with a page from now on: the app is another one.
    let store = front.door.table().tenant(&acme.workspace);
    let before = store.sso().await?.unwrap();
    let mut broken = before.clone();
    broken.metadata_url = Some(front.twin.dashboard_url("acme"));
    store.save_sso(Some(&before), &broken, &acting(&front).record("test", "sso", "")).await?;

    assert_eq!(front.tick().await?, json!({ "failed": 1, "same": 1 }));
    let page = connection(&front, &acme).await?;
    let failure = &page["refresh"]["failure"];
    assert_eq!(failure["code"], "url.content_type", "{page}");
    assert!(signed_in(&arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?));
    front.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(front.tick().await?, json!({ "failed": 1 }), "tried again after an hour");
    let again = connection(&front, &acme).await?["refresh"]["failure"].clone();
    assert_eq!((&again["since"], again["last"] == failure["last"]), (&failure["since"], false));
    let audit = front.read(&acme, "/audit").await?;
    let records = audit["records"].as_array().unwrap();
    let failed = records.iter().filter(|record| record["action"] == "sso.refresh.failed").count();
    assert_eq!(failed, 1, "recorded once");
    assert_eq!(connection(&front, &beta).await?["refresh"]["failure"], Value::Null);

    // An Admin who saves good metadata begins anew.
    assert_eq!(front.connect(&acme).await?.status, StatusCode::OK);
    assert_eq!(connection(&front, &acme).await?["refresh"]["failure"], Value::Null);
    let now = front.change(&acme, "/security/sso/refresh", &json!({})).await?;
    assert_eq!(now.json()["refreshed"], "same", "{now:?}");
    // Pasted metadata has no address to fetch.
    let xml = reqwest::get(front.twin.metadata_url("acme")).await?.text().await?;
    assert_eq!(front.change(&acme, "/security/sso", &json!({ "metadata_xml": xml })).await?.status, 200);
    front.clock.advance(SignedDuration::from_hours(6));
    assert_eq!(front.tick().await?, json!({ "same": 1 }), "beta's alone");
    Ok(())
}

#[tokio::test]
async fn a_save_during_a_refresh_wins() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let store = front.door.table().tenant(&acme.workspace);
    let (read, state) = (store.sso().await?.unwrap(), store.sso_refresh().await?);
    assert_eq!(front.connect(&acme).await?.status, StatusCode::OK);
    let acting = acting(&front);
    let audit = acting.record("sso.refresh", "sso", "");
    assert!(!store.apply_refresh(&read, read.idp.clone(), &state, &audit).await?);
    assert!(!store.note_refresh(&read, &state, Some(&audit)).await?);
    let audit = front.read(&acme, "/audit").await?.to_string();
    assert!(!audit.contains("sso.refresh"), "what did not happen is not recorded: {audit}");
    Ok(())
}

#[tokio::test]
async fn a_test_names_every_check_and_signs_nobody_in() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let started = start(&front, "acme", "?test=1", "").await?;
    let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
    let fields = [("SAMLResponse", response.as_str()), ("RelayState", &started.request.id)];
    let reply = post(&front, "acme", &started.cookie, &fields).await?;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{reply:?}");
    assert!(reply.set_cookie("atm_session").is_none() && user(&front, &acme, ADA).await?.is_none());
    let log = front.read(&acme, reply.header("location")).await?;
    let [attempt] = log["attempts"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(attempt["outcome"], "tested");
    assert!(attempt["checks"].as_array().unwrap().len() > 10, "{attempt}");
    // What was used in a test is used up.
    refused(&arrive(&front, "acme", &response).await?);

    let started = start(&front, "acme", "?test=1", "").await?;
    let wrong = Tamper { sign: Signed::Nothing, ..Tamper::default() };
    let response = signed(&front, "acme", Some(&started.request.id), &wrong);
    let reply = post(&front, "acme", &started.cookie, &[("SAMLResponse", &response)]).await?;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{reply:?}");
    let result = format!("/security/sso/log?correlation={}", reply.header("x-correlation-id"));
    assert!(reply.body.contains(&result), "{reply:?}");
    let log = front.read(&acme, &result).await?;
    let last = log["attempts"][0]["checks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&log["attempts"][0]["outcome"], &last["passed"]), (&json!("saml.unsigned"), &json!(false)));
    Ok(())
}

#[tokio::test]
async fn the_sign_in_log_is_filtered_and_goes_on_page_by_page() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let bad = Tamper { sign: Signed::Nothing, ..Tamper::default() };
    let mut ids = Vec::new();
    for day in 0..3 {
        for _ in 0..20 {
            let reply = arrive(&front, "acme", &signed(&front, "acme", None, &bad)).await?;
            ids.push(reply.header("x-correlation-id").to_owned());
        }
        assert!(signed_in(&arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?));
        front.clock.advance(SignedDuration::from_hours(if day == 2 { 1 } else { 24 }));
    }
    let page = |query: String| {
        let front = &front;
        let acme = &acme;
        async move { front.read(acme, &format!("/security/sso/log{query}")).await }
    };
    let first = page(String::new()).await?;
    let older = first["older"].as_str().unwrap().replace('#', "%23").replace(':', "%3A");
    let second = page(format!("?before={older}")).await?;
    let count = |page: &Value| page["attempts"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second), &second["older"]), (50, 13, &Value::Null));
    assert_eq!(count(&page("?outcome=signed_in".to_owned()).await?), 3);
    assert_eq!(count(&page("?outcome=refused".to_owned()).await?), 50);
    let one = page(format!("?outcome=refused&correlation={}", ids[5])).await?;
    assert_eq!((count(&one), &one["attempts"][0]["correlationId"]), (1, &json!(ids[5])));
    assert_eq!(count(&page("?correlation=nothing".to_owned()).await?), 0);
    // What no id could be is no key either.
    assert_eq!(count(&page(format!("?before={}", "x".repeat(2000))).await?), 50);
    front.clock.advance(SignedDuration::from_hours(31 * 24));
    assert_eq!(count(&page(String::new()).await?), 0, "kept for 30 days");
    Ok(())
}
