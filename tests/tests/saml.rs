//! SAML sign-in from the browser's request to the session, with the Okta twin as identity provider: who gets in,
//! who does not, and what the administrators' log says of it.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use jiff::SignedDuration;
use okta_twin::{Signed, Tamper, When};
use serde_json::{Value, json};
use shared::{
    http::door,
    scim::UserAttributes,
    store::users::{NewUser, Source},
};
use tests::{
    front::{Front, origin},
    sign_on::{
        ADA, acting, arrive, attempts, last_outcome, post, post_from, refused, signed, signed_for, signed_in,
        start, user,
    },
};

type Outcome = anyhow::Result<()>;

#[tokio::test]
async fn a_sign_in_from_the_workspace() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let started = start(&front, "acme", "?next=/audit", "").await?;
    assert_eq!(started.request.issuer, format!("{}/saml/metadata", origin("acme")));
    assert_eq!(started.request.acs_url, Some(format!("{}/auth/saml/acs", origin("acme"))));
    assert!(!started.request.force_authn);
    let cookie = started.reply.set_cookie("atm_saml").unwrap();
    assert!(cookie.starts_with("__Host-atm_saml="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=600"), "{cookie}");

    let relay_state = started.request.relay_state.as_deref().unwrap();
    let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
    let fields = [("SAMLResponse", response.as_str()), ("RelayState", relay_state)];
    let reply = post(&front, "acme", &started.cookie, &fields).await?;
    assert!(signed_in(&reply), "{reply:?}");
    assert_eq!(reply.header("location"), "/audit");
    let session = reply.set_cookie("atm_session").unwrap();
    assert!(session.starts_with("__Host-atm_session="), "{session}");
    assert!(session.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{session}");

    let home = Request::get("/").header(header::COOKIE, reply.cookie("atm_session").unwrap());
    let home = front.send("acme", home.body(Body::empty())?).await?;
    assert_eq!(home.json()["role"], "User", "JIT gives the role User: {home:?}");
    let ada = user(&front, &acme, "ADA@example.com").await?.unwrap();
    assert_eq!((ada.source, ada.grants.len(), ada.attributes.primary_email()), (Source::Jit, 0, Some(ADA)));

    let attempt = &attempts(&front, &acme).await?[0];
    assert_eq!((&attempt["outcome"], &attempt["user"]), (&json!("signed_in"), &json!(ada.id)));
    assert!(attempt["checks"].as_array().unwrap().iter().all(|check| check["passed"] == true));
    assert!(!attempt.to_string().contains(ADA), "the log holds ids, never names");
    Ok(())
}

#[tokio::test]
async fn a_sign_in_takes_three_trips_at_most() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    for newcomer in [true, false] {
        let started = start(&front, "acme", "", "").await?;
        let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
        let reply = post(&front, "acme", &started.cookie, &[("SAMLResponse", &response)]).await?;
        assert!(signed_in(&reply), "{reply:?}");
        assert!(reply.cost.trips <= 3, "newcomer: {newcomer}, {:?}", reply.cost);
    }
    Ok(())
}

#[tokio::test]
async fn a_sign_in_from_the_dashboard_unless_switched_off() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let response = signed(&front, "acme", None, &Tamper::default());
    let reply = post(&front, "acme", "", &[("SAMLResponse", &response), ("RelayState", "")]).await?;
    assert!(signed_in(&reply) && reply.header("location") == "/", "{reply:?}");

    let changed = front.change(&acme, "/security/sso/settings", &json!({ "idp_initiated": false })).await?;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    refused(&arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.idp_initiated");
    Ok(())
}

#[tokio::test]
async fn a_tool_gets_json() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    let response = signed(&front, "acme", None, &Tamper::default());
    for (want, code) in [(StatusCode::OK, Value::Null), (StatusCode::FORBIDDEN, json!("saml.refused"))] {
        let form =
            form_urlencoded::Serializer::new(String::new()).append_pair("SAMLResponse", &response).finish();
        let request = Request::post("/auth/saml/acs")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        let reply = front.send("acme", request.body(Body::from(form))?).await?;
        assert_eq!((reply.status, &reply.json()["code"]), (want, &code), "{reply:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a32_an_assertion_signs_in_once() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let response = signed(&front, "acme", None, &Tamper::default());
    assert!(signed_in(&arrive(&front, "acme", &response).await?));
    refused(&arrive(&front, "acme", &response).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.replay");
    // A34: as long as the assertion could still be accepted, and after that it is expired.
    front.clock.advance(SignedDuration::from_mins(6));
    refused(&arrive(&front, "acme", &response).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.replay");
    front.clock.advance(SignedDuration::from_mins(2));
    refused(&arrive(&front, "acme", &response).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.expired");
    Ok(())
}

#[tokio::test]
async fn a37_only_the_browser_that_asked_is_answered() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let (mine, other) = (start(&front, "acme", "", "").await?, start(&front, "acme", "", "").await?);
    let answer = |id: &str| signed(&front, "acme", Some(id), &Tamper::default());
    for (cookie, id) in [
        (other.cookie.as_str(), mine.request.id.as_str()),
        ("", mine.request.id.as_str()),
        (mine.cookie.as_str(), "_0000000000000000000000000000000000000000"),
        (mine.cookie.as_str(), "a/b"),
    ] {
        refused(&post(&front, "acme", cookie, &[("SAMLResponse", &answer(id))]).await?);
        assert_eq!(last_outcome(&front, &acme).await?, "saml.in_response_to");
    }
    // None of these spent it.
    assert!(signed_in(
        &post(&front, "acme", &mine.cookie, &[("SAMLResponse", &answer(&mine.request.id))]).await?
    ));
    refused(&post(&front, "acme", &mine.cookie, &[("SAMLResponse", &answer(&mine.request.id))]).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.in_response_to");
    front.clock.advance(SignedDuration::from_mins(10));
    refused(&post(&front, "acme", &other.cookie, &[("SAMLResponse", &answer(&other.request.id))]).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.in_response_to");
    Ok(())
}

#[tokio::test]
async fn several_tabs_of_one_browser_sign_in() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    let first = start(&front, "acme", "", "").await?;
    let second = start(&front, "acme", "", &first.cookie).await?;
    assert_eq!(first.cookie, second.cookie);
    for started in [first, second] {
        let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
        assert!(signed_in(&post(&front, "acme", &started.cookie, &[("SAMLResponse", &response)]).await?));
    }
    let planted = start(&front, "acme", "", "__Host-atm_saml=short").await?;
    assert_ne!(planted.cookie, "__Host-atm_saml=short");
    Ok(())
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_and_named_in_the_log() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let text = |text: &str| Some(text.to_owned());
    let ok = Tamper::default;
    for (tamper, outcome) in [
        (Tamper { when: When::Earlier, ..ok() }, "saml.issue_instant"),
        (Tamper { when: When::Later, ..ok() }, "saml.issue_instant"),
        (Tamper { audience: text("https://beta.atomation.example/saml/metadata"), ..ok() }, "saml.audience"),
        (
            Tamper { recipient: text("https://acme.atomation.example/auth/saml/acs/"), ..ok() },
            "saml.destination",
        ),
        (Tamper { issuer: text("http://www.okta.com/exk0"), ..ok() }, "saml.issuer"),
        (Tamper { sign: Signed::Nothing, ..ok() }, "saml.unsigned"),
        (Tamper { other_key: true, ..ok() }, "saml.untrusted_key"),
        (Tamper { altered_name: text("admin@acme.example.com"), ..ok() }, "saml.digest"),
    ] {
        let reply = arrive(&front, "acme", &signed(&front, "acme", None, &tamper)).await?;
        refused(&reply);
        let attempt = &attempts(&front, &acme).await?[0];
        assert_eq!(attempt["outcome"], outcome, "{attempt}");
        assert_eq!(attempt["correlationId"], reply.header("x-correlation-id"));
        let last = attempt["checks"].as_array().unwrap().last().unwrap();
        assert_eq!(last["passed"], false, "{attempt}");
    }
    assert!(user(&front, &acme, ADA).await?.is_none(), "a refusal creates nobody");
    for sign in [Signed::Response, Signed::Assertion] {
        let response = signed(&front, "acme", None, &Tamper { sign, ..ok() });
        assert!(signed_in(&arrive(&front, "acme", &response).await?));
    }
    let strict = json!({ "idp_initiated": true, "require_signed_assertion": true });
    front.change(&acme, "/security/sso/settings", &strict).await?;
    let response = signed(&front, "acme", None, &Tamper { sign: Signed::Response, ..ok() });
    refused(&arrive(&front, "acme", &response).await?);
    assert_eq!(last_outcome(&front, &acme).await?, "saml.assertion_unsigned");
    Ok(())
}

#[tokio::test]
async fn a20_a47_a59_a_response_counts_in_its_own_workspace_only() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let beta = front.workspace_with_sso("beta").await?;
    let response = signed(&front, "acme", None, &Tamper::default());
    refused(&arrive(&front, "beta", &response).await?);
    assert!(user(&front, &beta, ADA).await?.is_none());
    let reply = arrive(&front, "nobody", &response).await?;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    // Nothing was spent elsewhere; and the same name in two workspaces is two people.
    assert!(signed_in(&arrive(&front, "acme", &response).await?));
    assert!(signed_in(&arrive(&front, "beta", &signed(&front, "beta", None, &Tamper::default())).await?));
    let (here, there) = (user(&front, &acme, ADA).await?.unwrap(), user(&front, &beta, ADA).await?.unwrap());
    assert_ne!(here.id, there.id);
    Ok(())
}

#[tokio::test]
async fn d01_a_session_is_worth_nothing_in_another_workspace() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    front.workspace_with_sso("beta").await?;
    let reply = arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?;
    let home = Request::get("/").header(header::COOKIE, reply.cookie("atm_session").unwrap());
    assert_eq!(front.send("beta", home.body(Body::empty())?).await?.status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn a46_a_deactivated_person_stays_out() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let store = front.door.table().tenant(&acme.workspace);
    let reply = arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?;
    let ada = user(&front, &acme, ADA).await?.unwrap();
    store.change_user(&ada, ada.attributes.clone().with_active(false), &acting(&front)).await?;

    let home = Request::get("/").header(header::COOKIE, reply.cookie("atm_session").unwrap());
    assert_eq!(front.send("acme", home.body(Body::empty())?).await?.status, StatusCode::UNAUTHORIZED);
    let response = signed(&front, "acme", None, &Tamper::default());
    let reply = arrive(&front, "acme", &response).await?;
    refused(&reply);
    assert!(reply.body.contains("switched off"), "{reply:?}");
    assert_eq!(last_outcome(&front, &acme).await?, "user.disabled");
    let ada = user(&front, &acme, ADA).await?.unwrap();
    assert!(!ada.active, "JIT never wakes anybody up");
    Ok(())
}

#[tokio::test]
async fn provisioning_can_be_required_and_adopts_nobody_twice() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let only = json!({ "idp_initiated": true, "require_provisioning": true });
    front.change(&acme, "/security/sso/settings", &only).await?;
    let reply = arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?;
    refused(&reply);
    assert!(reply.body.contains("remove your assignment"), "{reply:?}");
    assert_eq!(last_outcome(&front, &acme).await?, "user.not_provisioned");
    assert!(user(&front, &acme, ADA).await?.is_none());

    let store = front.door.table().tenant(&acme.workspace);
    let attributes = UserAttributes::from_create(&json!({ "userName": "Ada@example.com" })).unwrap();
    let new = NewUser { attributes, source: Source::Scim, grants: Vec::new() };
    let provisioned = store.create_user(new, &acting(&front)).await?;
    assert!(signed_in(&arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?));
    let ada = user(&front, &acme, ADA).await?.unwrap();
    assert_eq!((&ada.id, ada.version, ada.source), (&provisioned.id, provisioned.version, Source::Scim));
    Ok(())
}

#[tokio::test]
async fn d06_another_persons_session_is_left_only_when_asked() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let session = front.session(&acme, &acme.admin).await?;
    let mine = arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?;
    // Across sites the Lax session cookie is not sent: the trace alone must be enough.
    let trace = mine.cookie("atm_trace").unwrap();
    assert!(mine.set_cookie("atm_trace").unwrap().ends_with("; Path=/; Secure; HttpOnly; SameSite=None"));
    for cookie in [session.as_str(), trace] {
        let grace = signed_for(&front, "acme", "grace@example.com", None, &Tamper::default());
        let asked = post(&front, "acme", cookie, &[("SAMLResponse", &grace)]).await?;
        assert_eq!(asked.status, StatusCode::CONFLICT, "{asked:?}");
        assert_eq!(last_outcome(&front, &acme).await?, "session.other");
        assert!(
            asked.body.contains("Continue as grace@example.com?")
                && asked.set_cookie("atm_session").is_none()
        );
        let confirm =
            asked.body.split("name=\"confirm\" value=\"").nth(1).unwrap().split('"').next().unwrap();

        let other = signed_for(&front, "acme", "grace@example.com", None, &Tamper::default());
        for (from, response, confirm) in [
            ("https://evil.example.com", grace.as_str(), confirm),
            (&origin("acme"), grace.as_str(), &"0".repeat(64)),
            (&origin("acme"), other.as_str(), confirm),
        ] {
            let fields = [("SAMLResponse", response), ("confirm", confirm)];
            let asked = post_from(&front, "acme", cookie, from, &fields).await?;
            assert_eq!(asked.status, StatusCode::CONFLICT, "{asked:?}");
        }
        let fields = [("SAMLResponse", grace.as_str()), ("confirm", confirm)];
        assert!(signed_in(&post_from(&front, "acme", cookie, &origin("acme"), &fields).await?));
        // D02: the other session is dead.
        let home = Request::get("/").header(header::COOKIE, &session);
        let home = front.send("acme", home.body(Body::empty())?).await?;
        assert_eq!(home.status, StatusCode::UNAUTHORIZED, "{cookie}: {home:?}");
    }
    // The same person again, and whoever asked for it here, are not asked.
    let again = arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?;
    let trace = again.cookie("atm_trace").unwrap();
    let same = signed(&front, "acme", None, &Tamper::default());
    assert!(signed_in(&post(&front, "acme", trace, &[("SAMLResponse", &same)]).await?));
    Ok(())
}

#[tokio::test]
async fn a52_a53_a55_a56_forms_that_are_none() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let good = signed(&front, "acme", None, &Tamper::default());
    let field = form_urlencoded::Serializer::new(String::new()).append_pair("SAMLResponse", &good).finish();
    let form = "application/x-www-form-urlencoded";
    let large = format!("SAMLResponse={}", "A".repeat(360_000));
    let huge = format!("SAMLResponse={}", "A".repeat(2_000_000));
    let unpadded = field.trim_end_matches("%3D").to_owned() + "%2A";
    for (method, path, kind, body, want) in [
        ("POST", "/auth/saml/acs", form, format!("{field}&{field}"), 400),
        ("POST", "/auth/saml/acs", form, field.replace("SAMLResponse", "SAMLResponse[]"), 400),
        ("POST", "/auth/saml/acs", form, String::new(), 400),
        ("POST", "/auth/saml/acs", form, unpadded, 400),
        ("POST", "/auth/saml/acs", form, "SAMLResponse=aGVsbG8%3D".to_owned(), 400),
        ("POST", &format!("/auth/saml/acs?{field}"), form, field.clone(), 400),
        ("POST", "/auth/saml/acs", "text/plain", field.clone(), 415),
        ("POST", "/auth/saml/acs", "multipart/form-data; boundary=x", field.clone(), 415),
        ("POST", "/auth/saml/acs", "application/json", "{}".to_owned(), 415),
        ("POST", "/auth/saml/acs", "application/x-www-form-urlencoded; charset=utf-16", field.clone(), 415),
        ("POST", "/auth/saml/acs", form, large, 413),
        ("POST", "/auth/saml/acs", form, huge, 413),
        ("GET", "/auth/saml/acs", form, String::new(), 405),
        ("PUT", "/auth/saml/acs", form, field.clone(), 405),
        ("HEAD", "/auth/saml/acs", form, String::new(), 405),
    ] {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        let reply = front.send("acme", request.body(Body::from(body))?).await?;
        assert_eq!(reply.status.as_u16(), want, "{method} {path} {kind}: {reply:?}");
        assert_eq!(reply.header("allow") == "POST", want == 405, "{reply:?}");
        assert!(reply.set_cookie("atm_session").is_none());
    }
    assert!(user(&front, &acme, ADA).await?.is_none());
    let reply = front.send("acme", Request::post("/auth/saml/login").body(Body::empty())?).await?;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(signed_in(&arrive(&front, "acme", &good).await?), "none of these spent it");
    Ok(())
}

#[tokio::test]
async fn a57_relay_state_is_an_id_and_never_an_address() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    for relay_state in ["https://evil.example.com", "//evil.example.com", "/\\evil", "javascript:x", "/users"]
    {
        let started = start(&front, "acme", "?next=/users", "").await?;
        let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
        let fields = [("SAMLResponse", response.as_str()), ("RelayState", relay_state)];
        let reply = post(&front, "acme", &started.cookie, &fields).await?;
        assert!(signed_in(&reply) && reply.header("location") == "/", "{reply:?}");
    }
    let started = start(&front, "acme", "?next=//evil.example.com", "").await?;
    let response = signed(&front, "acme", Some(&started.request.id), &Tamper::default());
    let fields = [("SAMLResponse", response.as_str()), ("RelayState", &started.request.id)];
    assert_eq!(post(&front, "acme", &started.cookie, &fields).await?.header("location"), "/");
    Ok(())
}

