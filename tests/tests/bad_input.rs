//! What no caller should send, to every route: a clear answer in the form that its callers read, nothing changed,
//! never a 500.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tests::{
    canary::{filled, plant},
    raw::{Reply, Request},
    routes::{METHODS, Place, is_scim},
    site::{Site, Tenant, product_headers, settled},
};

type Outcome = anyhow::Result<()>;

const AT_ONCE: usize = 8;

/// A request and which answers are right.
struct Case {
    what: &'static str,
    request: Request,
    right: &'static [u16],
}

/// Sends all cases to a filled workspace, in every form of answer, and compares the table before and after.
async fn refused(cases: impl Fn(&Tenant, &Place) -> Vec<Case>) -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    plant(&site, &acme).await?;
    let before = site.state().await?;
    let mut all = Vec::new();
    for place in site.places()? {
        for case in cases(&acme, &place) {
            if !is_scim(&place.path) {
                let request = case.request.clone().with("accept", "text/html");
                all.push((Case { request, ..case }, true));
            }
        }
        all.extend(cases(&acme, &place).into_iter().map(|case| (case, false)));
    }
    assert!(all.len() > 20, "only {} cases", all.len());
    let count = all.len();
    let tried = stream::iter(all).map(|(case, html)| {
        let acme = &acme;
        async move {
            let reply = acme.send(&case.request).await?;
            let judged = judge(&case, &reply, html);
            Ok(judged.err().map(|error| {
                format!(
                    "{}: {} {} -> {error}",
                    case.what,
                    case.request.method,
                    shortened(&case.request.target)
                )
            }))
        }
    });
    let wrong: Vec<Option<String>> = tried
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<anyhow::Result<_>>()?;
    let wrong: Vec<_> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    let after = site.state().await?;
    let changed: Vec<_> =
        before.keys().chain(after.keys()).filter(|k| before.get(*k) != after.get(*k)).collect();
    assert!(changed.is_empty(), "refused, and yet changed: {changed:?}");
    Ok(())
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

