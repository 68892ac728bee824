//! Groups: what a version covers, what a list leaves out, and that a change is there whole or can be sent again.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::{Value, json};
use shared::{
    scim::patch::MAX_OPERATIONS,
    tenant::{Role, resource_id},
};
use tests::{
    load,
    raw::Reply,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

async fn user(acme: &Tenant, name: &str) -> anyhow::Result<String> {
    let body = json!({ "userName": format!("{name}@acme.example") });
    let user = acme.call("POST", "/scim/v2/Users", &body).await?.expect(201)?.json();
    Ok(user["id"].as_str().context("an id")?.to_owned())
}

async fn group(acme: &Tenant, name: &str, members: &[&str]) -> anyhow::Result<(String, Reply)> {
    let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
    let body = json!({ "displayName": name, "members": members });
    let reply = acme.call("POST", "/scim/v2/Groups", &body).await?.expect(201)?;
    Ok((format!("/scim/v2/Groups/{}", reply.json()["id"].as_str().context("an id")?), reply))
}

fn members(group: &Value) -> Vec<&str> {
    group["members"].as_array().into_iter().flatten().filter_map(|member| member["value"].as_str()).collect()
}

fn adding(id: &str) -> Value {
    json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": id }] }] })
}

/// A reads, B adds somebody, A replaces what it read: without a version for members, B's change would be lost.
#[tokio::test(flavor = "multi_thread")]
async fn c13_a_version_covers_the_members_too() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let (a, b) = (user(&acme, "a").await?, user(&acme, "b").await?);
    let (path, created) = group(&acme, "Engineers", &[&a]).await?;
    let read = created.header("etag").context("a version")?.to_owned();
    assert_eq!(members(&created.json()), [a.as_str()]);

    acme.call("PATCH", &path, &adding(&b)).await?.expect(204)?;
    let replace = json!({ "displayName": "Engineers", "members": [{ "value": a }] });
    for method in ["PUT", "DELETE"] {
        let stale = acme.request(method, &path).json(&replace).with("if-match", &read);
        stale.send(acme.address).await?.expect(412)?;
    }
    let now = acme.get(&path).await?.expect(200)?;
    assert_eq!(members(&now.json()).len(), 2);
    let version = now.header("etag").context("a version")?;
    let put = acme.request("PUT", &path).json(&replace).with("if-match", version);
    let put = put.send(acme.address).await?.expect(200)?;
    assert_eq!(members(&put.json()), [a.as_str()]);
    let shown = acme.get(&path).await?.expect(200)?;
    assert_eq!(put.header("etag"), shown.header("etag"), "the answer has the version that it made");
    assert_eq!(put.json(), shown.json());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_a_role_groups_name_is_taken_and_what_was_wanted_of_it_is_in_the_audit_log() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let (path, _) = group(&acme, "Engineers", &[]).await?;
    let rename = json!({ "Operations": [{ "op": "replace", "value": { "displayName": "aDMIN" } }] });
    let refused = acme.call("PATCH", &path, &rename).await?.expect(409)?;
    assert_eq!(refused.json()["scimType"], "uniqueness");
    acme.call("PUT", &path, &json!({ "displayName": "Admin" })).await?.expect(409)?;

    let viewer = acme.role_group(Role::Viewer);
    let path = format!("/scim/v2/Groups/{viewer}");
    acme.call(
        "PATCH",
        &path,
        &json!({ "Operations": [{ "op": "replace", "value": { "displayName": "Mine" } }] }),
    )
    .await?
    .expect(204)?;
    acme.call("DELETE", &path, &json!({})).await?.expect(204)?;
    assert_eq!(acme.get(&path).await?.expect(200)?.json()["displayName"], "Viewer");
    let log = site.store(&acme.workspace).audit_log(site.now(), None, 10).await?;
    let of: Vec<_> = log.iter().filter(|row| row.target.ends_with(&viewer)).map(|row| &*row.action).collect();
    assert_eq!(of, ["group.empty", "group.rename"]);
    Ok(())
}

