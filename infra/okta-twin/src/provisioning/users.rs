//! Users: assign, update, deactivate, reactivate.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::wire::Session;
use super::{Provisioning, Run, Stop, bodies};
use crate::org::id;
use crate::state::write;

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `attribute eq "value"`, percent-encoded.
pub(super) fn filter(attribute: &str, value: &str) -> String {
    let text = format!("{attribute} eq {}", Value::String(value.to_owned()));
    format!("filter={}&startIndex=1&count=100", utf8_percent_encode(&text, PLAIN))
}

impl Provisioning {
    /// "Test API Credentials".
    pub async fn test_credentials(&self) -> Run {
        let mut session = Session::new(self);
        let result = match session.get("/Users?startIndex=1&count=2").await {
            Ok(answer) => answer.ok("testing the API credentials").map(drop),
            Err(stop) => Err(stop),
        };
        session.finish(result)
    }

    /// Assigns a user (id or login): looks for the userName, then creates or adopts.
    pub async fn assign(&self, user: &str) -> Run {
        let mut session = Session::new(self);
        let result = self.try_assign(&mut session, user).await;
        session.finish(result)
    }

    /// Assigns a user again who was deactivated.
    pub async fn reactivate(&self, user: &str) -> Run {
        let mut session = Session::new(self);
        let result = self.try_reactivate(&mut session, user).await;
        session.finish(result)
    }

    /// Changes the user's profile in the org (a merge patch of `profile`), and pushes it.
    pub async fn update_profile(&self, user: &str, change: &Value) -> Run {
        let mut session = Session::new(self);
        let result = self.try_update(&mut session, user, change).await;
        session.finish(result)
    }

    /// Unassigns a user. Okta never deletes one.
    pub async fn deactivate(&self, user: &str) -> Run {
        let mut session = Session::new(self);
        let result = self.try_deactivate(&mut session, user).await;
        session.finish(result)
    }

    async fn try_assign(&self, session: &mut Session<'_>, key: &str) -> Result<(), Stop> {
        let user = self.user(key)?;
        let scim_id = if let Some(scim_id) = self.find(session, &user).await? {
            self.put(session, &user, &scim_id, Some(true)).await?;
            scim_id
        } else {
            let answer = session.send(Method::POST, "/Users", Some(bodies::create_user(&user))).await?;
            answer.ok("creating user").and_then(|created| bodies::returned_id(&created, "user"))?
        };
        self.remember(|links| {
            links.users.insert(id(&user).to_owned(), scim_id);
            links.assigned.insert(id(&user).to_owned());
        });
        Ok(())
    }

    async fn try_reactivate(&self, session: &mut Session<'_>, key: &str) -> Result<(), Stop> {
        if !self.patches() {
            return self.try_assign(session, key).await;
        }
        let user = self.user(key)?;
        let Some(scim_id) = self.find(session, &user).await? else {
            return self.try_assign(session, key).await;
        };
        self.activate(session, &user, &scim_id, true).await?;
        self.remember(|links| {
            links.users.insert(id(&user).to_owned(), scim_id);
            links.assigned.insert(id(&user).to_owned());
        });
        Ok(())
    }

    async fn try_update(&self, session: &mut Session<'_>, key: &str, change: &Value) -> Result<(), Stop> {
        let user = self.user(key)?;
        let path = format!("/api/v1/users/{}", id(&user));
        let user = write(&self.app.org).merge(&path, &json!({ "profile": change })).unwrap_or(user);
        // "Force Sync" and profile changes send nothing for a user who was never provisioned.
        let Some(scim_id) = self.links().users.get(id(&user)).cloned() else { return Ok(()) };
        self.put(session, &user, &scim_id, None).await
    }

    async fn try_deactivate(&self, session: &mut Session<'_>, key: &str) -> Result<(), Stop> {
        let user = self.user(key)?;
        let Some(scim_id) = self.links().users.get(id(&user)).cloned() else { return Ok(()) };
        self.activate(session, &user, &scim_id, false).await?;
        self.remember(|links| links.assigned.remove(id(&user)));
        Ok(())
    }

    /// The SCIM id of the user with this userName. An empty list and a 404 both mean "none".
    async fn find(&self, session: &mut Session<'_>, user: &Value) -> Result<Option<String>, Stop> {
        let login = user["profile"]["login"].as_str().unwrap_or_default();
        let answer = session.get(&format!("/Users?{}", filter("userName", login))).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let body = answer.ok("searching for user")?;
        Ok(body["Resources"][0]["id"].as_str().map(str::to_owned))
    }

    /// GET, then PUT of all that came, with the mapped attributes changed.
    async fn put(
        &self,
        session: &mut Session<'_>,
        user: &Value,
        scim_id: &str,
        active: Option<bool>,
    ) -> Result<(), Stop> {
        let path = format!("/Users/{scim_id}");
        let mut body = bodies::echo(session.get(&path).await?.ok("reading user")?);
        bodies::map_attributes(user, &mut body);
        body["externalId"] = json!(id(user));
        if let Some(active) = active {
            body["active"] = json!(active);
        }
        session.send(Method::PUT, &path, Some(body)).await?.ok("updating user").map(drop)
    }

    async fn activate(
        &self,
        session: &mut Session<'_>,
        user: &Value,
        scim_id: &str,
        active: bool,
    ) -> Result<(), Stop> {
        if !self.patches() {
            return self.put(session, user, scim_id, Some(active)).await;
        }
        let doing = if active { "reactivating user" } else { "deactivating user" };
        let answer = session
            .send(Method::PATCH, &format!("/Users/{scim_id}"), Some(bodies::patch_active(active)))
            .await?;
        answer.ok(doing).map(drop)
    }
}
