//! Data that must not be seen elsewhere: every kind of item a workspace can hold, each with the canary in it.
//!
//! One rule: a new kind of item is planted here, and every isolation test knows it from then on.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use okta_twin::saml::{ResponseSpec, Sign, SigningIdp};
use serde_json::json;
use shared::{
    delivery::{
        DataClass,
        approval::{Terms, Until},
    },
    store::{
        approvals::Asked,
        connections::{Cadence, Connection},
        evidence::Document,
        objects::NewObject,
    },
    tenant::{OrgId, Role},
};

use crate::{
    judged::judged,
    routes::Place,
    site::{Dump, Site, Tenant, texts},
};

/// The text in everything of the workspace `name`.
pub fn canary(name: &str) -> String {
    format!("canary-{name}")
}

/// Fills a workspace with one of each.
pub async fn plant(site: &Site, tenant: &Tenant) -> anyhow::Result<()> {
    let name = tenant.workspace.subdomain.as_str().to_owned();
    let canary = canary(&name);
    for number in 0..3 {
        let user = json!({
            "userName": format!("{canary}.{number}@{name}.example"),
            "externalId": format!("{canary}-external-{number}"),
            "name": { "givenName": canary, "familyName": format!("{canary}-family") },
            "emails": [{ "value": format!("{canary}.{number}@{name}.example"), "type": "work", "primary": true }],
        });
        let user = tenant.call("POST", "/scim/v2/Users", &user).await?.expect(201)?.json();
        let group = json!({
            "displayName": format!("{canary} group {number}"),
            "members": [{ "value": user["id"] }],
        });
        tenant.call("POST", "/scim/v2/Groups", &group).await?.expect(201)?;
    }
    site.person(tenant, &format!("{canary}-viewer"), Role::Viewer).await?;
    let invitation = json!({ "email": format!("{canary}.invited@{name}.example"), "role": "Developer" });
    tenant.call("POST", "/users", &invitation).await?.expect(201)?;
    evidence(site, tenant, &canary).await?;
    sign_on(site, tenant, &canary).await
}

/// An identity provider, keys of our own, and somebody who signed in with them.
async fn sign_on(site: &Site, tenant: &Tenant, canary: &str) -> anyhow::Result<()> {
    let day = SignedDuration::from_hours(24);
    let now = site.now();
    let idp = SigningIdp::generate(canary, now.checked_sub(day)?, now.checked_add(day)?)?;
    let entity_id = format!("http://www.okta.com/{canary}");
    let sso_url = format!("https://{canary}.okta.com/app/{canary}/sso/saml");
    let metadata = json!({ "metadata_xml": idp.metadata_xml(&entity_id, &sso_url) });
    tenant.call("POST", "/security/sso", &metadata).await?.expect(200)?;
    for purpose in ["signing", "encryption"] {
        tenant.call("POST", "/security/sso/keys", &json!({ "purpose": purpose })).await?.expect(201)?;
    }
    let (acs, sp) = (format!("{}/auth/saml/acs", tenant.origin), format!("{}/saml/metadata", tenant.origin));
    let name = format!("{canary}.0@{}.example", tenant.workspace.subdomain.as_str());
    let mut response = ResponseSpec::okta(now, &entity_id, &acs, &sp, &name);
    response.sign = Sign::Both;
    let response = STANDARD.encode(idp.response(&response)?);
    let form =
        form_urlencoded::Serializer::new(String::new()).append_pair("SAMLResponse", &response).finish();
    let request = tenant.anonymous("POST", "/auth/saml/acs").body("application/x-www-form-urlencoded", form);
    tenant.send(&request).await?.expect(200)?;
    Ok(())
}

async fn evidence(site: &Site, tenant: &Tenant, canary: &str) -> anyhow::Result<()> {
    let store = site.store(&tenant.workspace);
    let acting = site.acting("job:plant");
    let org = format!("{canary}-org");
    let connection = Connection {
        org: OrgId::new(&*org),
        okta_url: format!("https://{canary}.okta.com"),
        label: format!("{canary} label"),
        client_id: Some(format!("{canary}-client")),
        key_id: format!("{canary}-key"),
        public_key: json!({ "kty": "RSA", "kid": format!("{canary}-key") }),
        cadence: Cadence::Off,
        preflight: None,
        last_scan_at: None,
        created: site.now(),
        version: 1,
    };
    store.add_connection(&connection, &acting.record("org.add", format!("org:{org}"), "")).await?;
    let (scan, class, bytes) = (format!("{canary}-scan"), DataClass::Report, canary.as_bytes().to_vec());
    let content_type = "text/html; charset=utf-8";
    let document = Document { scan: &scan, file: "report.html", class, content_type, bytes };
    let stored = site.evidence.keep(&tenant.workspace.tenant, document, site.now()).await?;
    let object = NewObject {
        org: OrgId::new(&*org),
        scan,
        class,
        name: stored.name,
        sha256: stored.sha256,
        size: stored.bytes,
        content_type: content_type.into(),
        published: true,
    };
    store.add_object(object, &acting).await?;
    let until = Until::At(site.now().checked_add(SignedDuration::from_hours(24 * 30))?);
    // Asked for, so that the words of a request are there too.
    let asked = Asked {
        terms: Terms::Scim { okta_url: format!("https://{canary}.okta.com") },
        not_before: site.now(),
        until,
        requested_by: tenant.principal.actor(),
    };
    store.request_approval(asked, &acting).await?;
    let scan = Terms::FirstScan { org: OrgId::new(&*org), okta_url: format!("https://{canary}.okta.com") };
    let approval = site.approve(tenant, scan, until).await?;
    judged(&store, &OrgId::new(&*org), &approval, &format!("{canary}-token"), &acting).await?;
    Ok(())
}

/// Something of the workspace's own for a place in a path.
pub fn own(tenant: &Tenant, parameter: &str) -> String {
    let canary = canary(tenant.workspace.subdomain.as_str());
    match parameter {
        "org" => format!("{canary}-org"),
        "scan" => format!("{canary}-scan"),
        "customer" => tenant.workspace.subdomain.as_str().to_owned(),
        _ => tenant.admin.id.to_string(),
    }
}

/// A path with the workspace's own things in all places.
pub fn filled(tenant: &Tenant, place: &Place) -> String {
    let values: Vec<_> = place.parameters().into_iter().map(|name| own(tenant, name)).collect();
    place.with(&values.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What only `theirs` holds: ids, names, hashes, key parts; the longer ones, that are no accident.
pub fn only_in(theirs: &Dump, ours: &Dump) -> BTreeSet<String> {
    let all = |dump: &Dump| {
        let mut out = BTreeSet::new();
        for ((pk, sk), item) in dump {
            texts(item, &mut out);
            out.extend(pk.split('#').chain(sk.split('#')).map(ToOwned::to_owned));
        }
        out
    };
    let ours = all(ours);
    // Two workspaces can do something in the same second.
    let whole_second = |text: &str| text.len() == 20 && text.parse::<jiff::Timestamp>().is_ok();
    let secret = |text: &String| text.len() >= 8 && !ours.contains(text) && !whole_second(text);
    all(theirs).into_iter().filter(secret).collect()
}

/// Of those, what a request could name: ids, not sentences and not times.
pub fn ids(of: &BTreeSet<String>) -> BTreeSet<String> {
    let id = |text: &str| {
        text.len() <= 80
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b))
            && text.parse::<jiff::Timestamp>().is_err()
    };
    of.iter().filter(|text| id(text)).cloned().collect()
}
