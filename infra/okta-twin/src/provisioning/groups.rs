//! Group push: link or create, membership, rename, push now, unlink.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::users::filter;
use super::wire::Session;
use super::{AppGroup, Provisioning, PushedGroup, Run, Stop, bodies};
use crate::org::id;

/// Members in one PATCH.
const BATCH: usize = 256;

/// Rows in one page of "Refresh App Groups".
const PAGE: u64 = 100;

impl Provisioning {
    /// "Refresh App Groups": every page, then kept for [`Self::link_group`].
    pub async fn refresh_app_groups(&self) -> Run {
        let mut session = Session::new(self);
        let result = self.try_refresh(&mut session).await;
        session.finish(result)
    }

    /// Links a group of the org (id or name) to one of the other side (name or id), pushes its assigned
    /// members, and renames the other side's group if asked to.
    pub async fn link_group(&self, okta_group: &str, app_group: &str, rename: bool) -> Run {
        let mut session = Session::new(self);
        let result = self.try_link(&mut session, okta_group, app_group, rename).await;
        session.finish(result)
    }

    /// Pushes a group by name: creates it on the other side unless there is one of this name.
    pub async fn push_create(&self, okta_group: &str) -> Run {
        let mut session = Session::new(self);
        let result = self.try_push_create(&mut session, okta_group).await;
        session.finish(result)
    }

    /// Adds and removes members (ids or logins) of a pushed group. Who is not assigned is left out.
    pub async fn push_membership(&self, okta_group: &str, add: &[&str], remove: &[&str]) -> Run {
        let mut session = Session::new(self);
        let result = self.try_membership(&mut session, okta_group, add, remove).await;
        session.finish(result)
    }

    /// "Push now": the whole membership again.
    pub async fn push_now(&self, okta_group: &str) -> Run {
        let mut session = Session::new(self);
        let result = self.try_push_now(&mut session, okta_group).await;
        session.finish(result)
    }

    /// Renames the pushed group.
    pub async fn rename(&self, okta_group: &str, name: &str) -> Run {
        let mut session = Session::new(self);
        let result = match self.pushed(okta_group) {
            Ok((key, pushed)) => self.send_name(&mut session, &key, &pushed.scim_id, name).await,
            Err(stop) => Err(stop),
        };
        session.finish(result)
    }

    /// Ends the push: leaves the group on the other side (sends nothing), or deletes it.
    pub async fn unlink(&self, okta_group: &str, delete: bool) -> Run {
        let mut session = Session::new(self);
        let result = self.try_unlink(&mut session, okta_group, delete).await;
        session.finish(result)
    }

    async fn try_refresh(&self, session: &mut Session<'_>) -> Result<(), Stop> {
        let mut groups: Vec<AppGroup> = Vec::new();
        let mut start = 1;
        loop {
            let body = session
                .get(&format!("/Groups?startIndex={start}&count={PAGE}"))
                .await?
                .ok("importing groups")?;
            let rows = body["Resources"].as_array().cloned().unwrap_or_default();
            groups.extend(rows.iter().filter_map(|row| {
                let display_name = row["displayName"].as_str()?.to_owned();
                Some(AppGroup { id: row["id"].as_str()?.to_owned(), display_name })
            }));
            start += PAGE;
            if rows.is_empty() || start > body["totalResults"].as_u64().unwrap_or(0) {
                break;
            }
        }
        self.remember(|links| links.app_groups = groups);
        Ok(())
    }

    async fn try_link(
        &self,
        session: &mut Session<'_>,
        okta: &str,
        app: &str,
        rename: bool,
    ) -> Result<(), Stop> {
        let group = self.group(okta)?;
        let links = self.links();
        let found = links.app_groups.iter().find(|group| group.display_name == app || group.id == app);
        let found = found.ok_or_else(|| {
            Stop::Failed("There is no such app group. Refresh App Groups first.".to_owned())
        })?;
        self.begin(session, &group, found.id.clone(), found.display_name.clone()).await?;
        if rename {
            let name = group["profile"]["name"].as_str().unwrap_or_default();
            self.send_name(session, id(&group), &found.id, name).await?;
        }
        Ok(())
    }

    async fn try_push_create(&self, session: &mut Session<'_>, okta: &str) -> Result<(), Stop> {
        let group = self.group(okta)?;
        let name = group["profile"]["name"].as_str().unwrap_or_default().to_owned();
        let answer = session.get(&format!("/Groups?{}", filter("displayName", &name))).await?;
        let found = if answer.status == 404 { Value::Null } else { answer.ok("searching for group")? };
        let scim_id = if let Some(scim_id) = found["Resources"][0]["id"].as_str() {
            scim_id.to_owned()
        } else {
            let answer = session.send(Method::POST, "/Groups", Some(bodies::create_group(&name))).await?;
            answer.ok("creating group").and_then(|created| bodies::returned_id(&created, "group"))?
        };
        self.begin(session, &group, scim_id, name).await
    }

    /// Remembers the link, and pushes the members for the first time.
    async fn begin(
        &self,
        session: &mut Session<'_>,
        group: &Value,
        scim_id: String,
        name: String,
    ) -> Result<(), Stop> {
        let members = self.assigned_members(group);
        let add: Vec<String> = members.iter().cloned().collect();
        let pushed = PushedGroup { scim_id: scim_id.clone(), name, members };
        self.remember(|links| links.pushed.insert(id(group).to_owned(), pushed.clone()));
        if self.patches() {
            self.send_changes(session, &scim_id, &add, &[]).await
        } else {
            self.send_all(session, &pushed).await
        }
    }

