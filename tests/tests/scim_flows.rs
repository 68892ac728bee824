//! Okta's provisioning, request by request as it is on the wire: for catalog apps, which PATCH, and for custom apps,
//! which GET and PUT; with the setup guide's five mappings and with Okta's full default mapping.
//!
//! `scim.rs` runs the twin's own client; here the requests are written out, with Okta's headers.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use shared::tenant::Role;
use tests::{
    raw::{Reply, Request},
    routes::encoded,
    site::{Site, Tenant},
};

type Outcome = anyhow::Result<()>;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// Okta sends so many members in one PATCH.
const BATCH: usize = 256;

/// How an app changes things, and what it sends of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Catalog,
    Custom,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mapping {
    Guide,
    Full,
}

struct App {
    acme: Tenant,
    kind: Kind,
    mapping: Mapping,
}

/// Runs a flow for each kind of app with each mapping, in a workspace of its own.
async fn for_each_app(flow: impl AsyncFn(&App) -> Outcome) -> Outcome {
    for_each_kind(&[Mapping::Guide, Mapping::Full], flow).await
}

/// The same, where only some mappings make a difference.
async fn for_each_kind(mappings: &[Mapping], flow: impl AsyncFn(&App) -> Outcome) -> Outcome {
    let site = Site::start().await?;
    for kind in [Kind::Catalog, Kind::Custom] {
        for &mapping in mappings {
            let name = format!("{kind:?}-{mapping:?}").to_lowercase();
            let app = App { acme: site.customer(&name).await?, kind, mapping };
            flow(&app).await.with_context(|| name)?;
        }
    }
    Ok(())
}

