//! Two workspaces on one stack: nothing of the one is given to, taken by or changed from the other.
//!
//! The requests are generated: every route of every function, with every id that the other workspace holds, at
//! every place of the request.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use serde_json::Value;
use tests::{
    canary::{filled, ids, only_in, own, plant},
    raw::{Reply, Request},
    routes::{Place, encoded, is_scim},
    site::{Site, Tenant, WAITING, settled},
};

type Outcome = anyhow::Result<()>;

const AT_ONCE: usize = 8;

/// Names that a query of ours might look at.
const NAMES: [&str; 8] = ["customer", "id", "org", "before", "cursor", "scan", "user", "token"];

struct Two {
    site: Site,
    ours: Tenant,
    theirs: Tenant,
    /// Texts that only their workspace holds.
    secrets: BTreeSet<String>,
    ids: Vec<String>,
}

impl Two {
    async fn start() -> anyhow::Result<Self> {
        let site = Site::start().await?;
        let (ours, theirs) = (site.customer("acme").await?, site.customer("globex").await?);
        plant(&site, &ours).await?;
        plant(&site, &theirs).await?;
        let secrets = only_in(&site.dump_of(&theirs.workspace).await?, &site.dump_of(&ours.workspace).await?);
        let ids = ids(&secrets).into_iter().collect();
        Ok(Self { site, ours, theirs, secrets, ids })
    }

    /// Sends all, and says which answers break a rule.
    async fn broken(
        &self,
        all: Vec<Request>,
        rule: impl Fn(&Request, &Reply) -> bool,
    ) -> anyhow::Result<Vec<String>> {
        let answers = stream::iter(all).map(|request| async move {
            let reply = self.ours.send(&request).await?;
            anyhow::Ok((request, reply))
        });
        let mut answers = answers.buffer_unordered(AT_ONCE);
        let mut broken = Vec::new();
        while let Some(answer) = answers.next().await {
            let (request, reply) = answer?;
            let sent = format!("{request:?}");
            let told = self.secrets.iter().find(|secret| {
                reply.body.contains(&***secret)
                    && !sent.contains(&***secret)
                    && !sent.contains(&encoded(secret))
            });
            if let Some(told) = told {
                broken.push(format!("{} {} tells {told}", request.method, request.target));
            }
            // 501: there is no /Me.
            if (reply.status >= 500 && reply.status != 501) || !rule(&request, &reply) {
                broken.push(format!("{} {} -> {}", request.method, request.target, reply.status));
            }
        }
        Ok(broken)
    }

    /// Their workspace, as it was before `work`, is what it is afterwards.
    async fn untouched(&self, work: impl Future<Output = anyhow::Result<Vec<String>>>) -> Outcome {
        let before = self.site.dump_of(&self.theirs.workspace).await?;
        assert!(before.len() > 20, "the other workspace is hardly filled");
        let objects = self.site.objects_of(&self.theirs.workspace).await?;
        assert!(!objects.is_empty(), "the bucket holds nothing of the other workspace");
        let broken = work.await?;
        let after = self.site.dump_of(&self.theirs.workspace).await?;
        let changed: Vec<_> = before
            .keys()
            .chain(after.keys())
            .filter(|key| before.get(*key) != after.get(*key) && !key.0.contains(WAITING))
            .collect();
        assert!(changed.is_empty(), "changed in the other workspace: {changed:?}");
        let left = self.site.objects_of(&self.theirs.workspace).await?;
        assert_eq!(left, objects, "changed in the bucket");
        assert!(broken.is_empty(), "{} answers:\n{}", broken.len(), broken.join("\n"));
        Ok(())
    }

    fn request(&self, place: &Place, method: &str, target: &str) -> Request {
        let request = self.ours.request(method, target);
        match place.body(method) {
            Some(body) => request.json(&body),
            None => request,
        }
    }
}

/// Every id with `tests/run --deep`, else every third: there are thousands of requests.
fn slice(ids: &[String]) -> impl Iterator<Item = &String> {
    let step = if std::env::var_os("ATOMATION_DEEP").is_some() { 1 } else { 3 };
    ids.iter().step_by(step)
}

