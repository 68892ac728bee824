//! Okta's provisioning end to end: its exact requests from the twin, over HTTP, to the functions and the table.

use anyhow::Context;
use futures::future::{join_all, try_join_all};
use okta_twin::{Outcome as Ended, Provisioning, Run, ScimApp, ScimKind, Secret};
use serde_json::{Value, json};
use shared::{
    scim::UserAttributes,
    store::users::{NewUser, Source},
    tenant::Role,
};
use tests::{
    raw::{Reply, Request},
    routes::encoded,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

const APP: &str = "acme-scim";
/// Groups of the twin's org.
const ADMINS: &str = "Atomation Admins";
const VIEWERS: &str = "Atomation Viewers";

/// A workspace, the twin's app for it, and people of the org.
async fn provisioned(kind: ScimKind) -> anyhow::Result<(Site, Tenant, Provisioning)> {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let base_url = format!("http://{}/scim/v2", acme.address);
    site.stack.twin.put_scim_app(APP, ScimApp { base_url, token: Secret::new(acme.token.clone()), kind });
    let okta = site.stack.twin.provisioning(APP).context("the app")?;
    Ok((site, acme, okta))
}

fn done(run: Run) -> Run {
    assert_eq!(run.outcome, Ended::Done, "{:#?}", run.exchanges.last());
    assert!(
        run.exchanges.iter().all(|e| e.status < 500 && !e.response_body.to_string().contains("password"))
    );
    run
}

/// The logins of a group's members in the org.
fn members_in_org(site: &Site, count: usize) -> Vec<String> {
    let users = site.stack.twin.users().into_iter();
    users.filter(|user| user.status == "ACTIVE").take(count).map(|user| user.login).collect()
}

async fn user(acme: &Tenant, login: &str) -> anyhow::Result<Value> {
    let filter = encoded(&format!("userName eq \"{login}\""));
    let found = acme.get(&format!("/scim/v2/Users?filter={filter}")).await?.expect(200)?.json();
    Ok(found["Resources"][0].clone())
}

async fn members(acme: &Tenant, group: &str) -> anyhow::Result<Vec<String>> {
    let group = acme.get(&format!("/scim/v2/Groups/{group}")).await?.expect(200)?.json();
    let members = group["members"].as_array().context("members")?;
    Ok(members.iter().filter_map(|member| member["value"].as_str()).map(ToOwned::to_owned).collect())
}

/// The role that the workspace's pages give a user; none when the session is refused.
async fn role_shown(acme: &Tenant, cookie: &str) -> anyhow::Result<Option<String>> {
    let request = Request::new("GET", "/").with("cookie", cookie);
    let reply = request.send(acme.address).await?;
    assert!(matches!(reply.status, 200 | 401), "{}", reply.status);
    Ok(reply.json()["role"].as_str().map(ToOwned::to_owned))
}

async fn session_of(site: &Site, acme: &Tenant, login: &str) -> anyhow::Result<String> {
    let user = site.store(&acme.workspace).user_by_name(login).await?.context("the user")?;
    Ok(site.session(&acme.workspace, &user).await?.0)
}

async fn life_of_a_user(kind: ScimKind) -> Outcome {
    let (site, acme, okta) = provisioned(kind).await?;
    done(okta.test_credentials().await);
    let logins = members_in_org(&site, 3);
    let login = &logins[0];
    let created = done(okta.assign(login).await);
    assert_eq!(created.exchanges.iter().map(|e| e.method.as_str()).collect::<Vec<_>>(), ["GET", "POST"]);
    let again = done(okta.assign(login).await);
    assert_eq!(again.exchanges.iter().map(|e| e.method.as_str()).collect::<Vec<_>>(), ["GET", "GET", "PUT"]);
    done(okta.update_profile(login, &json!({ "firstName": "Changed" })).await);
    assert_eq!(user(&acme, login).await?["name"]["givenName"], "Changed");

    // A session ends with the deactivation and does not come back with the reactivation.
    let cookie = session_of(&site, &acme, login).await?;
    assert_eq!(role_shown(&acme, &cookie).await?.as_deref(), Some("User"));
    done(okta.deactivate(login).await);
    assert_eq!(user(&acme, login).await?["active"], false);
    assert_eq!(role_shown(&acme, &cookie).await?, None);
    done(okta.reactivate(login).await);
    assert_eq!(user(&acme, login).await?["active"], true);
    assert_eq!(role_shown(&acme, &cookie).await?, None, "the old session stays dead");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_a_catalog_app_provisions_a_user_from_assignment_to_reactivation() -> Outcome {
    life_of_a_user(ScimKind::Catalog).await
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_a_custom_app_provisions_a_user_from_assignment_to_reactivation() -> Outcome {
    life_of_a_user(ScimKind::Custom).await
}

async fn life_of_a_role_group(kind: ScimKind) -> Outcome {
    let (site, acme, okta) = provisioned(kind).await?;
    for login in members_in_org(&site, 40) {
        done(okta.assign(&login).await);
    }
    let groups = done(okta.refresh_app_groups().await);
    assert_eq!(groups.exchanges[0].response_body["totalResults"], 6);
    done(okta.link_group(ADMINS, "Admin", true).await);
    let admin = acme.role_group(Role::Admin);
    let linked = members(&acme, &admin).await?;
    assert!(!linked.is_empty(), "the org's group has active members");
    let name = acme.get(&format!("/scim/v2/Groups/{admin}")).await?.json()["displayName"].clone();
    assert_eq!(name, "Admin", "c14: a rename is answered with success and changes nothing");

    // The role follows the membership, in a session that lives on.
    let first = acme.get(&format!("/scim/v2/Users/{}", linked[0])).await?.expect(200)?.json();
    let login = first["userName"].as_str().context("a userName")?;
    assert_eq!(first["groups"][0]["value"], json!(admin));
    let cookie = session_of(&site, &acme, login).await?;
    assert_eq!(role_shown(&acme, &cookie).await?.as_deref(), Some("Admin"));
    done(okta.push_membership(ADMINS, &[], &[login]).await);
    assert_eq!(role_shown(&acme, &cookie).await?.as_deref(), Some("User"));
    done(okta.push_membership(ADMINS, &[login], &[]).await);
    assert_eq!(role_shown(&acme, &cookie).await?.as_deref(), Some("Admin"));

    // Two links at once: the higher role; taken out of one: the other.
    done(okta.link_group(VIEWERS, "Viewer", false).await);
    done(okta.push_membership(VIEWERS, &[login], &[]).await);
    assert_eq!(role_shown(&acme, &cookie).await?.as_deref(), Some("Admin"));
    done(okta.push_membership(ADMINS, &[], &[login]).await);
    assert_eq!(role_shown(&acme, &cookie).await?.as_deref(), Some("Viewer"));

    // "Push now" puts right what somebody else changed.
    let body =
        json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": acme.admin.id }] }] });
    acme.call("PATCH", &format!("/scim/v2/Groups/{admin}"), &body).await?.expect(204)?;
    done(okta.push_now(ADMINS).await);
    let now = members(&acme, &admin).await?;
    assert_eq!(now.len(), linked.len() - 1);
    assert!(!now.contains(&acme.admin.id.to_string()));

    // Unlink with delete: the role-group is emptied and stays, the roles are gone.
    let viewer = acme.role_group(Role::Viewer);
    done(okta.unlink(VIEWERS, true).await);
    assert_eq!(members(&acme, &viewer).await?, [""; 0]);
    assert_eq!(role_shown(&acme, &cookie).await?.as_deref(), Some("User"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_a_catalog_app_links_pushes_and_unlinks_role_groups() -> Outcome {
    life_of_a_role_group(ScimKind::Catalog).await
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_a_custom_app_links_pushes_and_unlinks_role_groups() -> Outcome {
    life_of_a_role_group(ScimKind::Custom).await
}

async fn life_of_a_group(kind: ScimKind) -> Outcome {
    let (site, acme, okta) = provisioned(kind).await?;
    for login in members_in_org(&site, 40) {
        done(okta.assign(&login).await);
    }
    done(okta.push_create(VIEWERS).await);
    let id = okta.links().pushed.values().next().context("the push")?.scim_id.clone();
    let pushed = members(&acme, &id).await?;
    assert!(pushed.len() > 2, "the org's group has active members");
    done(okta.rename(VIEWERS, "Renamed").await);
    assert_eq!(acme.get(&format!("/scim/v2/Groups/{id}")).await?.json()["displayName"], "Renamed");

    // C11: somebody whom only Okta still knows. The rest of the batch is applied, and the id is in the log.
    let gone = &pushed[0];
    let login = acme.get(&format!("/scim/v2/Users/{gone}")).await?.json()["userName"].clone();
    let login = login.as_str().context("a userName")?;
    acme.send(&acme.request("DELETE", &format!("/scim/v2/Users/{gone}"))).await?.expect(204)?;
    assert!(!members(&acme, &id).await?.contains(gone), "a deleted user is a member of nothing");
    let other = acme.get(&format!("/scim/v2/Users/{}", pushed[1])).await?.json()["userName"].clone();
    let other = other.as_str().context("a userName")?;
    done(okta.push_membership(VIEWERS, &[], &[other]).await);
    done(okta.push_membership(VIEWERS, &[login, other], &[]).await);
    let now = members(&acme, &id).await?;
    assert!(now.contains(&pushed[1]) && !now.contains(gone));
    let log = acme.get("/audit").await?.expect(200)?.body;
    assert!(log.contains(&format!("unknown:{gone}")));

    done(okta.unlink(VIEWERS, true).await);
    acme.get(&format!("/scim/v2/Groups/{id}")).await?.expect(404)?;
    let left = acme.get(&format!("/scim/v2/Users/{}", pushed[1])).await?.expect(200)?.json();
    assert!(left["groups"].as_array().is_none_or(Vec::is_empty), "{left}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_c15_a_catalog_app_pushes_a_group_of_its_own() -> Outcome {
    life_of_a_group(ScimKind::Catalog).await
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_c15_a_custom_app_pushes_a_group_of_its_own() -> Outcome {
    life_of_a_group(ScimKind::Custom).await
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_who_was_invited_or_came_by_sign_in_is_adopted_once() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    for source in [Source::Invited, Source::Jit] {
        let name = format!("{}@acme.example", source.as_str());
        let attributes = UserAttributes::from_create(&json!({ "userName": name }))
            .map_err(|e| anyhow::anyhow!("{e:?}"))?;
        let new = NewUser { attributes, source, grants: vec![Role::Viewer] };
        let before = site.store(&acme.workspace).create_user(new, &site.acting("job:test")).await?;
        let body = json!({ "userName": name.to_uppercase(), "name": { "familyName": "Adopted" } });
        let adopted = acme.call("POST", "/scim/v2/Users", &body).await?.expect(201)?.json();
        assert_eq!(adopted["id"], before.id.as_str());
        assert_eq!(adopted["name"]["familyName"], "Adopted");
        let again = acme.call("POST", "/scim/v2/Users", &body).await?.expect(409)?.json();
        assert_eq!((&again["scimType"], &again["status"]), (&json!("uniqueness"), &json!("409")));
        let after = site.store(&acme.workspace).user(before.id.as_str()).await?.context("the user")?;
        assert_eq!((after.source, after.grants), (Source::Scim, vec![Role::Viewer]));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c06_of_sixteen_creations_of_one_name_one_succeeds() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    for round in 0..3 {
        let body = json!({ "userName": format!("racing.{round}@acme.example") });
        let all = join_all((0..16).map(|_| acme.call("POST", "/scim/v2/Users", &body))).await;
        let mut statuses =
            all.into_iter().map(|reply| Ok(reply?.status)).collect::<anyhow::Result<Vec<_>>>()?;
        statuses.sort_unstable();
        let mut expected = vec![409; 16];
        expected[0] = 201;
        assert_eq!(statuses, expected);
    }
    // The sponsor and three: what failed left no trace in the count and none in the pages.
    let list = acme.get("/scim/v2/Users?startIndex=1&count=200").await?.expect(200)?.json();
    assert_eq!(list["totalResults"], 4);
    let names: Vec<_> =
        list["Resources"].as_array().into_iter().flatten().map(|user| &user["userName"]).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_parallel_patches_of_two_groups_lose_nothing() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let create = |number: usize| {
        let (acme, body) = (&acme, json!({ "userName": format!("user.{number}@acme.example") }));
        async move { acme.call("POST", "/scim/v2/Users", &body).await?.expect(201) }
    };
    let users = try_join_all((0..8).map(create)).await?;
    let users: Vec<_> =
        users.iter().filter_map(|user| user.json()["id"].as_str().map(ToOwned::to_owned)).collect();
    let custom =
        acme.call("POST", "/scim/v2/Groups", &json!({ "displayName": "Custom" })).await?.expect(201)?.json();
    let groups = [acme.role_group(Role::Developer), custom["id"].as_str().context("an id")?.to_owned()];
    let removal = |user: &str| json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") });
    let addition = |users: &[&str]| {
        let members: Vec<_> = users.iter().map(|user| json!({ "value": user })).collect();
        json!({ "op": "add", "path": "members", "value": members })
    };
    // Users 0 and 1 are only added, 2 and 3 only removed (they were members before), 4 to 7 both.
    for group in &groups {
        let body = json!({ "Operations": [addition(&[&users[2], &users[3]])] });
        acme.call("PATCH", &format!("/scim/v2/Groups/{group}"), &body).await?.expect(204)?;
    }
    let patch = |number: usize| {
        let (add, remove) = (&users[4 + number % 4], &users[4 + (number + 1) % 4]);
        let operations = match number % 4 {
            0 => json!([addition(&[&users[0], &users[1]]), removal(&users[2])]),
            1 => json!([removal(&users[3]), addition(&[add])]),
            2 => json!([addition(&[&users[1], add]), removal(remove)]),
            _ => json!([removal(remove), removal(&users[2]), addition(&[&users[0]])]),
        };
        let path = format!("/scim/v2/Groups/{}", groups[number / 4 % 2]);
        let acme = &acme;
        async move { acme.call("PATCH", &path, &json!({ "Operations": operations })).await?.expect(204) }
    };
    let replies: Vec<Reply> = try_join_all((0..32).map(patch)).await?;
    assert_eq!(replies.len(), 32);
    for group in &groups {
        let members = members(&acme, group).await?;
        let is_member = |user: &String| members.contains(user);
        assert!(users[..2].iter().all(is_member), "what was only added is there");
        assert!(!users[2..4].iter().any(is_member), "what was only removed is gone");
        // Both sides of each membership say the same.
        for user in &users {
            let seen = acme.get(&format!("/scim/v2/Users/{user}")).await?.expect(200)?.json();
            let in_user = seen["groups"].as_array().into_iter().flatten().any(|g| g["value"] == json!(group));
            assert_eq!(in_user, is_member(user), "{user} in {group}");
        }
    }
    Ok(())
}