    async fn try_membership(
        &self,
        session: &mut Session<'_>,
        okta: &str,
        add: &[&str],
        remove: &[&str],
    ) -> Result<(), Stop> {
        let (key, before) = self.pushed(okta)?;
        let links = self.links();
        let resolve = |users: &[&str]| -> Result<BTreeSet<String>, Stop> {
            users.iter().map(|user| Ok(id(&*self.user(user)?).to_owned())).collect()
        };
        let (mut add, mut remove) = (resolve(add)?, resolve(remove)?);
        // Only who is assigned is added; who is not any more can still be taken out.
        add.retain(|user| links.assigned.contains(user));
        remove.retain(|user| links.users.contains_key(user));
        let after = self.remember(|links| {
            let pushed = links.pushed.get_mut(&key)?;
            pushed.members.retain(|member| !remove.contains(member));
            pushed.members.extend(add.iter().cloned());
            Some(pushed.clone())
        });
        let after = after.unwrap_or(before);
        if !self.patches() {
            return self.send_all(session, &after).await;
        }
        let (add, remove): (Vec<_>, Vec<_>) = (add.into_iter().collect(), remove.into_iter().collect());
        self.send_changes(session, &after.scim_id, &add, &remove).await?;
        // Okta sends the name along with every change of membership.
        self.send_name(session, &key, &after.scim_id, &after.name).await
    }

    async fn try_push_now(&self, session: &mut Session<'_>, okta: &str) -> Result<(), Stop> {
        let (_, pushed) = self.pushed(okta)?;
        if !self.patches() {
            return self.send_all(session, &pushed).await;
        }
        let members: Vec<String> = pushed.members.iter().cloned().collect();
        let body = bodies::patch_all_members(&self.as_members(&members));
        let answer = session.send(Method::PATCH, &format!("/Groups/{}", pushed.scim_id), Some(body)).await?;
        answer.ok("pushing group").map(drop)
    }

    async fn try_unlink(&self, session: &mut Session<'_>, okta: &str, delete: bool) -> Result<(), Stop> {
        let (key, pushed) = self.pushed(okta)?;
        if delete {
            let answer = session.send(Method::DELETE, &format!("/Groups/{}", pushed.scim_id), None).await?;
            answer.ok("deleting group")?;
        }
        self.remember(|links| links.pushed.remove(&key));
        Ok(())
    }

    /// Okta's id of a pushed group, and the push.
    fn pushed(&self, okta: &str) -> Result<(String, PushedGroup), Stop> {
        let key = id(&*self.group(okta)?).to_owned();
        let pushed = self.links().pushed.remove(&key);
        Ok((key, pushed.ok_or_else(|| Stop::Failed("This group is not pushed.".to_owned()))?))
    }

    async fn send_changes(
        &self,
        session: &mut Session<'_>,
        scim_id: &str,
        add: &[String],
        remove: &[String],
    ) -> Result<(), Stop> {
        let known = self.links().users;
        let remove: Vec<String> = remove.iter().filter_map(|user| known.get(user).cloned()).collect();
        let add = self.as_members(add);
        let path = format!("/Groups/{scim_id}");
        let removals = remove.chunks(BATCH).map(|batch| bodies::patch_members(&[], batch));
        let additions = add.chunks(BATCH).map(|batch| bodies::patch_members(batch, &[]));
        let patches: Vec<Value> =
            if add.len() + remove.len() <= BATCH && !(add.is_empty() && remove.is_empty()) {
                vec![bodies::patch_members(&add, &remove)]
            } else {
                removals.chain(additions).collect()
            };
        for patch in patches {
            session.send(Method::PATCH, &path, Some(patch)).await?.ok("updating group membership")?;
        }
        Ok(())
    }

    /// GET, then PUT with the full list of members.
    async fn send_all(&self, session: &mut Session<'_>, pushed: &PushedGroup) -> Result<(), Stop> {
        let path = format!("/Groups/{}", pushed.scim_id);
        let mut body = bodies::echo(session.get(&path).await?.ok("reading group")?);
        let members: Vec<String> = pushed.members.iter().cloned().collect();
        body["members"] = json!(self.as_members(&members));
        session.send(Method::PUT, &path, Some(body)).await?.ok("updating group").map(drop)
    }

    async fn send_name(
        &self,
        session: &mut Session<'_>,
        key: &str,
        scim_id: &str,
        name: &str,
    ) -> Result<(), Stop> {
        let path = format!("/Groups/{scim_id}");
        let answer = if self.patches() {
            session.send(Method::PATCH, &path, Some(bodies::patch_name(scim_id, name))).await?
        } else {
            let mut body = bodies::echo(session.get(&path).await?.ok("reading group")?);
            body["displayName"] = json!(name);
            session.send(Method::PUT, &path, Some(body)).await?
        };
        answer.ok("renaming group")?;
        self.remember(|links| {
            if let Some(pushed) = links.pushed.get_mut(key) {
                name.clone_into(&mut pushed.name);
            }
        });
        Ok(())
    }

    fn as_members(&self, users: &[String]) -> Vec<Value> {
        let known = self.links().users;
        let one = |user: &String| Some(bodies::member(known.get(user)?, &*self.user(user).ok()?));
        users.iter().filter_map(one).collect()
    }
}
