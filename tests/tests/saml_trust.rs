//! Whom the workspace trusts, and what follows when that changes: who hears of it, and which sessions it ends.

use axum::{
    body::Body,
    http::{Request, header},
};
use jiff::SignedDuration;
use okta_twin::{Rollover, Tamper, saml::metadata_xml};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use shared::{
    scim::UserAttributes,
    store::users::{NewUser, Source},
    tenant::Role,
};
use tests::{
    front::{Acme, Front},
    sign_on::{ADA, HTML, acting, arrive, last_outcome, post, signed, signed_in, start, user},
};

type Outcome = anyhow::Result<()>;

/// The texts of the mails with this subject.
fn mails(front: &Front, subject: &str) -> Vec<String> {
    let outbox = front.cloud.ses().outbox();
    outbox.iter().filter(|mail| mail.subject.contains(subject)).map(|mail| mail.text.clone()).collect()
}

/// "Fetch it now".
async fn fetch(front: &Front, acme: &Acme) -> anyhow::Result<Value> {
    Ok(front.change(acme, "/security/sso/refresh", &json!({})).await?.json()["refreshed"].clone())
}

/// The fingerprints that the SSO page shows.
async fn fingerprints(front: &Front, acme: &Acme) -> anyhow::Result<Vec<String>> {
    let page = front.read(acme, "/security/sso").await?;
    let certificates = page["connection"]["certificates"].as_array().cloned().unwrap_or_default();
    Ok(certificates.iter().filter_map(|one| one["sha256"].as_str()).map(str::to_owned).collect())
}

#[tokio::test]
async fn who_fetches_by_hand_swallows_no_alarm() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let before = fingerprints(&front, &acme).await?;
    front.twin.roll(Rollover::Announce { days: 3650 })?;
    assert_eq!(fetch(&front, &acme).await?, "applied");
    let after = fingerprints(&front, &acme).await?;
    let [added] = mails(&front, "keys were updated").try_into().expect("one mail to the one Admin");
    let new = after.iter().find(|key| !before.contains(key)).expect("a new key");
    assert!(added.contains(&format!("Added:\n  SHA-256 {new}")) && !added.contains("Removed:"), "{added}");
    assert!(added.contains("If nobody expected it") && !added.contains("Nothing is to be done"), "{added}");

    front.twin.roll(Rollover::Switch)?;
    front.twin.roll(Rollover::Retire)?;
    front.clock.advance(SignedDuration::from_hours(6));
    assert_eq!(front.tick().await?, json!({ "applied": 1 }));
    let both = mails(&front, "keys were updated");
    assert!(both.len() == 2 && both[1].contains(&format!("Removed:\n  SHA-256 {}", before[0])), "{both:?}");

    front.twin.roll(Rollover::Swap)?;
    assert_eq!(fetch(&front, &acme).await?, "staged");
    assert_eq!(mails(&front, "waits for you").len(), 1);
    front.clock.advance(SignedDuration::from_hours(6));
    assert_eq!(front.tick().await?, json!({ "staged": 1 }));
    assert_eq!(mails(&front, "waits for you").len(), 1, "said once");
    Ok(())
}

#[tokio::test]
async fn ecdsa_keys_alone_are_trusted_only_where_they_count() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace("acme").await?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = CertificateParams::default().self_signed(&key)?;
    let xml = metadata_xml("https://idp.example.com", "https://idp.example.com/sso", &[certificate.der()]);
    let save = json!({ "metadata_xml": xml });
    let refused = front.change(&acme, "/security/sso", &save).await?;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (422, &json!("metadata.key_kind")));
    assert!(refused.json()["detail"].to_string().contains("Accept ECDSA signatures"), "{refused:?}");
    assert_eq!(front.read(&acme, "/security/sso").await?["connection"], Value::Null);

    let switches = |allow_ecdsa: bool| json!({ "idp_initiated": true, "allow_ecdsa": allow_ecdsa });
    let set = front.change(&acme, "/security/sso/settings", &switches(true)).await?;
    assert_eq!((set.status.as_u16(), &set.json()["allowEcdsa"]), (200, &json!(true)));
    assert_eq!(front.change(&acme, "/security/sso", &save).await?.status.as_u16(), 200);
    assert_eq!(front.read(&acme, "/security/sso").await?["settings"]["allowEcdsa"], true);
    let locked_out = front.change(&acme, "/security/sso/settings", &switches(false)).await?;
    assert_eq!((locked_out.status.as_u16(), &locked_out.json()["code"]), (409, &json!("sso.key_kind")));
    Ok(())
}

