//! The console behind the local gateway: orgs, scans, findings, review, reports, and how each of them refuses.

mod later;
mod people;

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use jiff::SignedDuration;
use okta_twin::ServiceApp;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use shared::{
    delivery::approval::Terms,
    okta::endpoints,
    ops::Clock,
    store::scans::ScanRecord,
    tenant::{OrgId, Role, WorkspaceKind, session::Method as SignedInBy, token},
};

use people::{Answered, Site, Someone};

type Outcomed = anyhow::Result<()>;

const CLIENT: &str = "0oaTestClient0000001";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn orgs_are_added_up_to_the_limit_and_each_has_a_published_key() -> Outcomed {
    let site = Site::start().await?;
    let pending = site.workspace("pending", WorkspaceKind::Customer).await?;
    let refused = pending.post("/orgs", &json!({ "okta_url": "https://a.okta.com", "label": "A" })).await?;
    refused.is_problem(403, "workspace.pending");

    let admin = site.customer("acme").await?;
    assert!(admin.page("/orgs").await?.contains("No Okta org yet"));
    let first = admin.add_org("https://acme-admin.okta.com/", "Production").await?;
    assert_eq!((text(&first["oktaUrl"]), &first["primary"]), ("https://acme.okta.com", &json!(true)));
    let jwks = admin.get("/.well-known/okta-jwks.json").await?.json;
    assert_eq!((&jwks["keys"][0]["kid"], &jwks["keys"][0]["d"]), (&first["keyId"], &Value::Null));

    let again = admin.post("/orgs", &json!({ "okta_url": "https://ACME.okta.com", "label": "B" })).await?;
    again.is_problem(409, "org.exists");
    for (url, code) in [
        ("https://acme.okta.com.evil.example", "org_url.host"),
        ("https://evilokta.com", "org_url.host"),
        ("https://okta.com", "org_url.host"),
        ("https://127.0.0.1", "org_url.host"),
        ("http://127.0.0.1:1", "org_url.scheme"),
        ("http://acme.okta.com", "org_url.scheme"),
        ("https://u:p@acme.okta.com", "org_url.bare"),
        ("https://acme.okta.com:8443", "org_url.bare"),
        ("https://аcme.okta.com", "org_url.form"),
        ("javascript:alert(1)", "org_url.scheme"),
        ("", "org_url.form"),
    ] {
        admin.post("/orgs", &json!({ "okta_url": url, "label": "Bad" })).await?.is_problem(400, code);
    }
    let nameless = admin.post("/orgs", &json!({ "okta_url": "https://b.okta.com", "label": " " })).await?;
    nameless.is_problem(400, "label");

    // The twin is an org here because the local stack says so.
    admin.add_org(site.stack.twin.base_url(), "Twin").await?;
    for n in 3..=5 {
        admin.add_org(&format!("https://org{n}.oktapreview.com"), &format!("Preview {n}")).await?;
    }
    // Two at once for the last place: one of them gets it.
    let last = |n: u8| json!({ "okta_url": format!("https://last{n}.okta.com"), "label": "Last" });
    let (a, b) = (last(1), last(2));
    let (a, b) = tokio::join!(admin.post("/orgs", &a), admin.post("/orgs", &b));
    let mut statuses = [a?.status.as_u16(), b?.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let seventh = admin.post("/orgs", &json!({ "okta_url": "https://g.okta.com", "label": "G" })).await?;
    seventh.is_problem(409, "org.limit");
    let list = admin.get("/orgs").await?.json;
    assert_eq!(list["orgs"].as_array().map(Vec::len), Some(6));
    assert_eq!(list["orgs"][0]["org"], first["org"], "the first stays the primary one");
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_is_connected_and_checked_under_an_approval_only() -> Outcomed {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let url = site.stack.twin.base_url().to_owned();
    let org = admin.add_org(&url, "Production").await?;
    let path = format!("/orgs/{}", text(&org["org"]));
    let page = admin.page(&path).await?;
    for want in
        ["acme Inc. Okta Assessment Service - Production", "/.well-known/okta-jwks.json", "okta.users.read"]
    {
        assert!(page.contains(want), "{want}");
    }
    admin.post(&format!("{path}/preflight"), &json!({})).await?.is_problem(409, "org.client");
    for bad in ["", "0oa", "00uTestClient0000001", "0oaTestClient000000/"] {
        let answer = admin.post(&format!("{path}/client"), &json!({ "client_id": bad })).await?;
        answer.is_problem(400, "client_id");
    }
    let set = admin.post(&format!("{path}/client"), &json!({ "client_id": CLIENT })).await?;
    assert_eq!((set.status, text(&set.json["clientId"])), (StatusCode::OK, CLIENT));
    let rhythm = admin.post(&format!("{path}/cadence"), &json!({ "cadence": "daily" })).await?;
    assert_eq!(text(&rhythm.json["cadence"]), "daily");
    admin
        .post(&format!("{path}/cadence"), &json!({ "cadence": "hourly" }))
        .await?
        .is_problem(400, "body.fields");
    admin.post(&format!("{path}/preflight"), &json!({})).await?.is_problem(403, "approval.api_access");

    let scopes: Vec<String> = endpoints::scopes().iter().map(|scope| (*scope).to_owned()).collect();
    let org = OrgId::new(text(&org["org"]));
    site.allow(&admin, Terms::ApiAccess { org: org.clone(), okta_url: url, scopes: scopes.clone() }).await?;
    // The app does not exist yet.
    admin.post(&format!("{path}/preflight"), &json!({})).await?.is_problem(502, "okta.client");
    let app = |roles: &[&str], granted: &[String]| ServiceApp {
        client_id: CLIENT.to_owned(),
        label: "Assessment".to_owned(),
        jwks_uri: Some(format!("{}/.well-known/okta-jwks.json", admin.address)),
        jwks: None,
        scopes: granted.iter().cloned().collect(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        permissions: BTreeSet::new(),
        dpop: true,
    };
    site.stack.twin.put_service_app(app(&["READ_ONLY_ADMIN"], &scopes[1..]));
    let missing = admin.post(&format!("{path}/preflight"), &json!({})).await?;
    let state = |answer: &Answered, name: &str| {
        let lines = answer.json["permissions"].as_array().cloned().unwrap_or_default();
        lines.iter().find(|line| line["permission"] == name).map(|line| text(&line["state"]).to_owned())
    };
    assert_eq!(state(&missing, &scopes[0]).as_deref(), Some("missing"), "{missing:?}");
    site.stack.twin.put_service_app(app(&["SUPER_ADMIN"], &scopes));
    let too_much = admin.post(&format!("{path}/preflight"), &json!({})).await?;
    assert_eq!(state(&too_much, "admin role SUPER_ADMIN").as_deref(), Some("too_much"), "{too_much:?}");
    assert_eq!(admin.get(&path).await?.json["state"], "permissions are not right");
    site.stack.twin.put_service_app(app(&["READ_ONLY_ADMIN"], &scopes));
    let passed = admin.post(&format!("{path}/preflight"), &json!({})).await?;
    assert_eq!((passed.status, &passed.json["passed"]), (StatusCode::OK, &json!(true)), "{passed:?}");
    assert!(admin.page(&format!("{path}/preflight")).await?.contains("the org can be scanned"));
    assert_eq!(admin.get(&path).await?.json["state"], "ready");
    assert!(!admin.page(&format!("{path}/scans")).await?.contains("Scan now"));
    assert!(admin.page(&path).await?.contains("value=\"first_scan\""), "the next step is asked for here");
    let okta_url = site.stack.twin.base_url().to_owned();
    site.allow(&admin, Terms::FirstScan { org: org.clone(), okta_url }).await?;
    assert!(admin.page(&format!("{path}/scans")).await?.contains("Scan now"));

    // Another app is checked anew.
    admin.post(&format!("{path}/client"), &json!({ "client_id": "0oaOtherClient000001" })).await?;
    assert_eq!(admin.get(&path).await?.json["state"], "not checked yet");
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_refuses_clearly_and_changes_nothing() -> Outcomed {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let org = admin.add_org("https://acme.okta.com", "Production").await?;
    let path = format!("/orgs/{}", text(&org["org"]));
    let other = site.customer("other").await?;
    let stranger = site.person(&admin.workspace, "user", Role::User).await?;

    // Another workspace's org is not there.
    for path in [path.clone(), format!("{path}/scans"), format!("{path}/preflight")] {
        other.get(&path).await?.is_problem(404, "not_found");
    }
    for action in ["client", "cadence", "preflight"] {
        let body = json!({ "client_id": CLIENT });
        let body = if action == "client" { body } else { json!({ "cadence": "off" }) };
        other.post(&format!("{path}/{action}"), &body).await?.is_problem(404, "not_found");
    }
    for missing in [
        "/orgs/o-nothing",
        "/orgs/%00",
        "/scans/o-1/s",
        "/scans/o_1",
        "/findings/o-1/f-1",
        "/review/t1",
        "/approvals/a%20b",
    ] {
        admin.get(missing).await?.is_problem(404, "not_found");
    }
    for bad in ["/findings?state=x", "/findings?severity=x", "/findings?rule=x"] {
        admin.get(bad).await?.is_problem(400, "filter");
    }
    for bad in [
        "/findings?org=a&org=b",
        "/findings?skip=x",
        "/users?start=x",
        "/ledger?from=x",
        "/audit?before=a&before=b",
        "/security/scim/log?method=a&method=b",
        "/sign-in/link",
    ] {
        admin.get(bad).await?.is_problem(400, "query");
    }

    // Methods, sizes, types, fields.
    for path in ["/orgs", "/findings", "/reports", &path] {
        Answered::of(admin.asks(Method::DELETE, path).header(header::ORIGIN, &admin.origin).send().await?)
            .await?
            .is_problem(405, "method");
    }
    let raw = async |kind: &str, body: String| {
        let request = admin.asks(Method::POST, "/orgs").header(header::ORIGIN, &admin.origin);
        Answered::of(request.header(header::CONTENT_TYPE, kind).body(body).send().await?).await
    };
    raw("application/json", format!("{{\"label\":\"{}\"}}", "x".repeat(600_000)))
        .await?
        .is_problem(413, "body.size");
    raw("text/plain", "x".to_owned()).await?.is_problem(415, "body.type");
    raw("application/json", "{".to_owned()).await?.is_problem(400, "body.json");
    raw("application/json", "{}".to_owned()).await?.is_problem(400, "body.fields");
    let extra = json!({ "okta_url": "https://b.okta.com", "label": "B", "primary": true });
    raw("application/json", extra.to_string()).await?.is_problem(400, "body.fields");
    raw("application/x-www-form-urlencoded", "label=a&label=b".to_owned())
        .await?
        .is_problem(400, "form.duplicate");

    // From elsewhere, or by nobody.
    let new = json!({ "okta_url": "https://b.okta.com", "label": "B" });
    for origin in [None, Some("null"), Some("https://evil.example"), Some(other.origin.as_str())] {
        let request = admin.asks(Method::POST, "/orgs").json(&new);
        let request = match origin {
            Some(origin) => request.header(header::ORIGIN, origin),
            None => request,
        };
        Answered::of(request.send().await?).await?.is_problem(403, "origin");
    }
    let request = admin.asks(Method::POST, "/orgs").json(&new).header(header::ORIGIN, &admin.origin);
    Answered::of(request.header("sec-fetch-site", "cross-site").send().await?)
        .await?
        .is_problem(403, "origin");
    let nobody =
        Someone { cookie: "a=b".to_owned(), ..site.person(&admin.workspace, "x", Role::Viewer).await? };
    nobody.get("/orgs").await?.is_problem(401, "session.missing");
    let sent = nobody.browses(Method::GET, "/orgs").send().await?;
    assert_eq!(
        (sent.status(), &sent.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/sign-in".parse()?)
    );

    // Who has no role sees nothing.
    for path in ["/orgs", "/findings", "/reports", &path, &format!("{path}/scans")] {
        stranger.get(path).await?.is_problem(403, "permission");
    }
    let list = admin.get("/orgs").await?.json;
    assert_eq!(list["orgs"].as_array().map(Vec::len), Some(1), "nothing was changed by any of it");
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_does_what_the_matrix_says_and_pages_follow_accept() -> Outcomed {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let org = admin.add_org("https://acme.okta.com", "Production").await?;
    let path = format!("/orgs/{}", text(&org["org"]));
    for (role, manages) in [
        (Role::Admin, true),
        (Role::OrgAdmin, true),
        (Role::SecurityAdmin, false),
        (Role::Developer, false),
        (Role::Viewer, false),
    ] {
        let person = site.person(&admin.workspace, &format!("r{}", role as u8), role).await?;
        for path in ["/orgs", "/findings", "/reports", &path, &format!("{path}/scans")] {
            assert_eq!(person.get(path).await?.status, StatusCode::OK, "{role:?} {path}");
        }
        let body = json!({ "cadence": "weekly" });
        let changed = person.post(&format!("{path}/cadence"), &body).await?;
        assert_eq!(changed.status == StatusCode::OK, manages, "{role:?}");
        if !manages {
            changed.is_problem(403, "permission");
            let new = json!({ "okta_url": "https://b.okta.com", "label": "B" });
            person.post("/orgs", &new).await?.is_problem(403, "permission");
            assert!(!person.page("/orgs").await?.contains("Add an Okta org"), "{role:?}");
        }
    }
    // An operator's own workspace and a partner's have no orgs.
    let operator = site.operator(Role::Admin).await?;
    operator.get("/orgs").await?.is_problem(404, "not_found");

    let html = admin.browses(Method::GET, "/orgs").send().await?;
    assert_eq!(html.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let form = [("cadence", "monthly")];
    let request =
        admin.browses(Method::POST, &format!("{path}/cadence")).header(header::ORIGIN, &admin.origin);
    let moved = request.form(&form).send().await?;
    assert_eq!((moved.status(), &moved.headers()[header::LOCATION]), (StatusCode::SEE_OTHER, &path.parse()?));
    let page = html.text().await?;
    assert!(!page.contains("style=") && !page.contains("<script"), "the policy of the page takes neither");
    site.stack.shutdown().await;
    Ok(())
}

/// A scan of `org` that was judged, under the approval that it needs.
async fn judged(site: &Site, admin: &Someone, org: &OrgId) -> anyhow::Result<ScanRecord> {
    let okta_url = "https://acme.okta.com".to_owned();
    let approval = site.allow(admin, Terms::FirstScan { org: org.clone(), okta_url }).await?;
    let store = site.store(&admin.workspace);
    tests::judged::judged(&store, org, &approval, "t1", &site.acting("job:scan")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_reviews_under_the_approval_and_the_customer_sees_what_was_published() -> Outcomed {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let org = admin.add_org("https://acme.okta.com", "Production").await?;
    let org = OrgId::new(text(&org["org"]));
    let operator = site.operator(Role::Admin).await?;
    let looking = site.operator(Role::Viewer).await?;
    let customer = "acme";
    let by_saml = site.sign_in_by(SignedInBy::Saml, &operator.workspace, operator.user.clone()).await?;
    by_saml.get(&format!("/review/{customer}/{org}/s")).await?.is_problem(403, "operator.mfa");
    operator.get(&format!("/review/nobody/{org}/s")).await?.is_problem(403, "review.closed");
    // Before the approval nobody gets in, and the attempt is in the customer's log.
    let early = operator.get(&format!("/review/{customer}/{org}/s")).await?;
    early.is_problem(403, "review.closed");

    let scan = judged(&site, &admin, &org).await?;
    let review = format!("/review/{customer}/{org}/{}", scan.id);
    let viewer = site.person(&admin.workspace, "viewer", Role::Viewer).await?;
    assert_eq!(viewer.get("/findings").await?.json["total"], 0, "drafts are not shown");
    assert_eq!(admin.get("/findings").await?.json["total"], 2, "who may triage sees them");
    admin.get(&review).await?.is_problem(404, "not_found");
    let orgs = operator.get(&format!("/review/{customer}")).await?;
    assert_eq!(orgs.json["orgs"][0]["scans"][0]["id"], scan.id, "{orgs:?}");

    let seen = operator.get(&review).await?.json;
    let ids: Vec<&str> = seen["findings"].as_array().into_iter().flatten().map(|f| text(&f["id"])).collect();
    assert_eq!(ids.len(), 2);
    let one = |id: &str, reason: &str| json!({ "finding": id, "reason": reason });
    looking.post(&format!("{review}/confirm"), &one("all", "")).await?.is_problem(403, "permission");
    operator.post(&format!("{review}/publish"), &json!({})).await?.is_problem(409, "review.drafts");
    operator.post(&format!("{review}/dismiss"), &one(ids[0], "")).await?.is_problem(400, "finding.reason");
    operator.post(&format!("{review}/confirm"), &one("f-none", "")).await?.is_problem(400, "finding.unknown");
    let dismissed = operator.post(&format!("{review}/dismiss"), &one(ids[0], "a test token")).await?;
    assert_eq!(dismissed.json["moved"][0]["state"], "dismissed", "{dismissed:?}");
    operator.post(&format!("{review}/confirm"), &one("all", "")).await?;
    assert_eq!(viewer.get("/findings").await?.json["total"], 0, "confirmed is not published");
    let published = operator.post(&format!("{review}/publish"), &json!({})).await?;
    assert!(published.status == StatusCode::OK && published.json["published"].is_string(), "{published:?}");
    // Once more does no harm.
    assert_eq!(operator.post(&format!("{review}/publish"), &json!({})).await?.status, StatusCode::OK);

    let listed = viewer.get("/findings?state=published").await?.json;
    assert_eq!((&listed["total"], text(&listed["findings"][0]["id"])), (&json!(1), ids[1]));
    let path = format!("/findings/{org}/{}", ids[1]);
    viewer.get(&format!("/findings/{org}/{}", ids[0])).await?.is_problem(404, "not_found");
    let page = viewer.page(&path).await?;
    assert!(
        page.contains("Why it matters") && page.contains("working draft") && !page.contains("Save decision")
    );
    let accept = |until: &str| json!({ "to": "accepted", "reason": "a lab", "owner": "Ada", "until": until });
    viewer.post(&format!("{path}/move"), &accept("2027-01-01")).await?.is_problem(403, "permission");
    admin.post(&format!("{path}/move"), &accept("")).await?.is_problem(400, "finding.until");
    admin.post(&format!("{path}/move"), &accept("2099-01-01")).await?.is_problem(400, "finding.until");
    admin.post(&format!("{path}/move"), &json!({ "to": "resolved" })).await?.is_problem(400, "body.fields");
    let dispute = json!({ "to": "disputed", "reason": "It is a break-glass token." });
    let disputed = admin.post(&format!("{path}/move"), &dispute).await?;
    assert_eq!(disputed.json["finding"]["state"], "disputed", "{disputed:?}");
    operator.post(&format!("{review}/confirm"), &one(ids[1], "it can write")).await?;
    assert_eq!(viewer.get(&path).await?.json["finding"]["state"], "published", "upheld");

    let log = site.store(&admin.workspace).audit_log(site.stack.clock.now(), None, 200).await?;
    let by = format!("operator:{}", operator.user.id);
    let actions = |action: &str| log.iter().filter(|one| one.actor == by && one.action == action).count();
    assert!(actions("operator.refused") == 1 && actions("operator.access") >= 8, "each use is in the log");
    assert_eq!((actions("finding.dismissed"), actions("scan.publish")), (1, 2));

    // The approval is revoked: the door is closed.
    let store = site.store(&admin.workspace);
    let approval = store.first_scan(&org, site.stack.clock.now()).await?.context("the approval")?;
    store.revoke(&approval.id, &admin.principal, &site.acting(&format!("user:{}", admin.user.id))).await?;
    operator.get(&review).await?.is_problem(403, "review.closed");
    assert_eq!(operator.get(&format!("/review/{customer}")).await?.json["orgs"], json!([]));
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_reports_page_reads_well() -> Outcomed {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let page = admin.page("/reports").await?;
    let main = page.split("<main id=\"main\">").nth(1).and_then(|rest| rest.split("</main>").next());
    insta::assert_snapshot!(main.unwrap_or_default().replace("><", ">\n<"), @r#"
    <h1>Reports</h1>
    <p class="empty">No report yet. One appears here when a scan was reviewed and published.</p>
    <h2>Who may read them now</h2>
    <p>People of this workspace whose role has the permission reports.view. Outside of it only who stands below, each by an approval of yours.</p>
    <p class="empty">Nobody outside this workspace.</p>
    <p>
    <a href="/approvals">Approvals</a>: request, approve or revoke a route or a partner's access.</p>
    "#);
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leads_a_partner_has_an_address_at_a_domain_of_its_own() -> Outcomed {
    let site = Site::start().await?;
    let operator = site.operator(Role::Admin).await?;
    let lead_is = |email: &str| {
        let name = "ironbridge";
        json!({ "subdomain": name, "name": name, "kind": "partner", "email": email })
    };
    let free = operator.post("/customers", &lead_is("lead@gmail.com")).await?;
    free.is_problem(400, "email.provider");
    let none = operator.post("/customers", &lead_is("lead@[127.0.0.1]")).await?;
    none.is_problem(400, "email");
    let own = operator.post("/customers", &lead_is("lead@ironbridge.example")).await?;
    assert_eq!(own.status, StatusCode::CREATED, "the name was not spent: {own:?}");
    let small = json!({ "subdomain": "acme", "name": "Acme", "email": "ann@gmail.com" });
    assert_eq!(operator.post("/customers", &small).await?.status, StatusCode::CREATED, "a customer may");
    site.stack.shutdown().await;
    Ok(())
}

/// What the start page says of a step.
async fn is_done(person: &Someone, key: &str) -> anyhow::Result<bool> {
    let home = person.get("/").await?.json;
    let mut steps = home["steps"].as_array().into_iter().flatten();
    let step = steps.find(|step| step["step"] == key).context("the step")?;
    Ok(step["done"] == true)
}

#[tokio::test(flavor = "multi_thread")]
async fn scim_is_set_up_while_a_token_lives() -> Outcomed {
    let site = Site::start().await?;
    let admin = site.customer("acme").await?;
    let (store, now) = (site.store(&admin.workspace), site.stack.clock.now());
    assert!(!is_done(&admin, "scim").await?);

    let lifetime = SignedDuration::from_hours(24);
    let (_, token) = token::issue(&admin.workspace.tenant, &[], lifetime, now, &*site.door.random)?;
    let audit = |action| site.acting("job:test").record(action, format!("token:{}", token.id), "");
    let approval = site.allow(&admin, Terms::Scim { okta_url: "https://acme.okta.com".to_owned() }).await?;
    store.add_token(&token, &[], Some(&approval), &audit("scim.token.create")).await?;
    assert!(is_done(&admin, "scim").await?);

    store.revoke_token(&token.id, now, &audit("scim.token.revoke")).await?;
    assert!(!is_done(&admin, "scim").await?, "nobody is provisioned with a token that was revoked");
    site.stack.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_workspace_has_a_port_of_its_own() -> Outcomed {
    let site = Site::start().await?;
    let operator = site.operator(Role::Admin).await?;
    let new = json!({ "subdomain": "later", "name": "Later Inc.", "email": "sponsor@later.example" });
    let created = operator.post("/customers", &new).await?;
    assert_eq!(created.status, StatusCode::CREATED, "{created:?}");

    let list = format!("{}workspaces", site.stack.outbox_url());
    let mut found = None;
    for _ in 0..500 {
        let listed = operator.http.get(&list).header(header::ACCEPT, "application/json").send().await?;
        let listed: Vec<Value> = serde_json::from_str(&listed.text().await?)?;
        found = listed.into_iter().find(|place| place["workspace"] == "later");
        if found.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let place = found.context("nobody is told where the new workspace is")?;
    assert_eq!(text(&place["origin"]), site.stack.origin("later"));
    let page = operator.http.get(format!("{}/sign-in", text(&place["address"])));
    let page = page.header(header::ACCEPT, "text/html").send().await?;
    assert_eq!(page.status(), StatusCode::OK, "by its own port, without a host");
    assert!(page.text().await?.contains("Later Inc."));
    site.stack.shutdown().await;
    Ok(())
}
