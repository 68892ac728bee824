//! Rows of the bad-input catalogue that need a workspace, its people and its memory. Here the forger is the connected
//! identity provider: it may sign whatever it likes, and knows what must come of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    io::ErrorKind,
    net::TcpListener,
};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::future::join_all;
use jiff::SignedDuration;
use okta_twin::Tamper;
use saml_forge::{Draft, EVE, Facts, Idp, Scene, Shape, Signed, genuine, xml::Element};
use serde_json::json;
use shared::{ops::Clock, scim::Start};
use tests::{
    front::{Acme, Front, Reply, origin},
    sign_on::{ADA, last_outcome, post, refused, signed, signed_in, start, user},
};

type Outcome = anyhow::Result<()>;

/// An entity id per workspace: no two may share one.
fn entity(workspace: &str) -> String {
    format!("https://idp.example.com/{workspace}")
}

/// A workspace that is connected to a forger's key.
async fn connected(front: &Front, workspace: &str, idp: &Idp) -> anyhow::Result<Acme> {
    let acme = front.workspace(workspace).await?;
    let metadata = idp.metadata_xml(&entity(workspace), "https://idp.example.com/sso");
    let reply = front.change(&acme, "/security/sso", &json!({ "metadata_xml": metadata })).await?;
    anyhow::ensure!(reply.status == StatusCode::OK, "{reply:?}");
    Ok(acme)
}

/// A sign-in to a workspace that is true in all.
fn facts(front: &Front, workspace: &str, name: &str, serial: u32) -> Facts {
    Facts {
        now: front.clock.now(),
        issuer: entity(workspace),
        acs_url: format!("{}/auth/saml/acs", origin(workspace)),
        audience: format!("{}/saml/metadata", origin(workspace)),
        name_id: name.to_owned(),
        in_response_to: None,
        serial,
    }
}

fn okta(idp: &Idp, facts: &Facts) -> Vec<u8> {
    genuine(idp, Shape::Okta, Signed::Both, facts).xml().into_bytes()
}

/// IdP-initiated, in a browser with these cookies.
async fn deliver(front: &Front, workspace: &str, cookie: &str, xml: &[u8]) -> anyhow::Result<Reply> {
    post(front, workspace, cookie, &[("SAMLResponse", &STANDARD.encode(xml))]).await
}

/// Refused at the door, and the log says why.
async fn refused_as(front: &Front, acme: &Acme, xml: &[u8], reason: &str) -> Outcome {
    refused(&deliver(front, acme.workspace.subdomain.as_str(), "", xml).await?);
    assert_eq!(last_outcome(front, acme).await?, reason);
    Ok(())
}

#[tokio::test]
async fn every_hand_signs_in() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    connected(&front, "acme", &idp).await?;
    let mut serial = 0;
    for shape in Shape::ALL {
        for part in Signed::ALL {
            serial += 1;
            let xml = genuine(&idp, shape, part, &facts(&front, "acme", ADA, serial)).xml();
            let reply = deliver(&front, "acme", "", xml.as_bytes()).await?;
            assert!(signed_in(&reply), "{shape:?} {part:?}: {reply:?}");
        }
    }
    Ok(())
}

/// One forged document for each row and reason: the verifier sees them all, the door must do what it says.
#[tokio::test]
async fn every_row_of_the_corpus_is_refused_at_the_door_and_named_in_the_log() -> Outcome {
    let (front, idp, stranger) = (Front::start().await?, Idp::new("acme"), Idp::new("stranger"));
    let acme = connected(&front, "acme", &idp).await?;
    let started = start(&front, "acme", "", "").await?;
    let request = Some(started.request.id.clone());
    let facts = Facts { in_response_to: request, ..facts(&front, "acme", ADA, 1) };
    let scene =
        Scene { idp: &idp, stranger: &stranger, shape: Shape::Okta, signed: Signed::Both, facts: &facts };
    // What is a second too early is no longer when it arrives: the verifier's tests know the very second.
    let all: Vec<_> =
        scene.attacks().into_iter().filter(|forged| !["A28", "A30"].contains(&forged.row)).collect();
    let one_each: BTreeMap<_, _> = all.iter().map(|forged| ((forged.row, forged.reason), forged)).collect();
    assert!(one_each.len() >= 58, "{}", one_each.len());
    for forged in one_each.values() {
        let reply = deliver(&front, "acme", &started.cookie, &forged.xml).await?;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}: {reply:?}", forged.name());
        refused(&reply);
        assert_eq!(last_outcome(&front, &acme).await?, forged.reason, "{}", forged.name());
    }
    assert!(user(&front, &acme, EVE).await?.is_none() && user(&front, &acme, ADA).await?.is_none());
    // None of them spent the request.
    assert!(signed_in(&deliver(&front, "acme", &started.cookie, &okta(&idp, &facts)).await?));
    Ok(())
}

