//! Every route of every function, and a good body for each that takes one.
//!
//! The routes are read from the functions' sources, so that a new one is tested from its first day; what its body
//! looks like is the one thing to say here.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use serde_json::Value;

/// What methods a route can have.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// One address and the methods that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As the router says it: `/scim/v2/Users/{id}`.
    pub path: String,
    /// Each with the function that answers it: one address can be two functions'.
    pub methods: BTreeMap<&'static str, String>,
}

/// Whether SCIM clients come here, with a token; people come everywhere else, with a cookie.
pub fn is_scim(path: &str) -> bool {
    path.starts_with("/scim/")
}

impl Place {
    /// The names in the path, in order.
    pub fn parameters(&self) -> Vec<&str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    /// The path with a value in each place.
    pub fn with(&self, values: &[&str]) -> String {
        let mut values = values.iter();
        let part = |part: &str| match part.strip_prefix('{') {
            Some(_) => encoded(values.next().copied().unwrap_or_default()),
            None => part.to_owned(),
        };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// A good body of `method` here; none where none is read.
    pub fn body(&self, method: &str) -> Option<Value> {
        let sample = BODIES.iter().find(|(m, path, _)| *m == method && *path == self.path);
        sample
            .filter(|(_, _, body)| !body.is_empty())
            .and_then(|(_, _, body)| serde_json::from_str(body).ok())
    }

    /// Whether `method` makes a change here that needs no body.
    pub fn needs_no_body(&self, method: &str) -> bool {
        BODIES.iter().any(|(m, path, body)| *m == method && *path == self.path && body.is_empty())
    }

    /// Whether it is known what `method` takes here.
    pub fn is_described(&self, method: &str) -> bool {
        matches!(method, "GET" | "DELETE")
            || BODIES.iter().any(|(m, path, body)| {
                *m == method && *path == self.path && (body.is_empty() || self.body(method).is_some())
            })
    }
}

/// What changes take: method, path, body. An empty body means that none is needed.
const BODIES: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/scim/v2/Users",
        r#"{"userName":"new.person@example.com","externalId":"x1","name":{"givenName":"New"}}"#,
    ),
    ("PUT", "/scim/v2/Users/{id}", r#"{"userName":"replaced@example.com","active":true}"#),
    (
        "PATCH",
        "/scim/v2/Users/{id}",
        r#"{"Operations":[{"op":"replace","value":{"displayName":"Patched"}}]}"#,
    ),
    (
        "POST",
        "/scim/v2/Users/.search",
        r#"{"filter":"userName eq \"nobody@example.com\"","startIndex":1,"count":2}"#,
    ),
    ("POST", "/scim/v2/Groups", r#"{"displayName":"New group","members":[{"value":"nobody"}]}"#),
    ("PUT", "/scim/v2/Groups/{id}", r#"{"displayName":"Replaced","members":[{"value":"nobody"}]}"#),
    (
        "PATCH",
        "/scim/v2/Groups/{id}",
        r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"nobody"}]}]}"#,
    ),
    (
        "POST",
        "/scim/v2/Groups/.search",
        r#"{"filter":"displayName eq \"nothing\"","startIndex":1,"count":2}"#,
    ),
    ("POST", "/scim/v2/.search", r#"{"filter":"id eq \"nobody\"","startIndex":1,"count":2}"#),
    (
        "POST",
        "/scim/v2/Bulk",
        r#"{"Operations":[{"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"bulk@example.com"}}]}"#,
    ),
    ("POST", "/customers", r#"{"subdomain":"initech","name":"Initech","email":"sponsor@initech.example"}"#),
    ("POST", "/security/scim/tokens", ""),
    ("POST", "/security/scim/tokens/{id}/revoke", ""),
    ("POST", "/sign-in", r#"{"email":"nobody@example.com"}"#),
    ("POST", "/sign-in/link", r#"{"token":"not-a-token","code":"000000"}"#),
    ("POST", "/sign-in/enrol", r#"{"token":"not-a-token"}"#),
    ("POST", "/sign-in/again", r#"{"code":"000000"}"#),
    ("POST", "/sign-out", ""),
    ("POST", "/users", r#"{"email":"new.person@example.com","role":"Viewer"}"#),
    ("POST", "/approvals", r#"{"kind":"scim","okta_url":"https://acme.okta.com"}"#),
    (
        "POST",
        "/approvals/{id}/approve",
        r#"{"text_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    ),
    ("POST", "/approvals/{id}/refuse", ""),
    ("POST", "/approvals/{id}/revoke", ""),
    // A form with a signed response, which tests/saml.rs knows.
    ("POST", "/auth/saml/acs", ""),
    ("POST", "/security/sso", r#"{"metadata_xml":"<EntityDescriptor/>"}"#),
    ("POST", "/security/sso/disable", ""),
    ("POST", "/security/sso/refresh", ""),
    (
        "POST",
        "/security/sso/staged",
        r#"{"metadata":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    ),
    ("POST", "/security/sso/keys", r#"{"purpose":"signing"}"#),
    ("POST", "/security/sso/keys/retire", r#"{"purpose":"signing","key":"k0123456789"}"#),
    ("POST", "/security/break-glass", r#"{"user":"nobody@example.com","action":"name"}"#),
    ("POST", "/security/sso/settings", r#"{"idp_initiated":true,"require_provisioning":false}"#),
    ("POST", "/sessions/revoke", r#"{"user":"nobody","session":"0123456789abcdef0123"}"#),
    ("POST", "/sessions/end", r#"{"user":"nobody"}"#),
    ("POST", "/sessions/limits", r#"{"idle_minutes":30,"hours":12}"#),
    ("POST", "/orgs", r#"{"okta_url":"https://acme.okta.com","label":"Production"}"#),
    ("POST", "/orgs/{org}/client", r#"{"client_id":"0oa1example2client3id"}"#),
    ("POST", "/orgs/{org}/cadence", r#"{"cadence":"weekly"}"#),
    ("POST", "/orgs/{org}/preflight", ""),
    ("POST", "/orgs/{org}/scans", ""),
    ("POST", "/findings/{org}/{finding}/move", r#"{"to":"remediating","reason":"We do."}"#),
    ("POST", "/review/{customer}/{org}/{scan}/confirm", r#"{"finding":"all"}"#),
    ("POST", "/review/{customer}/{org}/{scan}/dismiss", r#"{"finding":"all","reason":"Not one."}"#),
    ("POST", "/review/{customer}/{org}/{scan}/publish", ""),
];

/// Every route there is, from `functions/*/src`.
pub fn all() -> anyhow::Result<Vec<Place>> {
    let functions = root().join("functions");
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for function in std::fs::read_dir(&functions)?.filter_map(Result::ok) {
        let name = function.file_name().to_string_lossy().into_owned();
        for file in sources(&function.path().join("src"))? {
            let text = std::fs::read_to_string(&file)?;
            for (path, methods) in routes_in(&text).with_context(|| file.display().to_string())? {
                let place = Place { path: path.clone(), methods: BTreeMap::new() };
                let place = places.entry(path).or_insert(place);
                place.methods.extend(methods.into_iter().map(|method| (method, name.clone())));
            }
        }
    }
    ensure!(places.len() > 20, "only {} routes were found: has their form changed?", places.len());
    Ok(places.into_values().collect())
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// `.route("/path", get(a).post(b))` in a source text.
fn routes_in(text: &str) -> anyhow::Result<Vec<(String, BTreeSet<&'static str>)>> {
    let mut routes = Vec::new();
    for after in text.split(".route(").skip(1) {
        let inside = up_to_closing(after).trim_start();
        let Some(rest) = inside.strip_prefix('"') else {
            // A path that is no text would go untested; something else called `route` begins in lower case.
            ensure!(!inside.starts_with(|c: char| c.is_ascii_uppercase()), "say the path as text: {inside}");
            continue;
        };
        let (path, handlers) = rest.split_once('"').context("a path without an end")?;
        let mut methods: BTreeSet<_> =
            METHODS.into_iter().filter(|method| calls(handlers, &method.to_ascii_lowercase())).collect();
        if calls(handlers, "any") {
            methods.extend(METHODS);
        }
        ensure!(!methods.is_empty(), "no method is known for {path}");
        routes.push((path.to_owned(), methods));
    }
    Ok(routes)
}

/// Whether `name(` is called in `text`, by this very name.
fn calls(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}("))
        .any(|(at, _)| !text[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '_'))
}

fn up_to_closing(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    &text[..end.unwrap_or(text.len())]
}

/// Percent-encodes all but letters, digits, `-`, `.`, `_` and `~`.
pub fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
