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
            self.state.finish(SCAN)?;
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
        }
        let org = self.org(sponsor).await?;
        let path = format!("/orgs/{org}");
        let client = json!({ "client_id": CLIENT_ID });
        sponsor.post(&mut self.narrator, &format!("{path}/client"), &client).await?.expect(200)?;
        // Nothing is asked of the org before the customer approved it.
        sponsor
            .post(&mut self.narrator, &format!("{path}/preflight"), &json!({}))
            .await?
            .expect_any(&[403, 409])?;
        self.ask_and_approve(sponsor, &json!({ "kind": "api_access", "org": org })).await?;

        let shown = sponsor.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        let scopes: BTreeSet<String> = shown["scopes"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|scope| scope["scope"].as_str().map(ToOwned::to_owned))
            .collect();
        ensure!(
            scopes.iter().all(|scope| scope.ends_with(".read")),
            "a scope that is not read-only was asked for"
        );
        let mut app = ServiceApp {
            client_id: CLIENT_ID.to_owned(),
            label: "Acme Okta Assessment Service - Production".to_owned(),
            // The workspace's own port: the address that the twin reaches without resolving *.localhost.
            jwks_uri: Some(format!("{}/.well-known/okta-jwks.json", self.stack.address(CUSTOMER).await?)),
            scopes: BTreeSet::new(),
            roles: ["READ_ONLY_ADMIN".to_owned()].into(),
            ..ServiceApp::default()
        };
        self.stack.twin.put_service_app(app.clone());
        let preflight = format!("{path}/preflight");
        let checked =
            sponsor.post(&mut self.narrator, &preflight, &json!({})).await?.expect_any(&[200, 422])?;
        self.narrator
            .note(&format!("With no scope granted the check says: passed = {}", checked.json()?["passed"]));
        app.scopes = scopes;
        app.permissions = super::permissions();
        self.stack.twin.put_service_app(app);
        let checked = sponsor.post(&mut self.narrator, &preflight, &json!({})).await?.expect(200)?.json()?;
        self.tell_permissions(&checked);
        ensure!(checked["passed"] == true, "the preflight does not pass: {checked}");

        // A scan needs the customer's word too.
        sponsor
            .post(&mut self.narrator, &format!("{path}/scans"), &json!({}))
            .await?
            .expect_any(&[403, 409])?;
        self.ask_and_approve(sponsor, &json!({ "kind": "first_scan", "org": org })).await
    }

    fn tell_permissions(&mut self, checked: &Value) {
        let permissions = checked["permissions"].as_array().cloned().unwrap_or_default();
        for permission in &permissions {
            let (name, state) = (permission["permission"].as_str(), permission["state"].as_str());
            self.narrator.note(&format!("   {:<36} {}", name.unwrap_or("?"), state.unwrap_or("?")));
        }
    }

    /// Asks for an approval and gives it, where one person may do both.
    async fn ask_and_approve(&mut self, person: &mut Browser, ask: &Value) -> anyhow::Result<()> {
        let id = self.ask(person, ask).await?;
        self.approve(person, &id).await
    }

    pub(super) async fn ask(&mut self, person: &mut Browser, ask: &Value) -> anyhow::Result<String> {
        let asked = person.post(&mut self.narrator, "/approvals", ask).await?.expect(201)?.json()?;
        asked["id"].as_str().map(ToOwned::to_owned).context("the approval has no id")
    }

    async fn scan(&mut self, people: &mut People) -> anyhow::Result<()> {
        let org = self.org(&mut people.sponsor).await?;
        let path = format!("/orgs/{org}/scans");
        let begun = people.sponsor.post(&mut self.narrator, &path, &json!({})).await?.expect(202)?.json()?;
        let scan = begun["scan"].as_str().context("no scan id")?.to_owned();
        // Asked again while it is under way, it is the same scan.
        let again =
            people.sponsor.post(&mut self.narrator, &path, &json!({})).await?.expect_any(&[200, 202])?;
        ensure!(again.json()?["scan"] == scan.as_str(), "a second scan was begun beside the first");
        self.work_off("scanning").await?;
        self.come_back(people).await?;
        let judged = self.judged(&mut people.sponsor, &org, &scan).await?;
        self.tell_scan(&judged);

        if self.travels {
            self.scan_by_schedule(people, &path).await?;
        }
        self.tell_counters()
    }

    async fn scan_by_schedule(&mut self, people: &mut People, path: &str) -> anyhow::Result<()> {
        self.narrator.note("The schedule fires; a week later the org is due");
        self.stack.fire("scan-trigger").await?;
        self.stack.clock.advance(jiff::SignedDuration::from_hours(24 * 7 + 1));
        let fired = self.stack.fire("scan-trigger").await?;
        self.narrator.exchange("schedule", "EventBridge -> scan-trigger", &fired.to_string(), "");
        self.work_off("scanning").await?;
        self.come_back(people).await?;
        let scans = people.sponsor.get(&mut self.narrator, path).await?.expect(200)?.json()?;
        let scans = scans["scans"].as_array().context("no list of scans")?.clone();
        // A run that was killed here has begun one before.
        ensure!(scans.len() >= 2, "want two scans, got {}", scans.len());
        Ok(())
    }

    /// Time went by: whose session has ended signs in again.
    async fn come_back(&mut self, people: &mut People) -> anyhow::Result<()> {
        people.operator = self.sign_in_operator().await?;
        people.sponsor = self.sign_in("sponsor", CUSTOMER, super::SPONSOR).await?;
        people.second_admin = self.sign_in("2nd admin", CUSTOMER, super::SECOND_ADMIN).await?;
        people.coordinator = self.sign_in("coordin.", CUSTOMER, super::COORDINATOR).await?;
        let mut engineer = self.visitor("engineer").await?;
        let login = self.person()?;
        self.start_at_workspace(&mut engineer, &login).await?;
        people.engineer = Some(engineer);
        Ok(())
    }

    async fn judged(&mut self, person: &mut Browser, org: &str, scan: &str) -> anyhow::Result<Value> {
        let shown =
            person.get(&mut self.narrator, &format!("/scans/{org}/{scan}")).await?.expect(200)?.json()?;
        ensure!(shown["state"]["state"] == "judged", "the scan is {}", shown["state"]);
        Ok(shown)
    }

    fn tell_scan(&mut self, shown: &Value) {
        for key in ["progress", "coverage", "outcomes", "manifestSha256"] {
            self.narrator.note(&format!("   {key}: {}", shown[key]));
        }
        for rule in shown["rules"].as_array().into_iter().flatten() {
            let word = |key: &str| rule[key].as_str().unwrap_or("?").to_owned();
            let line = format!(
                "   {:<7} {:<13} {}  {}",
                word("rule"),
                word("outcome"),
                word("title"),
                word("reason")
            );
            self.narrator.note(line.trim_end());
        }
    }

    fn tell_counters(&mut self) -> anyhow::Result<()> {
        let counters = self.stack.twin.counters();
        self.narrator.note(&format!(
            "The org saw {} requests, refused {}, of which {} were attempts to write",
            counters.requests, counters.refused, counters.refusals.writes
        ));
        ensure!(counters.refusals.writes == 0, "something tried to write to the org");
        Ok(())
    }

    async fn review(&mut self, people: &mut People) -> anyhow::Result<()> {
        let org = self.org(&mut people.sponsor).await?;
        let path = format!("/orgs/{org}/scans");
        let scans = people.sponsor.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        let scan = scans["scans"][0]["id"].as_str().context("no scan")?.to_owned();
        let review = format!("/review/{CUSTOMER}/{org}/{scan}");
        let operator = &mut people.operator;
        operator.get(&mut self.narrator, &review).await?.expect(200)?;
        // What is not reviewed is not seen.
        let seen = people.sponsor.get(&mut self.narrator, "/reports").await?.expect(200)?.json()?;
        ensure!(seen["reports"].as_array().is_none_or(Vec::is_empty), "a report is there before the review");
        let all = json!({ "finding": "all", "reason": "Checked against the snapshot." });
        operator.post(&mut self.narrator, &format!("{review}/confirm"), &all).await?.expect(200)?;
        operator
            .post(&mut self.narrator, &format!("{review}/publish"), &json!({}))
            .await?
            .expect_any(&[200, 202])?;
        self.work_off("rendering").await?;
        let reports = people.sponsor.get(&mut self.narrator, "/reports").await?.expect(200)?.json()?;
        self.narrator.note(&format!("   reports: {}", reports["reports"]));
        Ok(())
    }

    /// Lets the queues work, moving the stack's time on while there is nothing to do but wait.
    async fn work_off(&mut self, what: &str) -> anyhow::Result<()> {
        let narrator = &mut self.narrator;
        let waited = self.stack.work_off(|waited| narrator.progress(what, waited)).await?;
        self.narrator.note(&format!(
            "{what}: done; the stack's clock moved on by {waited} s to keep the org's limits"
        ));
        Ok(())
    }
}