/// What ends our own session comes last, elsewhere.
fn stays_signed_in(place: &Place) -> bool {
    place.path != "/sign-out"
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_an_id_of_another_workspace_in_a_path_is_nothing() -> Outcome {
    let two = Two::start().await?;
    let mut requests = Vec::new();
    for place in two.site.places()? {
        let own: Vec<_> = place.parameters().into_iter().map(|name| own(&two.ours, name)).collect();
        let count = own.len();
        for (id, method) in two.ids.iter().flat_map(|id| place.methods.keys().map(move |method| (id, method)))
        {
            for at in 0..count {
                let mut values: Vec<_> = own.iter().map(String::as_str).collect();
                values[at] = id;
                requests.push(two.request(&place, method, &place.with(&values)));
            }
            if count > 1 {
                requests.push(two.request(&place, method, &place.with(&vec![&**id; count])));
            }
        }
    }
    assert!(requests.len() > 500, "only {} requests", requests.len());
    let refused = |_: &Request, reply: &Reply| matches!(reply.status, 401 | 403 | 404);
    two.untouched(two.broken(requests, refused)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_an_id_of_another_workspace_in_a_query_is_nothing() -> Outcome {
    let two = Two::start().await?;
    let mut requests = Vec::new();
    for place in two.site.places()?.into_iter().filter(|place| place.methods.contains_key("GET")) {
        let path = filled(&two.ours, &place);
        for id in slice(&two.ids) {
            let value = encoded(id);
            let all = |names: &[&str]| {
                names.iter().map(|name| format!("{name}={value}")).collect::<Vec<_>>().join("&")
            };
            // With a customer named, some routes look no further.
            let mut queries = vec![all(&NAMES), all(&NAMES[1..])];
            if is_scim(&path) {
                let attributes = ["id", "userName", "displayName", "externalId", "members.value"];
                let terms = attributes.map(|name| format!("{name} eq \"{id}\""));
                let any = terms.join(" or ");
                let filters = [&terms[0], &terms[1], &terms[2], &any];
                queries = filters.iter().map(|filter| format!("filter={}", encoded(filter))).collect();
            }
            requests.extend(
                queries.into_iter().map(|query| two.request(&place, "GET", &format!("{path}?{query}"))),
            );
        }
    }
    let found = |_: &Request, reply: &Reply| {
        let total = &reply.json()["totalResults"];
        // A filter that finds something found something of theirs.
        total.is_null() || *total == 0 || reply.status != 200
    };
    let anything =
        |request: &Request, reply: &Reply| !request.target.contains("filter=") || found(request, reply);
    two.untouched(two.broken(requests, anything)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn d08_an_id_of_another_workspace_in_a_body_is_nothing() -> Outcome {
    let mut two = Two::start().await?;
    // What one request wrote into our own workspace, another may answer with: only the rest is a secret here.
    two.secrets.retain(|secret| !two.ids.contains(secret));
    let mut requests = Vec::new();
    for place in two.site.places()?.iter().filter(|place| stays_signed_in(place)) {
        for method in place.methods.keys() {
            let Some(body) = place.body(method) else { continue };
            let target = filled(&two.ours, place);
            for id in slice(&two.ids) {
                for body in substituted(&body, id) {
                    // Each a request of its own, not the retry of another.
                    let request = two.ours.request(method, &target).without("x-correlation-id");
                    requests.push(request.json(&body));
                }
            }
        }
    }
    assert!(requests.len() > 500, "only {} requests", requests.len());
    // What was asked for may well be done: in our own workspace, with a text that means nothing there.
    // So searches come before anything is written.
    let (searches, writes): (Vec<_>, Vec<_>) =
        requests.into_iter().partition(|request| request.target.ends_with("/.search"));
    let nothing = |_: &Request, reply: &Reply| reply.status != 200 || reply.json()["totalResults"] == 0;
    two.untouched(two.broken(searches, nothing)).await?;
    two.untouched(two.broken(writes, |_, _| true)).await
}

/// Copies of `body` with `id` in the place of one text, or within it.
fn substituted(body: &Value, id: &str) -> Vec<Value> {
    let mut out = Vec::new();
    match body {
        Value::String(text) => {
            out.push(id.into());
            if text.contains('"') {
                let (attribute, _) = text.split_once(' ').unwrap_or((text, ""));
                out = vec![format!("{attribute} eq \"{id}\"").into()];
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                out.extend(substituted(item, id).into_iter().map(|new| {
                    let mut copy = items.clone();
                    copy[at] = new;
                    copy.into()
                }));
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields.iter().filter(|(name, _)| *name != "op" && *name != "path") {
                out.extend(substituted(field, id).into_iter().map(|new| {
                    let mut copy = fields.clone();
                    copy.insert(name.clone(), new);
                    copy.into()
                }));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_d01_credentials_of_one_workspace_are_worth_nothing_at_another() -> Outcome {
    let two = Two::start().await?;
    let work = async {
        let mut broken = Vec::new();
        let (_, secret) = two.ours.cookie.split_once('=').unwrap_or_default();
        let (name, _) = two.theirs.cookie.split_once('=').unwrap_or_default();
        for place in two.site.places()? {
            for method in place.methods.keys() {
                let target = filled(&two.theirs, &place);
                let mut nobody = two.theirs.anonymous(method, &target);
                if let Some(body) = place.body(method) {
                    nobody = nobody.json(&body);
                }
                let expected = two.theirs.send(&nobody).await?;
                for (what, request) in [
                    ("cookie", nobody.clone().with("cookie", &two.ours.cookie)),
                    ("cookie under their name", nobody.clone().with("cookie", &format!("{name}={secret}"))),
                    ("token", nobody.clone().with("authorization", &format!("Bearer {}", two.ours.token))),
                    (
                        "token as a cookie",
                        nobody.clone().with("cookie", &format!("{name}={}", two.ours.token)),
                    ),
                ] {
                    let reply = two.theirs.send(&request).await?;
                    if (reply.status, settled(&reply)) != (expected.status, settled(&expected)) {
                        broken.push(format!("{method} {target} with our {what} -> {}", reply.status));
                    }
                }
                let open = ["/sign-in", "/assets", "/.well-known", "/saml/metadata", "/auth/saml"];
                let is_open = open.iter().any(|start| place.path.starts_with(start));
                if !is_open && !matches!(expected.status, 401 | 403 | 404) {
                    broken.push(format!("{method} {target} with nothing -> {}", expected.status));
                }
            }
        }
        anyhow::Ok(broken)
    };
    two.untouched(work).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a59_a60_a_host_that_is_no_workspace_is_the_same_nothing_whatever_the_reason() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let front = acme.origin.rsplit_once(':').map(|(_, port)| format!("127.0.0.1:{port}")).unwrap_or_default();
    let front = front.parse()?;
    let port = acme.origin.rsplit_once(':').map_or("", |(_, port)| port);
    let label = "a".repeat(64);
    let hosts = [
        "unknown.localhost",
        "www.localhost",
        "api.localhost",
        "admin.localhost",
        "a.b.localhost",
        "x.acme.localhost",
        "ACME.localhost",
        "acme.localhost.",
        "acme.localhost.evil.example",
        "acmelocalhost",
        ".localhost",
        "localhost",
        "127.0.0.1",
        "[::1]",
        "xn--acme-loa.localhost",
        "acme.example",
        "ac--me.localhost",
        &format!("{label}.localhost"),
    ];
    let form = "SAMLResponse=PHgvPg%3D%3D&RelayState=%2F";
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/sign-in"),
        ("GET", "/users"),
        ("GET", "/scim/v2/Users"),
        ("GET", "/.well-known/okta-jwks.json"),
        ("GET", "/assets/none"),
        ("GET", "/nothing"),
        ("GET", "/saml/metadata"),
        ("GET", "/auth/saml/login"),
        ("POST", "/auth/saml/acs"),
    ] {
        let mut first: Option<Reply> = None;
        for host in hosts {
            let mut request = acme.request(method, path).with("host", &format!("{host}:{port}"));
            if method == "POST" {
                request = request.body("application/x-www-form-urlencoded", form);
            }
            let reply = request.with("x-forwarded-host", "acme.localhost").send(front).await?.expect(404)?;
            let same = first.get_or_insert_with(|| reply.clone());
            assert_eq!((&same.body, same.status), (&reply.body, reply.status), "{method} {path} at {host}");
            assert!(!reply.body.contains("acme"), "{method} {path} at {host}");
            // Of the same class in time, too: at most it is looked up once that there is none.
            assert!(reply.cost("calls").max(0.0) < 1.5, "{method} {path} at {host}: {reply:?}");
        }
    }
    let known = acme.request("GET", "/users").with("host", &format!("acme.localhost:{port}"));
    known.send(front).await?.expect(200)?;
    let twice = acme.request("GET", "/users").with("host", "acme.localhost").with("host", "globex.localhost");
    assert_eq!(twice.send(front).await?.status, 400, "two hosts");
    Ok(())
}
