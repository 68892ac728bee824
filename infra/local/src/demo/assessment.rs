//! The org is connected under the customer's approvals, scanned by request and by schedule, and reviewed.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use okta_twin::ServiceApp;
use serde_json::{Value, json};

use super::{Browser, CUSTOMER, Demo, People};

const CONNECT: &str =
    "The customer approves API access and the first scan; preflight shows the permission table";
const SCAN: &str = "A scan by request and one by schedule read the org, seal a snapshot, and rules judge it";
const REVIEW: &str = "The operator reviews the findings and publishes; the report is rendered";

/// Parts of the first that cannot be done again.
const UNAPPROVED: &str = "connect: nothing is asked of the org before API access is approved";
const UNGRANTED: &str = "connect: the preflight does not pass while no scope is granted";
const UNSCANNED: &str = "connect: no scan is begun before the first one is approved";

/// The client id of the twin's service app.
const CLIENT_ID: &str = "0oaatomationdemo0001";

impl Demo<'_> {
    pub(super) async fn assess(&mut self, people: &mut People) -> anyhow::Result<()> {
        if self.begins(CONNECT) {
            self.connect(people).await.context("connecting the org")?;
            self.state.finish(CONNECT)?;
        }
        if self.begins(SCAN) {
            self.scan(people).await.context("scanning")?;
            // Without the schedule it is not the whole step: a later run adds that.
            if self.travels {
                self.state.finish(SCAN)?;
            }
        }
        if self.begins(REVIEW) {
            self.review(people).await.context("reviewing")?;
            self.state.finish(REVIEW)?;
        }
        Ok(())
    }

    /// The org's id: the workspace has one.
    pub(super) async fn org(&mut self, person: &mut Browser) -> anyhow::Result<String> {
        let orgs = person.get(&mut self.narrator, "/orgs").await?.expect(200)?.json()?;
        orgs["orgs"][0]["org"].as_str().map(ToOwned::to_owned).context("there is no org")
    }

    async fn connect(&mut self, people: &mut People) -> anyhow::Result<()> {
        let sponsor = &mut people.sponsor;
        let known = sponsor.get(&mut self.narrator, "/orgs").await?.expect(200)?.json()?;
        if known["orgs"].as_array().is_none_or(Vec::is_empty) {
            let new = json!({ "okta_url": self.stack.twin.base_url(), "label": "Production" });
            sponsor.post(&mut self.narrator, "/orgs", &new).await?.expect(201)?;
        } else {
            ensure!(self.stack.resumed, "an org is there before one was added");
        }
        let org = self.org(sponsor).await?;
        let path = format!("/orgs/{org}");
        let client = json!({ "client_id": CLIENT_ID });
        sponsor.post(&mut self.narrator, &format!("{path}/client"), &client).await?.expect(200)?;
        let preflight = format!("{path}/preflight");
        if !self.state.is_done(UNAPPROVED) {
            sponsor.post(&mut self.narrator, &preflight, &json!({})).await?.expect_any(&[403, 409])?;
            self.state.finish(UNAPPROVED)?;
        }
        self.ask_and_approve(sponsor, &json!({ "kind": "api_access", "org": org })).await?;

        let shown = sponsor.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        let mut app = self.service_app().await?;
        if !self.state.is_done(UNGRANTED) {
            self.stack.twin.put_service_app(app.clone());
            let checked =
                sponsor.post(&mut self.narrator, &preflight, &json!({})).await?.expect(200)?.json()?;
            self.narrator
                .note(&format!("With no scope granted the check says: passed = {}", checked["passed"]));
            ensure!(checked["passed"] == false, "the preflight passes without a scope: {checked}");
            ensure!(
                with_state(&checked, "missing") == scopes(&shown)?,
                "other scopes are missing: {checked}"
            );
            self.state.finish(UNGRANTED)?;
        }
        app.scopes = scopes(&shown)?;
        app.permissions = super::permissions();
        self.stack.twin.put_service_app(app);
        let checked = sponsor.post(&mut self.narrator, &preflight, &json!({})).await?.expect(200)?.json()?;
        self.tell_permissions(&checked);
        ensure!(checked["passed"] == true, "the preflight does not pass: {checked}");
        let granted = with_state(&checked, "granted");
        ensure!(
            granted.is_superset(&scopes(&shown)?),
            "the table does not show each scope as granted: {checked}"
        );

        // A scan needs the customer's word too.
        if !self.state.is_done(UNSCANNED) {
            let scans = format!("{path}/scans");
            sponsor.post(&mut self.narrator, &scans, &json!({})).await?.expect_any(&[403, 409])?;
            self.state.finish(UNSCANNED)?;
        }
        self.ask_and_approve(sponsor, &json!({ "kind": "first_scan", "org": org })).await
    }

    /// The twin's service app, as its administrator creates it: no scope is granted yet.
    async fn service_app(&self) -> anyhow::Result<ServiceApp> {
        Ok(ServiceApp {
            client_id: CLIENT_ID.to_owned(),
            label: "Acme Okta Assessment Service - Production".to_owned(),
            // The workspace's own port: the address that the twin reaches without resolving *.localhost.
            jwks_uri: Some(format!("{}/.well-known/okta-jwks.json", self.stack.address(CUSTOMER).await?)),
            scopes: BTreeSet::new(),
            roles: ["READ_ONLY_ADMIN".to_owned()].into(),
            ..ServiceApp::default()
        })
    }

    fn tell_permissions(&mut self, checked: &Value) {
        let permissions = checked["permissions"].as_array().cloned().unwrap_or_default();
        for permission in &permissions {
            let (name, state) = (permission["permission"].as_str(), permission["state"].as_str());
            self.narrator.note(&format!("   {:<36} {}", name.unwrap_or("?"), state.unwrap_or("?")));
        }
    }
}

/// The lines of the permission table that are in this state.
fn with_state(checked: &Value, state: &str) -> BTreeSet<String> {
    let lines = checked["permissions"].as_array().into_iter().flatten();
    let lines = lines.filter(|line| line["state"] == state);
    lines.filter_map(|line| line["permission"].as_str().map(ToOwned::to_owned)).collect()
}

/// The scopes that the org's page asks its administrator to grant: all of them only read.
fn scopes(shown: &Value) -> anyhow::Result<BTreeSet<String>> {
    let scopes: BTreeSet<String> = shown["scopes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|scope| scope["scope"].as_str().map(ToOwned::to_owned))
        .collect();
    ensure!(!scopes.is_empty(), "no scope is asked for");
    ensure!(
        scopes.iter().all(|scope| scope.ends_with(".read")),
        "a scope that is not read-only was asked for"
    );
    Ok(scopes)
}