#[tokio::test]
async fn metadata_that_has_ended_or_leads_to_plain_http_is_not_saved() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace("acme").await?;
    let genuine = reqwest::get(front.twin.metadata_url("acme")).await?.text().await?;
    let ended =
        genuine.replace("<md:EntityDescriptor ", "<md:EntityDescriptor validUntil=\"2026-03-02T08:59:59Z\" ");
    // Loopback, but not the origin that this stack names as its exception.
    let elsewhere = genuine.replace(front.twin.base_url(), "http://localhost:1");
    for (xml, code) in [(ended, "metadata.valid_until"), (elsewhere, "metadata.endpoint")] {
        let reply = front.change(&acme, "/security/sso", &json!({ "metadata_xml": xml })).await?;
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (422, &json!(code)), "{reply:?}");
    }
    assert_eq!(front.change(&acme, "/security/sso", &json!({ "metadata_xml": genuine })).await?.status, 200);
    Ok(())
}

/// Who opens the workspace's list of sessions with this cookie.
async fn enter(front: &Front, cookie: &str) -> anyhow::Result<u16> {
    let request = Request::get("/sessions").header(header::COOKIE, cookie).body(Body::empty())?;
    Ok(front.send("acme", request).await?.status.as_u16())
}

/// A session by SAML, as its cookie.
async fn by_saml(front: &Front) -> anyhow::Result<String> {
    let reply = arrive(front, "acme", &signed(front, "acme", None, &Tamper::default())).await?;
    anyhow::ensure!(signed_in(&reply), "{reply:?}");
    Ok(reply.cookie("atm_session").unwrap_or_default().to_owned())
}

#[tokio::test]
async fn withdrawn_trust_ends_the_sessions_that_rest_on_it() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let by_mail = front.session(&acme, &acme.admin).await?;

    // A key that joins, and metadata that is saved once more, withdraw nothing.
    let first = by_saml(&front).await?;
    front.twin.roll(Rollover::Announce { days: 3650 })?;
    assert_eq!(front.connect(&acme).await?.status, 200);
    assert_eq!(fetch(&front, &acme).await?, "same");
    assert_eq!(enter(&front, &first).await?, 200);
    // A key that an Admin takes away does.
    front.twin.roll(Rollover::Switch)?;
    front.twin.roll(Rollover::Retire)?;
    assert_eq!(front.connect(&acme).await?.status, 200);
    assert_eq!(enter(&front, &first).await?, 401);
    assert!(mails(&front, "was changed").last().is_some_and(|text| text.contains("has ended")));

    // So does what an Admin confirms in place of all keys.
    let second = by_saml(&front).await?;
    assert_eq!(enter(&front, &second).await?, 200);
    front.twin.roll(Rollover::Swap)?;
    assert_eq!(fetch(&front, &acme).await?, "staged");
    assert_eq!(enter(&front, &second).await?, 200, "it waits, and so does its effect");
    let staged = front.read(&acme, "/security/sso").await?["refresh"]["staged"]["metadata"].clone();
    let confirmed = front.change(&acme, "/security/sso/staged", &json!({ "metadata": staged })).await?;
    assert_eq!((confirmed.status.as_u16(), enter(&front, &second).await?), (200, 401));

    // So does switching it off, for good.
    let third = by_saml(&front).await?;
    assert_eq!(front.change(&acme, "/security/sso/disable", &json!({})).await?.status, 200);
    assert_eq!(enter(&front, &third).await?, 401);
    assert_eq!(front.connect(&acme).await?.status, 200);
    assert_eq!(enter(&front, &third).await?, 401);

    // So does another identity provider.
    let fourth = by_saml(&front).await?;
    let xml = reqwest::get(front.twin.metadata_url("acme")).await?.text().await?;
    let (before, rest) = xml.split_once("entityID=\"").expect("an entity id");
    let (_, after) = rest.split_once('"').expect("its end");
    let xml = format!("{before}entityID=\"https://another.example.com\"{after}");
    assert_eq!(front.change(&acme, "/security/sso", &json!({ "metadata_xml": xml })).await?.status, 200);
    assert_eq!(enter(&front, &fourth).await?, 401);
    assert_eq!(enter(&front, &by_mail).await?, 200, "what SAML did not open goes on");
    Ok(())
}