#[tokio::test]
async fn a20_another_tenants_key_opens_nothing_here() -> Outcome {
    let (front, acme_idp, beta_idp) = (Front::start().await?, Idp::new("acme"), Idp::new("beta"));
    let acme = connected(&front, "acme", &acme_idp).await?;
    connected(&front, "beta", &beta_idp).await?;
    refused_as(&front, &acme, &okta(&beta_idp, &facts(&front, "acme", ADA, 1)), "saml.untrusted_key").await
}

#[tokio::test]
async fn a21_a22_what_was_meant_for_another_tenant_opens_nothing_here() -> Outcome {
    // One key for both: an Okta org that serves two workspaces.
    let (front, idp) = (Front::start().await?, Idp::new("org"));
    let acme = connected(&front, "acme", &idp).await?;
    connected(&front, "beta", &idp).await?;
    let true_facts = facts(&front, "acme", ADA, 1);
    let beta = facts(&front, "beta", ADA, 1);
    let other = Facts { audience: beta.audience.clone(), ..true_facts.clone() };
    refused_as(&front, &acme, &okta(&idp, &other), "saml.audience").await?;
    let other = Facts { issuer: beta.issuer.clone(), ..true_facts.clone() };
    refused_as(&front, &acme, &okta(&idp, &other), "saml.issuer").await?;
    refused_as(&front, &acme, &okta(&idp, &beta), "saml.issuer").await?;
    assert!(
        signed_in(&deliver(&front, "acme", "", &okta(&idp, &true_facts)).await?),
        "none of them spent it"
    );
    Ok(())
}

#[tokio::test]
async fn a34_a_replay_is_known_as_long_as_it_could_be_accepted() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    let acme = connected(&front, "acme", &idp).await?;
    let xml = okta(&idp, &facts(&front, "acme", ADA, 1));
    assert!(signed_in(&deliver(&front, "acme", "", &xml).await?));
    // Valid for 5 minutes, and 2 more for clocks: until then a replay, afterwards no longer valid. The clock runs on
    // while the test does, hence the distance from the very second.
    for (seconds, reason) in
        [(60, "saml.replay"), (270, "saml.replay"), (60, "saml.replay"), (60, "saml.expired")]
    {
        front.clock.advance(SignedDuration::from_secs(seconds));
        refused_as(&front, &acme, &xml, reason).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a38_without_a_request_only_by_the_switch() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    let acme = connected(&front, "acme", &idp).await?;
    front.change(&acme, "/security/sso/settings", &json!({ "idp_initiated": false })).await?;
    let xml = okta(&idp, &facts(&front, "acme", ADA, 1));
    refused_as(&front, &acme, &xml, "saml.idp_initiated").await?;
    front.change(&acme, "/security/sso/settings", &json!({ "idp_initiated": true })).await?;
    assert!(signed_in(&deliver(&front, "acme", "", &xml).await?));
    Ok(())
}

#[tokio::test]
async fn a44_only_the_case_of_ascii_is_the_same_person() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    let acme = connected(&front, "acme", &idp).await?;
    let mut people = BTreeMap::new();
    let names = ["ada@example.com", "\u{430}da@example.com", "ada@ex\u{430}mple.com", "zo\u{eb}@example.com"];
    for (serial, name) in (1..).zip(names) {
        let reply = deliver(&front, "acme", "", &okta(&idp, &facts(&front, "acme", name, serial))).await?;
        assert!(signed_in(&reply), "{name}: {reply:?}");
        let found = user(&front, &acme, name).await?.unwrap();
        assert!(people.insert(found.id.clone(), name).is_none(), "{name} is somebody else");
    }
    for (serial, name, same) in [(10, "ADA@Example.COM", true), (11, "zoe\u{308}@example.com", false)] {
        let reply = deliver(&front, "acme", "", &okta(&idp, &facts(&front, "acme", name, serial))).await?;
        let found = user(&front, &acme, name).await?;
        let known = found.is_some_and(|found| people.contains_key(&found.id));
        assert_eq!(known, same, "{name}: {reply:?}");
    }
    let total = front.door.table().tenant(&acme.workspace).user_listing().await?.total();
    assert!((5..=6).contains(&total), "{total}: the administrator, four people, and whoever decomposed is");
    Ok(())
}