/// A page of groups as Okta asks for it reads no memberships; who wants them names them.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_members_where_they_are_asked_for() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let a = user(&acme, "a").await?;
    for number in 0..12 {
        group(&acme, &format!("Group {number}"), &[&a]).await?;
    }
    let list = async |query: &str| acme.get(&format!("/scim/v2/Groups?{query}")).await?.expect(200);
    let page = list("startIndex=1&count=100").await?;
    let listed = page.json();
    let listed = listed["Resources"].as_array().context("groups")?;
    assert_eq!(listed.len(), 18);
    assert!(listed.iter().all(|group| group.get("members").is_none()));
    let [trips, calls] = ["trips", "calls"].map(|figure| page.cost(figure));
    assert!(trips < 1.5 && calls < 4.5, "{trips} trips, {calls} calls");

    let asked = list("attributes=displayName,members&count=100").await?.json();
    let with: Vec<_> = asked["Resources"].as_array().context("groups")?.iter().map(members).collect();
    assert_eq!(with.iter().filter(|members| **members == [a.as_str()]).count(), 12);
    let filter = format!("filter=displayName%20sw%20%22Group%201%22%20and%20members.value%20eq%20%22{a}%22");
    assert_eq!(list(&filter).await?.json()["totalResults"], 3);
    Ok(())
}

