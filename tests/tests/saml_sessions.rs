//! Sessions that SAML opened: who sees them, who ends them, how long they last.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly, their helpers too")]

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use jiff::SignedDuration;
use okta_twin::Tamper;
use serde_json::{Value, json};
use shared::{
    scim::UserAttributes,
    store::users::{NewUser, Source},
};
use tests::{
    front::{Front, Reply, origin},
    sign_on::{ADA, acting, arrive, signed, signed_for, user},
};

type Outcome = anyhow::Result<()>;

/// Signs a person of the twin in; gives the session cookie.
async fn sign_in(front: &Front, login: &str) -> anyhow::Result<String> {
    let reply = arrive(front, "acme", &signed_for(front, "acme", login, None, &Tamper::default())).await?;
    Ok(reply.cookie("atm_session").unwrap().to_owned())
}

async fn get(front: &Front, cookie: &str, path: &str) -> anyhow::Result<Reply> {
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty())?;
    front.send("acme", request).await
}

async fn post(front: &Front, cookie: &str, path: &str, body: &Value) -> anyhow::Result<Reply> {
    let request = Request::post(path)
        .header(header::COOKIE, cookie)
        .header(header::ORIGIN, origin("acme"))
        .header(header::CONTENT_TYPE, "application/json");
    front.send("acme", request.body(Body::from(body.to_string()))?).await
}

#[tokio::test]
async fn a_person_sees_and_ends_their_own_sessions_and_nobody_elses() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let first = arrive(&front, "acme", &signed(&front, "acme", None, &Tamper::default())).await?;
    let trace = first.cookie("atm_trace").unwrap().split_once('=').unwrap().1.to_owned();
    let (first, second) = (first.cookie("atm_session").unwrap().to_owned(), sign_in(&front, ADA).await?);
    let grace = sign_in(&front, "grace@example.com").await?;

    let page = get(&front, &second, "/sessions").await?;
    assert!(!page.body.contains(&trace), "what the trace cookie holds is shown to nobody");
    let own = page.json()["own"].as_array().unwrap().clone();
    assert_eq!((own.len(), &page.json()["all"]), (2, &Value::Null), "{page:?}");
    let acr = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    assert!(own.iter().all(|one| one["method"] == "saml" && one["acr"] == acr), "{own:?}");
    let other = own.iter().find(|one| one["current"] == false).unwrap();
    let one = json!({ "user": other["user"], "session": other["session"] });

    assert_eq!(post(&front, &grace, "/sessions/revoke", &one).await?.status, StatusCode::FORBIDDEN);
    let nobodys = json!({ "user": other["user"], "session": "0123456789abcdef0123" });
    assert_eq!(post(&front, &second, "/sessions/revoke", &nobodys).await?.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&front, &first, "/sessions").await?.status, StatusCode::OK, "nothing ended so far");

    assert_eq!(post(&front, &second, "/sessions/revoke", &one).await?.status, StatusCode::OK);
    assert_eq!(get(&front, &first, "/").await?.status, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&front, &second, "/sessions").await?.json()["own"].as_array().unwrap().len(), 1);

    let ada = user(&front, &acme, ADA).await?.unwrap();
    let all = json!({ "user": ada.id });
    assert_eq!(post(&front, &second, "/sessions/end", &all).await?.status, StatusCode::OK);
    assert_eq!(get(&front, &second, "/").await?.status, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&front, &grace, "/").await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn an_admin_sees_and_ends_everybodys() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let ada = sign_in(&front, ADA).await?;
    let listed = front.read(&acme, "/sessions").await?;
    let all = listed["all"].as_array().unwrap();
    let hers = all.iter().find(|one| one["userName"] == ADA).unwrap();
    let one = json!({ "user": hers["user"], "session": hers["session"] });
    assert_eq!(front.change(&acme, "/sessions/revoke", &one).await?.status, StatusCode::OK);
    assert_eq!(get(&front, &ada, "/").await?.status, StatusCode::UNAUTHORIZED);
    let audit = front.read(&acme, "/audit").await?.to_string();
    assert!(audit.contains("session.revoke"), "{audit}");

    let ada = sign_in(&front, ADA).await?;
    let whose = json!({ "user": hers["user"] });
    assert_eq!(front.change(&acme, "/sessions/end", &whose).await?.status, StatusCode::OK);
    assert_eq!(get(&front, &ada, "/").await?.status, StatusCode::UNAUTHORIZED);
    let listed = front.read(&acme, "/sessions").await?.to_string();
    assert!(!listed.contains(ADA), "what is over is not listed: {listed}");
    Ok(())
}