#[tokio::test]
async fn a45_attributes_give_no_role() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    let acme = connected(&front, "acme", &idp).await?;
    let greedy = |root: &mut Element| {
        root.edit("AttributeStatement", |statement| {
            let Some(attribute) = statement.elements().next().cloned() else { return };
            for name in ["role", "roles", "groups", "Role", "memberOf", "active", "userName"] {
                let mut more = attribute.clone();
                more.set("Name", name);
                more.edit("AttributeValue", |value| value.say("Admin"));
                statement.push(more);
            }
        });
    };
    for serial in [1, 2] {
        let draft = Draft::new(Shape::Okta, &facts(&front, "acme", ADA, serial)).changed(greedy);
        let xml = draft.sign(&idp, Signed::Both).xml();
        let reply = deliver(&front, "acme", "", xml.as_bytes()).await?;
        assert!(signed_in(&reply), "{reply:?}");
        let home = Request::get("/").header(header::COOKIE, reply.cookie("atm_session").unwrap());
        assert_eq!(front.send("acme", home.body(Body::empty())?).await?.json()["role"], "User");
        let ada = user(&front, &acme, ADA).await?.unwrap();
        assert!(ada.grants.is_empty() && ada.attributes.user_name() == ADA, "{ada:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a47_the_same_name_in_two_tenants_is_two_people() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("org"));
    let (acme, beta) = (connected(&front, "acme", &idp).await?, connected(&front, "beta", &idp).await?);
    for workspace in ["acme", "beta"] {
        let xml = okta(&idp, &facts(&front, workspace, "admin@acme.example.com", 1));
        assert!(signed_in(&deliver(&front, workspace, "", &xml).await?));
    }
    let name = "admin@acme.example.com";
    let (here, there) =
        (user(&front, &acme, name).await?.unwrap(), user(&front, &beta, name).await?.unwrap());
    assert_eq!(here.id, acme.admin.id, "in her own workspace she is the administrator");
    assert_ne!(here.id, there.id);
    assert!(there.grants.is_empty(), "and elsewhere nobody");
    Ok(())
}

#[tokio::test]
async fn b11_the_idp_of_another_tenant_is_not_taken() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    connected(&front, "acme", &idp).await?;
    let beta = front.workspace("beta").await?;
    // The entity id is taken, whoever signs in its name.
    for key in [&idp, &Idp::new("other")] {
        let metadata = key.metadata_xml(&entity("acme"), "https://idp.example.com/sso");
        let reply = front.change(&beta, "/security/sso", &json!({ "metadata_xml": metadata })).await?;
        assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::CONFLICT, &json!("idp.in_use")));
        assert!(!reply.body.contains("acme"), "no word of whose it is: {reply:?}");
    }
    assert!(front.read(&beta, "/security/sso").await?["connection"].is_null());
    Ok(())
}