/// Who was put into a group that is being deleted is in no group afterwards, and a broken deletion can be repeated.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_stays_in_a_group_that_is_gone() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let a = user(&acme, "a").await?;
    let group_id = acme.role_group(Role::Viewer);
    let mut many = load::users(&site, &acme.workspace, 2, 120, &group_id, 0).await?;
    many.push(a.clone());
    let all = json!({ "Operations": [{ "op": "add", "path": "members", "value": many }] });
    for round in 0..20 {
        let (path, _) = group(&acme, &format!("Round {round}"), &[]).await?;
        // In one transaction, and in three.
        let (body, nothing) = (if round % 2 == 0 { adding(&a) } else { all.clone() }, json!({}));
        let (put, gone) =
            futures::join!(acme.call("PATCH", &path, &body), acme.call("DELETE", &path, &nothing));
        gone?.expect(204)?;
        let put = put?;
        assert!(matches!(put.status, 204 | 404 | 429), "{put:?}");
        acme.get(&path).await?.expect(404)?;
        let user = acme.get(&format!("/scim/v2/Users/{a}")).await?.expect(200)?.json();
        assert!(user.get("groups").is_none_or(|groups| groups == &json!([])), "round {round}: {user}");
        let in_it = path.rsplit('/').next().unwrap_or_default();
        let kept = site.dump_of(&acme.workspace).await?;
        let kept: Vec<_> = kept.keys().filter(|(pk, _)| pk.ends_with(&format!("#M#{in_it}"))).collect();
        assert!(kept.is_empty(), "round {round}: {kept:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_ids_that_are_nobodys_are_said_first_and_names_among_them_not_at_all() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let a = user(&acme, "a").await?;
    let stranger = "00000000-0001-8000-8000-000000000000";
    let (_, created) = group(&acme, "Mixed", &[&a, stranger, "amara@acme.example"]).await?;
    assert_eq!(members(&created.json()), [a.as_str()]);
    let log = site.store(&acme.workspace).audit_log(site.now(), None, 10).await?;
    let detail = log.iter().find(|row| row.action == "group.create").context("its record")?.detail.clone();
    assert!(!detail.contains("amara"), "{detail}");
    assert_eq!(detail, format!("unknown:{stranger} unknown:(not an id) +{a}"));
    Ok(())
}

/// People, some of them twice, one of another workspace, ids that nobody has and what is no id.
#[tokio::test(flavor = "multi_thread")]
async fn c11_ten_thousand_members_in_one_operation() -> Outcome {
    let site = Site::start().await?;
    let (acme, globex) = (site.customer("acme").await?, site.customer("globex").await?);
    let (path, _) = group(&acme, "Everybody", &[]).await?;
    let group_id = path.rsplit('/').next().unwrap_or_default();
    let people = load::users(&site, &acme.workspace, 1, 2_500, group_id, 0).await?;
    // In the places of people, but for the part of an id that cannot be guessed.
    let mut nobody: Vec<_> = (2..302).map(|place| resource_id::generate(place, &*site.random)).collect();
    nobody.push(globex.admin.id.to_string());
    let mut named = [people.clone(), nobody.clone()].concat();
    named.extend_from_within(..200);
    let no_ids = 10_000 - named.len();
    named.extend((0..no_ids).map(|number| format!("00u{number:017}")));
    let values: Vec<_> = named.iter().map(|id| json!({ "value": id })).collect();
    let add = json!({ "op": "add", "path": "members", "value": values });
    acme.call("PATCH", &path, &json!({ "Operations": [add] })).await?.expect(204)?;

    let joined = site.store(&acme.workspace).members(group_id, u32::MAX).await?;
    let joined: BTreeSet<_> = joined.into_iter().map(|member| member.user).collect();
    let all: BTreeSet<_> = people.iter().cloned().collect();
    assert!(joined == all, "{} members", joined.len());
    for person in [&people[0], &people[people.len() - 1]] {
        let shown = acme.get(&format!("/scim/v2/Users/{person}")).await?.expect(200)?.json();
        assert_eq!(shown["groups"][0]["value"], group_id);
    }
    let theirs = globex.get(&format!("/scim/v2/Users/{}", globex.admin.id)).await?.expect(200)?.json();
    assert!(theirs["groups"].as_array().is_none_or(Vec::is_empty), "{theirs}");
    let shown = acme.get(&path).await?.expect(200)?.json();
    assert!(shown.get("members").is_none(), "too many to show: none, never some");

    let log = site.store(&acme.workspace).audit_log(site.now(), None, 1_000).await?;
    let changes = log.iter().filter(|row| row.action == "group.members").map(|row| row.detail.as_str());
    let said = changes.collect::<Vec<_>>().join(" ");
    let unsaid: Vec<_> = nobody.iter().filter(|id| !said.contains(&format!("unknown:{id}"))).collect();
    assert!(unsaid.is_empty(), "of another workspace or nobody's, said alike: {unsaid:?}");
    assert_eq!(said.matches("unknown:(not an id)").count(), no_ids);

    let one = json!({ "op": "add", "path": "members", "value": [{ "value": people[0] }] });
    let operations = vec![one; MAX_OPERATIONS + 1];
    acme.call("PATCH", &path, &json!({ "Operations": operations })).await?.expect(413)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_change_that_is_sent_again_does_only_what_is_left() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let viewer = acme.role_group(Role::Viewer);
    let many = load::users(&site, &acme.workspace, 1, 500, &viewer, 0).await?;
    let values: Vec<_> = many.iter().map(|id| json!({ "value": id })).collect();
    let path = format!("/scim/v2/Groups/{viewer}");
    let some = json!({ "Operations": [{ "op": "add", "path": "members", "value": values[..450] }] });
    let all = json!({ "Operations": [{ "op": "add", "path": "members", "value": values }] });
    let first = acme.call("PATCH", &path, &some).await?.expect(204)?;
    let rest = acme.call("PATCH", &path, &all).await?.expect(204)?;
    let nothing = acme.call("PATCH", &path, &all).await?.expect(204)?;
    let [first, rest, nothing] = [first, rest, nothing].map(|reply| reply.cost("wcu"));
    assert!(rest < first / 5.0 && nothing < 10.0, "{first}, {rest}, {nothing} units");
    let shown = acme.get(&format!("{path}?attributes=members")).await?.expect(200)?.json();
    assert_eq!(shown["members"].as_array().map(Vec::len), Some(500));
    Ok(())
}