/// The right status, in the right form.
fn judge(case: &Case, reply: &Reply, html: bool) -> Outcome {
    let body = || shortened(&reply.body);
    ensure!(case.right.contains(&reply.status), "{} ({}), want {:?}", reply.status, body(), case.right);
    ensure!(reply.header("x-content-type-options") == Some("nosniff"), "no security headers");
    if reply.status < 400 {
        return Ok(());
    }
    let kind = reply.header("content-type").unwrap_or_default();
    if is_scim(&case.request.target) {
        let error = reply.json();
        ensure!(kind == "application/scim+json", "the type {kind:?}");
        ensure!(error["schemas"] == json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", body());
        ensure!(
            error["status"].as_str() == Some(reply.status.to_string().as_str()),
            "the status in {}",
            body()
        );
        ensure!(error["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "no detail: {}", body());
        let scheme = reply.header("www-authenticate");
        ensure!(scheme == (reply.status == 401).then_some("Bearer"), "the scheme {scheme:?}");
    } else if html {
        ensure!(kind == "text/html; charset=utf-8" && reply.body.contains("<h1>"), "{kind:?}: {}", body());
    } else {
        let problem = reply.json();
        ensure!(kind == "application/problem+json", "the type {kind:?}: {}", body());
        ensure!(problem["status"] == reply.status, "the status in {}", body());
        let said = ["title", "detail", "code", "correlationId", "type"];
        ensure!(said.iter().all(|name| problem[*name].is_string()), "{}", body());
        ensure!(reply.header("www-authenticate").is_none(), "a scheme for a session");
    }
    Ok(())
}

/// A good request; what makes it bad comes on top.
fn good(acme: &Tenant, place: &Place, method: &str) -> Request {
    let request = acme.request(method, &filled(acme, place));
    match place.body(method) {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// Changes, each with a body that is fine: where none is needed, any. The ACS takes forms alone and has tests of its
/// own (a52 in tests/saml.rs).
fn with_body(place: &Place) -> impl Iterator<Item = (&'static str, Value)> + '_ {
    place.methods.keys().filter_map(|method| {
        let any = place.needs_no_body(method) && place.path != "/auth/saml/acs";
        let any = any.then(|| json!({ "any": "thing" }));
        Some((*method, place.body(method).or(any)?))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_405_and_the_right_ones_are_named() -> Outcome {
    refused(|acme, place| {
        let others = METHODS.into_iter().chain(["OPTIONS", "TRACE", "PROPFIND"]);
        let wrong = others
            .filter(|method| !place.methods.contains_key(method) && place.methods.len() < METHODS.len());
        let bare = |method| acme.request(method, &filled(acme, place));
        let case = |what, request| Case { what, request, right: &[405] };
        wrong
            .flat_map(|method| {
                let odd = bare(method).body("text/plain", "x");
                [case("wrong method", bare(method)), case("wrong method, odd body", odd)]
            })
            .collect()
    })
    .await?;
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    for place in site.places()?.into_iter().filter(|place| place.methods.len() < METHODS.len()) {
        let reply = acme.send(&acme.request("TRACE", &filled(&acme, &place))).await?.expect(405)?;
        let allow = reply.header("allow").unwrap_or_default();
        let named: BTreeSet<_> = allow.split(',').map(str::trim).filter(|method| *method != "HEAD").collect();
        let functions: BTreeSet<_> = place.methods.values().collect();
        let all: BTreeSet<_> = place.methods.keys().copied().collect();
        // Of an address that two functions share, each knows its own methods only.
        assert!(named == all || (functions.len() > 1 && named.is_subset(&all)), "{}: {allow}", place.path);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c21_a_wrong_type_is_415_and_a_large_body_413() -> Outcome {
    refused(|acme, place| {
        let mut cases = Vec::new();
        for (method, body) in with_body(place) {
            let text = body.to_string();
            for kind in [
                "text/plain",
                "application/json; charset=utf-16",
                "multipart/form-data; boundary=x",
                "application/xml",
                "json",
            ] {
                let request = good(acme, place, method).body(kind, text.clone());
                cases.push(Case { what: kind, request, right: &[415] });
            }
            let twice = good(acme, place, method).json(&body).with("content-type", "text/plain");
            cases.push(Case { what: "two types", request: twice, right: &[415] });
            // A group comes with all its members.
            let is_group = place.path.starts_with("/scim/v2/Groups") && !place.path.ends_with(".search");
            let large = format!("{text}{}", " ".repeat(if is_group { 4_300_000 } else { 1_200_000 }));
            let request = good(acme, place, method).body("application/json", large);
            cases.push(Case { what: "a large body", request, right: &[413] });
        }
        cases
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn c20_json_that_is_not_quite_json_is_400() -> Outcome {
    refused(|acme, place| {
        let mut cases = Vec::new();
        for (method, body) in with_body(place) {
            let text = body.to_string();
            let twice = text.replacen('{', &format!("{{{},", text.trim_matches(['{', '}'])), 1);
            let first = body.as_object().and_then(|fields| fields.keys().next().cloned()).unwrap_or_default();
            for (what, text) in [
                ("empty", String::new()),
                ("cut off", text[..text.len() - 1].to_owned()),
                ("two documents", format!("{text}{text}")),
                (
                    "a name twice",
                    if text.contains('[') { format!("{{\"{first}\":1,\"{first}\":1}}") } else { twice },
                ),
                ("trailing comma", text.replacen('}', ",}", 1)),
                ("byte order mark", format!("\u{feff}{text}")),
                ("too deep", format!("{{\"{first}\":{}1{}}}", "[".repeat(200), "]".repeat(200))),
                ("lone surrogate", format!("{{\"{first}\":\"\\ud800\"}}")),
                ("NUL", format!("{{\"{first}\":\"a\\u0000b\"}}")),
                ("too large a number", format!("{{\"{first}\":1e400}}")),
                ("a list", format!("[{text}]")),
                ("a text", "\"x\"".to_owned()),
                ("null", "null".to_owned()),
                ("comment", format!("/**/{text}")),
            ] {
                // Nothing is what a change that needs no body comes with.
                if !text.is_empty() || !place.needs_no_body(method) {
                    let request = good(acme, place, method).body("application/json", text);
                    cases.push(Case { what, request, right: &[400] });
                }
            }
            let request = good(acme, place, method).body("application/json", vec![b'"', 0xff, b'"']);
            cases.push(Case { what: "not UTF-8", request, right: &[400] });
        }
        cases
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_field_twice_is_400() -> Outcome {
    refused(|acme, place| {
        let changes = with_body(place).filter(|_| !is_scim(&place.path));
        changes
            .map(|(method, _)| {
                let request = good(acme, place, method);
                let request = request.body("application/x-www-form-urlencoded", "any=thing&any=thing");
                Case { what: "a field twice", request, right: &[400] }
            })
            .collect()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_c02_c03_credentials_that_are_none_are_401() -> Outcome {
    refused(|acme, place| {
        let methods = place.methods.keys().filter(|_| is_scim(&place.path));
        methods.flat_map(|method| without_credentials(acme, place, method)).collect()
    })
    .await
}

/// A request for `method` of a SCIM address, good but for its token.
fn without_credentials(acme: &Tenant, place: &Place, method: &str) -> Vec<Case> {
    let path = filled(acme, place);
    let without = || good(acme, place, method).without("authorization");
    let with = |value: &str| without().with("authorization", value);
    let token = &acme.token;
    let flipped = token.replacen("_scim_t", "_scim_u", 1);
    let long = format!("Bearer {}", "x".repeat(8_000));
    let case = |what, request| Case { what, request, right: &[401] };
    let twice = |what, request| Case { what, request, right: &[400] };
    vec![
        case("none", without()),
        case("empty", with("")),
        case("Basic", with("Basic YTpi")),
        case("no scheme", with(token)),
        case("two blanks", with(&format!("Bearer  {token}"))),
        case("junk", with("Bearer x")),
        case("long", with(&long)),
        case("another tenant's", with(&format!("Bearer {flipped}"))),
        case("in the query", without().at(&format!("{path}?access_token={token}&token={token}"))),
        case("as a cookie", without().with("cookie", &acme.cookie)),
        twice("there twice", good(acme, place, method).with("authorization", &format!("Bearer {token}"))),
        twice("another one first", with("Basic YTpi").with("authorization", &format!("Bearer {token}"))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn d03_d04_a_session_that_is_none_and_a_change_from_elsewhere() -> Outcome {
    refused(|acme, place| {
        if is_scim(&place.path)
            || ["/sign-in", "/assets", "/.well-known", "/saml", "/auth"]
                .iter()
                .any(|open| place.path.starts_with(open))
        {
            return Vec::new();
        }
        let (name, secret) = acme.cookie.split_once('=').unwrap_or_default();
        let mut cases = Vec::new();
        for method in place.methods.keys() {
            let without = || good(acme, place, method).without("cookie");
            let with = |value: &str| without().with("cookie", value);
            // A person who wants a page is sent to the sign-in.
            let right: &[u16] = if *method == "GET" { &[401, 303] } else { &[401] };
            let case = |what, request| Case { what, request, right };
            cases.extend([
                case("no cookie", without()),
                case("empty", with(&format!("{name}="))),
                case("cut", with(&format!("{name}={}", &secret[1..]))),
                case("long", with(&format!("{name}={}", "x".repeat(4_000)))),
                case("binary", with(&format!("{name}=é\u{ff}ß"))),
                case("twice", with(&format!("{}; {}", acme.cookie, acme.cookie))),
                case("another name", with(&format!("__Host-atm_session={secret}"))),
                case("as a token", without().with("authorization", &format!("Bearer {secret}"))),
                case("a SCIM token", without().with("authorization", &format!("Bearer {}", acme.token))),
            ]);
            if *method == "GET" {
                continue;
            }
            let from = |origin: &str| good(acme, place, method).without("origin").with("origin", origin);
            let case = |what, request| Case { what, request, right: &[403] };
            cases.extend([
                case("no origin", good(acme, place, method).without("origin")),
                case("another origin", from("https://evil.example")),
                case("a null origin", from("null")),
                case("a sibling workspace", from(&acme.origin.replace("acme", "globex"))),
                case("two origins", good(acme, place, method).with("origin", &acme.origin)),
                case("cross-site", good(acme, place, method).with("sec-fetch-site", "cross-site")),
                case("same-site", good(acme, place, method).with("sec-fetch-site", "same-site")),
            ]);
        }
        cases
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn c22_an_odd_id_is_nothing() -> Outcome {
    refused(|acme, place| {
        let count = place.parameters().len();
        if count == 0 {
            return Vec::new();
        }
        let long = "x".repeat(2_048);
        let upper = acme.admin.id.as_str().to_uppercase();
        let mut cases = Vec::new();
        for method in place.methods.keys() {
            for id in [
                "..%2f..%2f",
                "%2e%2e%2f",
                "%2e%2e",
                "..%5c",
                "%00",
                "%ff",
                "%zz",
                "%0d%0aX-Evil:%20yes",
                "%20",
                "0",
                "-1",
                "null",
                "*",
                "T%23x%23U%230",
                "00000000-0000-8000-8000-000000000000",
                "00000000-0000-0000-0000-000000000000",
                "%F0%9F%A6%80",
                &upper,
                &long,
            ] {
                let path = place.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
                let target = path.collect::<Vec<_>>().join("/");
                let request = good(acme, place, method).at(&target);
                // The evidence router does not say whether there is such an object.
                let right: &[u16] = if target.starts_with("/deliveries/") { &[403, 404] } else { &[404] };
                cases.push(Case { what: "odd id", request, right });
            }
        }
        cases
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn c18_an_odd_query_is_read_or_refused_and_never_fails() -> Outcome {
    refused(|acme, place| {
        if !place.methods.contains_key("GET") {
            return Vec::new();
        }
        let long = "x".repeat(2_048);
        let queries = [
            "start=abc".to_owned(),
            "start=-1".to_owned(),
            "start=18446744073709551615".to_owned(),
            "startIndex=abc&count=abc".to_owned(),
            "startIndex=18446744073709551615&count=-1".to_owned(),
            "part=abc".to_owned(),
            "before=%ff&id=%ff&customer=%ff&filter=%ff".to_owned(),
            "before=%00".to_owned(),
            format!("before={long}&token={long}&org={long}"),
            format!("customer={long}"),
            format!("filter={long}"),
            "before=a&before=b&start=1&start=2&customer=a&customer=b".to_owned(),
            "filter=userName%20eq%20%22%5Cud800%22".to_owned(),
            "filter=((((((((((((((((((((((((((((((((((((((((".to_owned(),
            "attributes=%00,,,.&excludedAttributes=..".to_owned(),
            "sortBy=%00&sortOrder=sideways".to_owned(),
            "=&&=&%=%".to_owned(),
        ];
        let request = |query| good(acme, place, "GET").at(&format!("{}?{query}", filled(acme, place)));
        // 501: there is no /Me, whatever is asked of it.
        let right: &[u16] = &[200, 303, 400, 403, 404, 501];
        queries.into_iter().map(|query| Case { what: "odd query", request: request(query), right }).collect()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn c24_d10_headers_that_claim_something_claim_nothing() -> Outcome {
    let site = Site::start().await?;
    let (acme, globex) = (site.customer("acme").await?, site.customer("globex").await?);
    plant(&site, &acme).await?;
    let before = site.state().await?;
    let tenant = globex.workspace.tenant.as_str();
    for place in site.places()?.into_iter().filter(|place| place.methods.contains_key("GET")) {
        let plain = good(&acme, &place, "GET");
        let expected = acme.send(&plain).await?;
        for (name, value) in [
            ("x-forwarded-host", "globex.localhost"),
            ("forwarded", "host=globex.localhost"),
            ("x-original-host", "globex.localhost"),
            ("x-http-method-override", "DELETE"),
            ("x-http-method", "DELETE"),
            ("x-method-override", "PATCH"),
            ("x-tenant-id", tenant),
            ("x-amz-tenant-id", tenant),
            ("x-amzn-request-context", "{\"domainName\":\"globex.localhost\"}"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-original-url", "/users"),
            ("x-rewrite-url", "/users"),
            ("x-user-id", globex.admin.id.as_str()),
            ("range", "bytes=0-1"),
        ] {
            let reply = acme.send(&plain.clone().with(name, value)).await?;
            assert_eq!(
                (reply.status, settled(&reply)),
                (expected.status, settled(&expected)),
                "{} with {name}",
                place.path
            );
        }
    }
    assert!(site.state().await? == before, "a header changed something");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_same_security_headers() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let own = [
        "cache-control",
        "content-type",
        "content-disposition",
        "etag",
        "location",
        "allow",
        "set-cookie",
        "www-authenticate",
    ];
    let mut seen: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for place in site.places()? {
        let target = filled(&acme, &place);
        for request in [
            acme.request("GET", &target),
            acme.request("GET", &target).with("accept", "text/html"),
            acme.anonymous("GET", &target),
            acme.request("TRACE", &target),
            acme.request("GET", &format!("{target}/nothing/here")),
        ] {
            let reply = acme.send(&request).await?;
            assert!(reply.header("cache-control").is_some(), "{target}");
            let headers = product_headers(&reply).into_iter().filter(|(name, _)| !own.contains(name));
            let headers = headers.map(|(name, value)| format!("{name}: {value}")).collect();
            seen.entry(headers).or_default().push(format!("{} {target}", request.method));
        }
    }
    assert_eq!(seen.len(), 1, "not the same everywhere: {seen:#?}");
    insta::assert_snapshot!(seen.into_keys().next().unwrap_or_default().join("\n"), @"
    content-security-policy: default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
    cross-origin-opener-policy: same-origin
    cross-origin-resource-policy: same-origin
    permissions-policy: camera=(), geolocation=(), microphone=()
    referrer-policy: same-origin
    x-content-type-options: nosniff
    x-correlation-id: c-the-same-each-time
    ");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn d05_reading_changes_nothing() -> Outcome {
    refused(|acme, place| {
        let asked = |query: &str| good(acme, place, "GET").at(&format!("{}{query}", filled(acme, place)));
        if !place.methods.contains_key("GET") {
            return vec![Case { what: "a change by GET", request: asked(""), right: &[405] }];
        }
        let queries = ["", "?_method=DELETE", "?_method=POST&confirm=1", "?action=delete&confirm=yes"];
        // 501: there is no /Me, however it is asked for.
        let right: &[u16] = &[200, 303, 400, 403, 404, 501];
        queries.map(|query| Case { what: "GET", request: asked(query), right }).into()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_no_workspace_is_404_on_every_route() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    plant(&site, &acme).await?;
    let before = site.state().await?;
    let port = acme.origin.rsplit_once(':').map_or("", |(_, port)| port);
    // The door of all workspaces: the host alone says which.
    let front = format!("127.0.0.1:{port}").parse()?;
    let mut wrong = Vec::new();
    // The style sheet is the same for everybody, signed in or not, workspace or none.
    for place in site.places()?.into_iter().filter(|place| !place.path.starts_with("/assets/")) {
        for method in place.methods.keys() {
            let mut request = good(&acme, &place, method).with("host", &format!("nobody.localhost:{port}"));
            if place.path == "/auth/saml/acs" {
                request = request.body("application/x-www-form-urlencoded", "SAMLResponse=PHgvPg==");
            }
            let reply = request.send(front).await?;
            let judged = judge(&Case { what: "host", request, right: &[404] }, &reply, false);
            wrong.extend(judged.err().map(|error| format!("{method} {}: {error}", place.path)));
        }
    }
    assert!(wrong.is_empty(), "{} answers:\n{}", wrong.len(), wrong.join("\n"));
    assert!(site.state().await? == before, "something changed");
    Ok(())
}