/// Counted instead of timed: what would be wrong behind it is not found, what it names is not asked for, and the largest
/// costs as many calls as the smallest.
#[tokio::test]
async fn a48_behind_a_document_type_nothing_is_read() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    let acme = connected(&front, "acme", &idp).await?;
    let trap = TcpListener::bind("127.0.0.1:0")?;
    trap.set_nonblocking(true)?;
    let trapped = format!("http://{}", trap.local_addr()?);
    let mut laughs = "<!ENTITY lol0 \"lol\">".to_owned();
    for level in 1..10 {
        let ten = format!("&lol{};", level - 1).repeat(10);
        write!(laughs, "<!ENTITY lol{level} \"{ten}\">")?;
    }
    let quadratic = format!("<!ENTITY a \"{}\">", "a".repeat(100_000));
    let documents = [
        "<!DOCTYPE x><x/>".to_owned(),
        format!("<!DOCTYPE x SYSTEM \"{trapped}/x.dtd\"><x/>"),
        format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"{trapped}/e\">]><x>&e;</x>"),
        format!("<!DOCTYPE x [<!ENTITY % p SYSTEM \"{trapped}/p\"> %p;]><x/>"),
        format!("<!DOCTYPE x [{laughs}]><x>&lol9;</x>"),
        format!("<!DOCTYPE x [{quadratic}]><x>{}</x>", "&a;".repeat(40_000)),
        // Nor is any of this said to be malformed, or beyond the limits.
        format!("<!DOCTYPE x>{}", "<x>".repeat(50_000)),
        format!("<!DOCTYPE x><x {}/>", "a=\"\" ".repeat(20_000)),
        "<!DOCTYPE x [".to_owned(),
        "<x></y><!DOCTYPE x>".to_owned(),
    ];
    let mut calls = BTreeSet::new();
    for document in &documents {
        let reply = deliver(&front, "acme", "", document.as_bytes()).await?;
        refused(&reply);
        assert_eq!(last_outcome(&front, &acme).await?, "xml.doctype", "{document:.80}");
        calls.insert(reply.cost.calls);
    }
    assert_eq!(calls.len(), 1, "calls: {calls:?}");
    let caught = trap.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(caught, Err(ErrorKind::WouldBlock), "asked for");
    Ok(())
}

#[tokio::test]
async fn d02_a_sign_in_is_a_new_session_and_the_old_one_is_dead() -> Outcome {
    let (front, idp) = (Front::start().await?, Idp::new("acme"));
    connected(&front, "acme", &idp).await?;
    let home = async |cookie: &str| -> anyhow::Result<StatusCode> {
        let request = Request::get("/").header(header::COOKIE, cookie).body(Body::empty())?;
        Ok(front.send("acme", request).await?.status)
    };
    // What somebody else planted before is not what comes out.
    let planted = format!("__Host-atm_session={}", "A".repeat(43));
    let first = deliver(&front, "acme", &planted, &okta(&idp, &facts(&front, "acme", ADA, 1))).await?;
    let first = first.cookie("atm_session").unwrap().to_owned();
    assert_ne!(first, planted);
    assert_eq!((home(&planted).await?, home(&first).await?), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    let second = deliver(&front, "acme", &first, &okta(&idp, &facts(&front, "acme", ADA, 2))).await?;
    let second = second.cookie("atm_session").unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!((home(&first).await?, home(&second).await?), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    Ok(())
}

/// Rounds of a race.
const ROUNDS: usize = 50;

/// Posts all at once and counts the sessions; every other answer must be a refusal.
async fn race(front: &Front, cookie: &str, responses: &[String]) -> anyhow::Result<usize> {
    let fields = responses.iter().map(|response| [("SAMLResponse", response.as_str())]);
    let fields: Vec<_> = fields.collect();
    let replies = join_all(fields.iter().map(|fields| post(front, "acme", cookie, fields))).await;
    let mut opened = 0;
    for reply in replies {
        let reply = reply?;
        assert!(signed_in(&reply) || reply.status == StatusCode::FORBIDDEN, "{reply:?}");
        opened += usize::from(signed_in(&reply));
    }
    Ok(opened)
}

#[tokio::test]
async fn a33_of_64_parallel_posts_of_one_assertion_one_opens_a_session() -> Outcome {
    let front = Front::start().await?;
    let acme = front.workspace_with_sso("acme").await?;
    for round in 0..ROUNDS {
        let response = signed(&front, "acme", None, &Tamper::default());
        assert_eq!(race(&front, "", &vec![response; 64]).await?, 1, "round {round}");
    }
    let store = front.door.table().tenant(&acme.workspace);
    let page = store.user_page(Start::Index(1), 100, front.clock.now()).await?;
    let (total, users) = (page.total, page.users);
    assert_eq!((total, users.len()), (2, 2), "the administrator and one person");
    Ok(())
}

#[tokio::test]
async fn a37_of_64_answers_to_one_request_one_opens_a_session() -> Outcome {
    let front = Front::start().await?;
    front.workspace_with_sso("acme").await?;
    for round in 0..ROUNDS {
        let started = start(&front, "acme", "", "").await?;
        let answer = || signed(&front, "acme", Some(&started.request.id), &Tamper::default());
        let answers: Vec<String> = (0..64).map(|_| answer()).collect();
        assert_eq!(race(&front, &started.cookie, &answers).await?, 1, "round {round}");
    }
    Ok(())
}