#[tokio::test]
async fn step_up_asks_for_a_fresh_authentication() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    assert!(start(&front, "acme", "?force=1", "").await?.request.force_authn);
    Ok(())
}

#[tokio::test]
async fn metadata_is_public_and_names_the_guides_addresses() -> Outcome {
    let front = Front::start().await?;
    front.workspace("acme").await?;
    let reply = front.send("acme", Request::get("/saml/metadata").body(Body::empty())?).await?;
    assert_eq!(reply.header("content-type"), "application/samlmetadata+xml");
    assert!(
        reply.body.contains(r#"entityID="https://acme.atomation.example/saml/metadata""#),
        "{}",
        reply.body
    );
    assert!(
        reply.body.contains(r#"Location="https://acme.atomation.example/auth/saml/acs""#),
        "{}",
        reply.body
    );
    Ok(())
}

#[tokio::test]
async fn without_a_connection_nobody_signs_in_by_saml() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace("acme").await?;
    let response = signed(&front, "acme", None, &Tamper::default());
    let refusals = async || -> anyhow::Result<[StatusCode; 2]> {
        let login = Request::get("/auth/saml/login").body(Body::empty())?;
        Ok([arrive(&front, "acme", &response).await?.status, front.send("acme", login).await?.status])
    };
    assert_eq!(refusals().await?, [StatusCode::FORBIDDEN; 2]);
    assert_eq!(front.connect(&acme).await?.status, StatusCode::OK);
    assert_eq!(front.change(&acme, "/security/sso/disable", &json!({})).await?.status, StatusCode::OK);
    assert_eq!(refusals().await?, [StatusCode::FORBIDDEN; 2]);
    assert_eq!(front.connect(&acme).await?.status, StatusCode::OK);
    assert!(signed_in(&arrive(&front, "acme", &response).await?));
    Ok(())
}

#[tokio::test]
async fn save_and_verify_shows_what_was_found_and_tells_the_admins() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace("acme").await?;
    let reply = front.connect(&acme).await?;
    let found = &reply.json()["connection"];
    assert_eq!(found["enabled"], true, "{reply:?}");
    assert!(found["entityId"].as_str().unwrap().starts_with("http://www.okta.com/exk"));
    assert_eq!(found["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(front.read(&acme, "/security/sso").await?["connection"], *found);
    let outbox = front.cloud.ses().outbox();
    let mail = outbox.last().unwrap();
    assert_eq!(mail.to, ["admin@acme.example.com"]);
    assert_eq!(mail.subject, "Single sign-on was changed");
    Ok(())
}

#[tokio::test]
async fn b01_to_b11_metadata_that_is_not_taken_leaves_the_old_connection_live() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let beta = front.workspace("beta").await?;
    let before = front.read(&acme, "/security/sso").await?;
    let twin = front.twin.base_url();
    for (body, status, code) in [
        (json!({ "metadata_url": "http://idp.example.com/metadata" }), 400, "url.scheme"),
        (json!({ "metadata_url": "https://169.254.169.254/latest" }), 400, "url.address"),
        (json!({ "metadata_url": "https://localhost/metadata" }), 400, "url.address"),
        (json!({ "metadata_url": "https://idp.example.com:8443/" }), 400, "url.port"),
        (json!({ "metadata_url": "https://a@b.example.com/" }), 400, "url.form"),
        (json!({ "metadata_url": format!("{twin}/nothing-here") }), 422, "url.status"),
        (json!({ "metadata_url": format!("{twin}/home/acme") }), 422, "url.content_type"),
        (json!({ "metadata_xml": "<md/>" }), 422, "metadata.entity"),
        (json!({ "metadata_xml": "<!DOCTYPE a><a/>" }), 422, "xml.doctype"),
        (json!({}), 400, "metadata.source"),
        (json!({ "metadata_url": "https://a.example.com", "metadata_xml": "<a/>" }), 400, "metadata.source"),
    ] {
        let reply = front.change(&acme, "/security/sso", &body).await?;
        assert_eq!(
            (reply.status.as_u16(), &reply.json()["code"]),
            (status, &json!(code)),
            "{body}: {reply:?}"
        );
    }
    assert_eq!(front.read(&acme, "/security/sso").await?, before);
    assert!(signed_in(&arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?));

    let taken = json!({ "metadata_url": front.twin.metadata_url("acme") });
    let reply = front.change(&beta, "/security/sso", &taken).await?;
    assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::CONFLICT, &json!("idp.in_use")));
    assert!(!reply.body.contains("acme"), "no word of whose it is: {reply:?}");
    assert_eq!(front.read(&beta, "/security/sso").await?["connection"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn the_front_door_is_changed_by_who_may_and_freshly() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let reply = arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?;
    let person = reply.cookie("atm_session").unwrap().to_owned();
    let admin = front.session(&acme, &acme.admin).await?;
    front.clock.advance(SignedDuration::from_mins(11));
    for path in ["/security/sso", "/security/sso/disable", "/security/sso/settings"] {
        for (cookie, code) in [(&person, "permission"), (&admin, "session.step_up")] {
            let request = Request::post(path)
                .header(header::COOKIE, cookie)
                .header(header::ORIGIN, origin("acme"))
                .header(header::CONTENT_TYPE, "application/json");
            let reply = front.send("acme", request.body(Body::from("{}"))?).await?;
            assert_eq!(
                (reply.status, &reply.json()["code"]),
                (StatusCode::FORBIDDEN, &json!(code)),
                "{path}"
            );
        }
    }
    for path in ["/security/sso", "/security/sso/log"] {
        let request = Request::get(path).header(header::COOKIE, &person).body(Body::empty())?;
        assert_eq!(front.send("acme", request).await?.status, StatusCode::FORBIDDEN);
    }
    Ok(())
}

#[test]
fn the_host_is_asked_of_the_gateway_alone() {
    let request = Request::get("/").header(header::HOST, "acme.atomation.example").body(()).unwrap();
    assert_eq!(door::domain_name(&request.into_parts().0), None);
}