#[tokio::test]
async fn an_admin_shortens_sessions_and_never_lengthens_them() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    for (idle, hours) in [(31, 12), (30, 13), (0, 1), (30, 0)] {
        let limits = json!({ "idle_minutes": idle, "hours": hours });
        let reply = front.change(&acme, "/sessions/limits", &limits).await?;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (StatusCode::BAD_REQUEST, &json!("session.limits"))
        );
    }
    let limits = json!({ "idle_minutes": "5", "hours": "1" });
    assert_eq!(front.change(&acme, "/sessions/limits", &limits).await?.status, StatusCode::OK);
    assert_eq!(front.cloud.ses().outbox().last().unwrap().subject, "Session limits were changed");

    let idle = sign_in(&front, ADA).await?;
    let busy = sign_in(&front, "grace@example.com").await?;
    front.clock.advance(SignedDuration::from_mins(4));
    assert_eq!(get(&front, &busy, "/").await?.status, StatusCode::OK);
    front.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(get(&front, &idle, "/").await?.status, StatusCode::UNAUTHORIZED);
    for _ in 0..13 {
        assert_eq!(get(&front, &busy, "/").await?.status, StatusCode::OK);
        front.clock.advance(SignedDuration::from_mins(4));
    }
    front.clock.advance(SignedDuration::from_mins(4));
    assert_eq!(get(&front, &busy, "/").await?.status, StatusCode::UNAUTHORIZED, "an hour is over");
    Ok(())
}

#[tokio::test]
async fn the_identity_providers_own_limit_ends_a_session() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    let limited = Tamper { session_minutes: Some(10), ..Tamper::default() };
    let reply = arrive(&front, "acme", &signed(&front, "acme", None, &limited)).await?;
    let session = reply.cookie("atm_session").unwrap();
    front.clock.advance(SignedDuration::from_mins(9));
    assert_eq!(get(&front, session, "/").await?.status, StatusCode::OK);
    front.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(get(&front, session, "/").await?.status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn who_changes_a_user_brings_no_ended_session_back() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let session = sign_in(&front, ADA).await?;
    let store = front.door.table().tenant(&acme.workspace);
    let read = user(&front, &acme, ADA).await?.unwrap();
    store.end_all_sessions(&read, &acting(&front).record("test", "", "")).await?;
    assert_eq!(get(&front, &session, "/").await?.status, StatusCode::UNAUTHORIZED);
    // Somebody read the user before that, and writes now.
    store.change_user(&read, read.attributes.clone(), &acting(&front)).await?;
    assert_eq!(get(&front, &session, "/").await?.status, StatusCode::UNAUTHORIZED, "it is back");
    Ok(())
}

#[tokio::test]
async fn a_sign_in_and_a_deletion_at_once_leave_nobody() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    let store = front.door.table().tenant(&acme.workspace);
    let acting = acting(&front);
    for login in front.twin.users().into_iter().map(|user| user.login).take(8) {
        let attributes = UserAttributes::from_create(&json!({ "userName": login })).unwrap();
        let new = NewUser { attributes, source: Source::Scim, grants: Vec::new() };
        let created = store.create_user(new, &acting).await?;
        let response = signed_for(&front, "acme", &login, None, &Tamper::default());
        let (reply, deleted) =
            futures::join!(arrive(&front, "acme", &response), store.delete_user(&created, &acting));
        deleted?;
        assert!(matches!(reply?.status, StatusCode::FORBIDDEN | StatusCode::SEE_OTHER));
        assert!(user(&front, &acme, &login).await?.is_none(), "{login} is back");
    }
    Ok(())
}