impl App {
    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Reply> {
        let request = Request::new(method, &format!("/scim/v2{path}"))
            .with("user-agent", "Okta SCIM Client 1.0.0")
            .with("accept", "application/scim+json")
            .with("accept-charset", "utf-8")
            .with("authorization", &format!("Bearer {}", self.acme.token));
        let request = match body {
            Some(body) => request.body("application/scim+json; charset=utf-8", body.to_string()),
            None => request,
        };
        let reply = self.acme.send(&request).await?;
        ensure!(!reply.body.contains("password"), "{method} {path} says a password");
        let json = reply.status == 204 || reply.header("content-type") == Some("application/scim+json");
        ensure!(json, "{method} {path}: {:?}", reply.header("content-type"));
        Ok(reply)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.send("GET", path, None).await?.expect(200)?.json())
    }

    async fn search(&self, kind: &str, attribute: &str, value: &str) -> anyhow::Result<Value> {
        let filter = encoded(&format!("{attribute} eq \"{value}\""));
        self.get(&format!("/{kind}?filter={filter}&startIndex=1&count=100")).await
    }

    /// What the app's mapping makes of a person.
    fn profile(&self, login: &str, given_name: &str) -> Value {
        let mut body = json!({
            "schemas": [USER],
            "userName": login,
            "name": { "givenName": given_name, "familyName": "Okafor" },
            "emails": [{ "primary": true, "value": login, "type": "work" }],
        });
        if self.mapping == Mapping::Full {
            body["schemas"] = json!([USER, ENTERPRISE]);
            for (part, value) in [("middleName", "B"), ("honorificPrefix", "Dr."), ("honorificSuffix", "PhD")]
            {
                body["name"][part] = json!(value);
            }
            for (name, value) in [
                ("nickName", "Ama"),
                ("profileUrl", "https://people.example.com/amara"),
                ("title", "Engineer"),
                ("userType", "Employee"),
                ("preferredLanguage", "en"),
                ("timezone", "America/Chicago"),
            ] {
                body[name] = json!(value);
            }
            body["emails"] = json!([
                { "primary": true, "value": login, "type": "work" },
                { "primary": false, "value": "second@example.com", "type": "home" },
            ]);
            body["phoneNumbers"] = json!([
                { "value": "+1 555 0100", "type": "work", "primary": true },
                { "value": "+1 555 0101", "type": "mobile" },
            ]);
            body["addresses"] = json!([{
                "primary": true, "type": "work", "streetAddress": "1 Main St", "locality": "Springfield",
                "region": "IL", "postalCode": "62701", "country": "US", "formatted": "1 Main St, Springfield",
            }]);
            body[ENTERPRISE] = json!({
                "employeeNumber": "701984", "costCenter": "4130", "organization": "Example", "division": "R&D",
                "department": "Sales", "manager": { "value": "00u2example", "displayName": "Mo Diaz" },
            });
        }
        body
    }

    /// `POST /Users`: what Okta adds to the mapping by itself.
    fn creation(&self, login: &str) -> Value {
        let mut body = self.profile(login, "Amara");
        for (name, value) in [
            ("displayName", json!("Amara Okafor")),
            ("locale", json!("en-US")),
            ("externalId", json!("00u1exampleAAAAAAAAA")),
            ("groups", json!([])),
            ("password", json!("1mz050nq")),
            ("active", json!(true)),
        ] {
            body[name] = value;
        }
        body
    }

    /// Assigns somebody unknown; gives the id.
    async fn assign(&self, login: &str) -> anyhow::Result<String> {
        let none = self.search("Users", "userName", login).await?;
        ensure!(none["totalResults"] == 0 && none["Resources"] == json!([]), "{none}");
        let created = self.send("POST", "/Users", Some(&self.creation(login))).await?.expect(201)?;
        let id = created.json()["id"].as_str().context("an id")?.to_owned();
        ensure!(created.header("location").is_some_and(|url| url.ends_with(&id)));
        Ok(id)
    }

    /// People straight away, many at once.
    async fn people(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let operations = (0..count).map(|n| {
            let data = self.profile(&format!("person.{n:04}@example.com"), "Person");
            json!({ "method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": data })
        });
        let mut ids = Vec::new();
        for operations in operations.collect::<Vec<_>>().chunks(40) {
            let body = json!({ "schemas": [BULK], "failOnErrors": 1, "Operations": operations });
            let reply = self.send("POST", "/Bulk", Some(&body)).await?.expect(200)?;
            for done in reply.json()["Operations"].as_array().context("Operations")? {
                ensure!(done["status"] == "201", "{done}");
                let url = done["location"].as_str().context("a location")?;
                ids.extend(url.rsplit('/').next().map(str::to_owned));
            }
        }
        ensure!(ids.len() == count, "{} of {count}", ids.len());
        Ok(ids)
    }

    /// A change of a user: GET, then PUT of all that came with the change in it.
    async fn put_user(&self, id: &str, change: impl FnOnce(&mut Value)) -> anyhow::Result<Value> {
        let mut body = self.get(&format!("/Users/{id}")).await?;
        change(&mut body);
        Ok(self.send("PUT", &format!("/Users/{id}"), Some(&body)).await?.expect(200)?.json())
    }

    async fn set_active(&self, id: &str, active: bool) -> Outcome {
        let after = match self.kind {
            Kind::Catalog => {
                let body = json!({
                    "schemas": [PATCH], "Operations": [{ "op": "replace", "value": { "active": active } }],
                });
                self.send("PATCH", &format!("/Users/{id}"), Some(&body)).await?.expect(200)?.json()
            }
            Kind::Custom => self.put_user(id, |body| body["active"] = json!(active)).await?,
        };
        ensure!(after["active"] == active, "{after}");
        Ok(())
    }

    async fn patch_group(&self, id: &str, operations: Value) -> Outcome {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send("PATCH", &format!("/Groups/{id}"), Some(&body)).await?.expect(204).map(drop)
    }

    async fn put_group(&self, id: &str, change: impl FnOnce(&mut Value)) -> Outcome {
        let mut body = self.get(&format!("/Groups/{id}")).await?;
        change(&mut body);
        self.send("PUT", &format!("/Groups/{id}"), Some(&body)).await?.expect(200).map(drop)
    }

    /// Changes who is in a group, as the app's kind does it.
    async fn push(&self, group: &str, add: &[String], remove: &[String]) -> Outcome {
        if self.kind == Kind::Custom {
            let mut after = self.members(group).await?;
            after.retain(|id| !remove.contains(id));
            after.extend(add.iter().cloned());
            return self.put_group(group, |body| body["members"] = listed(&after)).await;
        }
        let removals = remove.iter();
        let removals =
            removals.map(|id| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }));
        let removals: Vec<_> = removals.collect();
        for batch in removals.chunks(BATCH) {
            self.patch_group(group, json!(batch)).await?;
        }
        for batch in add.chunks(BATCH) {
            let add = json!([{ "op": "add", "path": "members", "value": listed(batch) }]);
            self.patch_group(group, add).await?;
        }
        Ok(())
    }

    async fn members(&self, group: &str) -> anyhow::Result<Vec<String>> {
        let group = self.get(&format!("/Groups/{group}")).await?;
        let members = group["members"].as_array().context("members")?;
        let mut ids: Vec<_> =
            members.iter().filter_map(|member| member["value"].as_str()).map(str::to_owned).collect();
        ids.sort();
        Ok(ids)
    }

    async fn rename(&self, group: &str, name: &str) -> Outcome {
        match self.kind {
            Kind::Catalog => {
                let value = json!({ "id": group, "displayName": name });
                self.patch_group(group, json!([{ "op": "replace", "value": value }])).await
            }
            Kind::Custom => self.put_group(group, |body| body["displayName"] = json!(name)).await,
        }
    }

    /// "Push now": the whole membership again.
    async fn push_now(&self, group: &str, all: &[String]) -> Outcome {
        match self.kind {
            Kind::Catalog => {
                let all = json!([{ "op": "replace", "path": "members", "value": listed(all) }]);
                self.patch_group(group, all).await
            }
            Kind::Custom => self.put_group(group, |body| body["members"] = listed(all)).await,
        }
    }
}