/// A settings form that an Admin had open does not undo the withdrawal.
#[tokio::test]
async fn a_stale_save_of_the_workspace_brings_no_session_back() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let session = by_saml(&front).await?;
    let stale = front.door.workspaces.read(&acme.workspace.tenant).await?.expect("the workspace");
    assert_eq!(front.change(&acme, "/security/sso/disable", &json!({})).await?.status, 200);
    let store = front.door.table().tenant(&acme.workspace);
    assert!(store.save_workspace(&stale, &acting(&front).record("test", "", "")).await.is_err());
    assert_eq!(enter(&front, &session).await?, 401);
    Ok(())
}

#[tokio::test]
async fn whom_scim_deleted_is_not_brought_back_by_a_sign_in() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    by_saml(&front).await?;
    let store = front.door.table().tenant(&acme.workspace);
    let ada = user(&front, &acme, ADA).await?.expect("ada");
    store.delete_user(&ada, &acting(&front)).await?;

    for query in ["", "?test=1"] {
        let started = start(&front, "acme", query, "").await?;
        let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
        let reply = post(&front, "acme", &started.cookie, &[("SAMLResponse", &response)]).await?;
        assert_eq!(reply.status, 403, "{reply:?}");
        assert!(reply.body.contains("provision you again") && !signed_in(&reply), "{reply:?}");
        assert_eq!(last_outcome(&front, &acme).await?, "user.deleted");
    }
    assert!(user(&front, &acme, ADA).await?.is_none());

    // SCIM brings her back, and then she signs in.
    let attributes = UserAttributes::from_create(&json!({ "userName": ADA }))?;
    let new = NewUser { attributes, source: Source::Scim, grants: Vec::new() };
    let back = store.create_user(new, &acting(&front)).await?;
    assert_ne!(back.id, ada.id);
    by_saml(&front).await?;
    Ok(())
}

#[tokio::test]
async fn an_admin_ends_all_sessions_of_a_person_from_the_pages() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let sessions = [by_saml(&front).await?, by_saml(&front).await?];
    let ada = user(&front, &acme, ADA).await?.expect("ada");
    let by_mail = front.session(&acme, &acme.admin).await?;
    for path in ["/sessions", "/users"] {
        let request = Request::get(path).header(header::COOKIE, &by_mail).header(header::ACCEPT, HTML);
        let page = front.send("acme", request.body(Body::empty())?).await?.body;
        let form = page
            .split("<form")
            .find(|form| form.contains("/sessions/end") && form.contains(&format!("value=\"{}\"", ada.id)));
        assert!(form.is_some(), "{path}: {page}");
    }
    let ended = front.change(&acme, "/sessions/end", &json!({ "user": ada.id })).await?;
    assert_eq!(ended.status, 200);
    for session in &sessions {
        assert_eq!(enter(&front, session).await?, 401);
    }
    assert!(front.read(&acme, "/audit").await?.to_string().contains("session.end_all"));
    Ok(())
}

#[tokio::test]
async fn an_admin_who_has_no_mailbox_keeps_no_other_from_theirs() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let store = front.door.table().tenant(&acme.workspace);
    for (name, address) in [("first", "no address"), ("second", "second@acme.example")] {
        let attributes = json!({ "userName": name, "emails": [{ "value": address, "primary": true }] });
        let attributes = UserAttributes::from_create(&attributes).expect("attributes");
        let new = NewUser { attributes, source: Source::Invited, grants: vec![Role::Admin] };
        store.create_user(new, &acting(&front)).await?;
    }
    let made = front.change(&acme, "/security/scim/tokens", &json!({})).await?;
    assert_eq!(made.status, 201, "the token is shown: {made:?}");
    assert!(made.json()["token"].is_string());
    assert_eq!(mails(&front, "A SCIM token was generated").len(), 2, "the sponsor and the second");
    Ok(())
}