/// Members as Okta lists them: without `type`.
fn listed(ids: &[String]) -> Value {
    ids.iter().map(|id| json!({ "value": id, "display": "person@example.com" })).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn test_credentials() -> Outcome {
    for_each_app(async |app| {
        let list = app.get("/Users?startIndex=1&count=2").await?;
        assert_eq!((&list["totalResults"], &list["startIndex"]), (&json!(1), &json!(1)), "the sponsor");
        assert_eq!(list["itemsPerPage"], 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn assign_somebody_unknown_then_somebody_known() -> Outcome {
    for_each_app(async |app| {
        let id = app.assign("amara.okafor@example.com").await?;
        let stored = app.get(&format!("/Users/{id}")).await?;
        for (name, sent) in app.creation("amara.okafor@example.com").as_object().context("a body")? {
            let (dropped, kept) = (["groups", "password"].contains(&name.as_str()), stored.get(name));
            assert_eq!(kept, Some(sent).filter(|_| !dropped), "{name}");
        }
        // A second app of the org, or an import before: found in any case, and taken over.
        let found = app.search("Users", "userName", "AMARA.OKAFOR@example.com").await?;
        assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(id)));
        let known = app.put_user(&id, |body| body["active"] = json!(true)).await?;
        assert_eq!((&known["id"], &known["active"]), (&json!(id), &json!(true)));
        let twice = app.send("POST", "/Users", Some(&app.creation("Amara.Okafor@example.com"))).await?;
        assert_eq!(twice.expect(409)?.json()["scimType"], "uniqueness");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn change_a_profile_by_our_own_body() -> Outcome {
    for_each_app(async |app| {
        let id = app.assign("amara@example.com").await?;
        let before = app.get(&format!("/Users/{id}")).await?;
        let profile = app.profile("amara.diaz@example.com", "Mara");
        let after = app
            .put_user(&id, |body| {
                for (name, value) in profile.as_object().into_iter().flatten() {
                    body[name] = value.clone();
                }
                body["password"] = json!("synced");
            })
            .await?;
        assert_eq!(after["userName"], "amara.diaz@example.com");
        assert_eq!(after["name"]["givenName"], "Mara");
        for (name, value) in before.as_object().context("a body")? {
            if !["userName", "name", "emails", "meta"].contains(&name.as_str()) {
                assert_eq!(&after[name], value, "{name} was not in the change");
            }
        }
        assert_eq!(app.search("Users", "userName", "amara@example.com").await?["totalResults"], 0);
        assert_eq!(app.search("Users", "userName", "amara.diaz@example.com").await?["totalResults"], 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn deactivate_reactivate_and_sync_a_password() -> Outcome {
    for_each_app(async |app| {
        let id = app.assign("amara@example.com").await?;
        let before = app.get(&format!("/Users/{id}")).await?;
        app.set_active(&id, false).await?;
        // Found by the next assignment, and shown by an import, inactive.
        let found = app.search("Users", "userName", "amara@example.com").await?;
        assert_eq!(found["Resources"][0]["active"], false);
        app.set_active(&id, true).await?;
        match app.kind {
            Kind::Catalog => {
                let operations = json!([{ "op": "replace", "value": { "password": "synced" } }]);
                let body = json!({ "schemas": [PATCH], "Operations": operations });
                app.send("PATCH", &format!("/Users/{id}"), Some(&body)).await?.expect(200)?;
            }
            Kind::Custom => drop(app.put_user(&id, |body| body["password"] = json!("synced")).await?),
        }
        let mut after = app.get(&format!("/Users/{id}")).await?;
        after["meta"] = before["meta"].clone();
        assert_eq!(after, before);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn import_users_and_refresh_app_groups() -> Outcome {
    for_each_kind(&[Mapping::Full], async |app| {
        let mut wanted = app.people(104).await?;
        for n in 0..98 {
            let body = json!({ "schemas": [GROUP], "displayName": format!("Group {n}"), "members": [] });
            app.send("POST", "/Groups", Some(&body)).await?.expect(201)?;
        }
        wanted.push(app.acme.admin.id.to_string());
        for (kind, total) in [("Users", 105), ("Groups", 104)] {
            let (mut seen, mut start) = (Vec::new(), 1);
            while start <= total {
                let page = app.get(&format!("/{kind}?startIndex={start}&count=100")).await?;
                assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(total), &json!(start)));
                let rows = page["Resources"].as_array().context("Resources")?;
                assert_eq!(page["itemsPerPage"], rows.len());
                seen.extend(rows.iter().filter_map(|row| row["id"].as_str()).map(str::to_owned));
                start += 100;
            }
            let again = app.get(&format!("/{kind}?startIndex=1&count=100")).await?;
            let again = again["Resources"].as_array().context("Resources")?.iter();
            assert!(again.map(|row| row["id"].as_str()).eq(seen[..100].iter().map(|id| Some(id.as_str()))));
            if kind == "Users" {
                assert_eq!(sorted(seen), sorted(wanted.clone()));
            } else {
                assert_eq!(sorted(seen).windows(2).filter(|pair| pair[0] != pair[1]).count(), 103);
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn push_a_group_that_is_not_there_and_change_it() -> Outcome {
    for_each_kind(&[Mapping::Guide], async |app| {
        let people = sorted(app.people(262).await?);
        let none = app.search("Groups", "displayName", "Engineering").await?;
        assert_eq!(none["totalResults"], 0);
        let body = json!({ "schemas": [GROUP], "displayName": "Engineering", "members": [] });
        let created = app.send("POST", "/Groups", Some(&body)).await?.expect(201)?.json();
        let group = created["id"].as_str().context("an id")?;
        app.push(group, &people, &[]).await?;
        assert_eq!(app.members(group).await?, people);
        app.push(group, &[], &people[..258]).await?;
        assert_eq!(app.members(group).await?, people[258..]);
        app.push_now(group, &people[..3]).await?;
        assert_eq!(app.members(group).await?, people[..3]);
        if app.kind == Kind::Catalog {
            // One request with both, and the whole membership without a path.
            let mixed = json!([
                { "op": "remove", "path": format!("members[value eq \"{}\"]", people[0]) },
                { "op": "add", "path": "members", "value": listed(&people[3..4]) },
            ]);
            app.patch_group(group, mixed).await?;
            assert_eq!(app.members(group).await?, people[1..4]);
            let pathless = json!([{ "op": "replace", "value": { "members": listed(&people[..2]) } }]);
            app.patch_group(group, pathless).await?;
            assert_eq!(app.members(group).await?, people[..2]);
        }
        app.rename(group, "Platform").await?;
        assert_eq!(app.get(&format!("/Groups/{group}")).await?["displayName"], "Platform");
        app.push_now(group, &[]).await?;
        assert_eq!(app.members(group).await?, [""; 0]);
        app.send("DELETE", &format!("/Groups/{group}"), None).await?.expect(204)?;
        app.send("GET", &format!("/Groups/{group}"), None).await?.expect(404)?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn link_a_role_group_unassign_a_member_and_unlink() -> Outcome {
    for_each_app(async |app| {
        let people = sorted(app.people(4).await?);
        let group = app.acme.role_group(Role::Viewer);
        // Linking posts nothing: it goes straight to the membership of our id, then to the name.
        app.push(&group, &people, &[]).await?;
        app.rename(&group, "Their name for it").await?;
        assert_eq!(app.get(&format!("/Groups/{group}")).await?["displayName"], "Viewer");
        // Who is unassigned stays a member, and is nobody all the same.
        app.set_active(&people[0], false).await?;
        assert_eq!(app.members(&group).await?, people);
        let gone = app.get(&format!("/Users/{}", people[0])).await?;
        assert_eq!((&gone["active"], &gone["groups"][0]["value"]), (&json!(false), &json!(group)));
        // Unlink with delete: emptied, and there to be linked again.
        app.send("DELETE", &format!("/Groups/{group}"), None).await?.expect(204)?;
        assert_eq!(app.members(&group).await?, [""; 0]);
        assert!(app.get(&format!("/Users/{}", people[1])).await?.get("groups").is_none());
        Ok(())
    })
    .await
}
