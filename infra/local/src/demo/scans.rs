//! The org is scanned: because somebody asks for it, and because the schedule finds it due.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::assessment::rules;

use super::{Browser, CUSTOMER, Demo, People};

const BY_REQUEST: &str = "scan: by request";
const BY_SCHEDULE: &str = "scan: by schedule";

/// Fewer rules that came to a result are no assessment.
const RULES: usize = 12;

/// Nor are rules that all ask about the same things.
const AREAS: usize = 5;

/// A rule that came to one of these says nothing about the org.
const NOT_ASSESSED: [&str; 2] = ["manual", "unverifiable"];

impl Demo<'_> {
    pub(super) async fn scan(&mut self, people: &mut People) -> anyhow::Result<()> {
        let org = self.org(&mut people.sponsor).await?;
        if !self.state.is_done(BY_REQUEST) {
            self.scan_by_request(people, &org).await?;
            self.state.finish(BY_REQUEST)?;
        }
        if self.travels && !self.state.is_done(BY_SCHEDULE) {
            self.scan_by_schedule(people, &org).await?;
            self.state.finish(BY_SCHEDULE)?;
        }
        self.tell_counters()
    }

    async fn scan_by_request(&mut self, people: &mut People, org: &str) -> anyhow::Result<()> {
        let path = format!("/orgs/{org}/scans");
        let mut begun = people.sponsor.post(&mut self.narrator, &path, &json!({})).await?;
        if self.stack.resumed && begun.status.as_u16() == 503 {
            // The scan of a run that was stopped ended at this very moment: asked again, the next one begins.
            begun = people.sponsor.post(&mut self.narrator, &path, &json!({})).await?;
        }
        let begun = begun.expect(202)?.json()?;
        let scan = begun["scan"].as_str().context("no scan id")?.to_owned();
        if begun["new"] == true {
            // Asked again while it is under way, it is the same scan.
            let again =
                people.sponsor.post(&mut self.narrator, &path, &json!({})).await?.expect_any(&[200, 202])?;
            ensure!(again.json()?["scan"] == scan.as_str(), "a second scan was begun beside the first");
        } else {
            // A served stack's schedule can be faster.
            ensure!(self.stack.resumed || !self.travels, "a scan was under way before one was asked for");
        }
        self.work_off("scanning").await?;
        self.come_back(people).await?;
        let judged = self.judged(&mut people.sponsor, org, &scan).await?;
        self.tell_scan(&judged);
        Ok(())
    }

    async fn scan_by_schedule(&mut self, people: &mut People, org: &str) -> anyhow::Result<()> {
        self.narrator.note("The schedule fires; a week later the org is due");
        self.fire(0).await?;
        self.stack.advance(SignedDuration::from_hours(24 * 7 + 1))?;
        self.fire(1).await?;
        self.work_off("scanning").await?;
        self.come_back(people).await?;
        let path = format!("/orgs/{org}/scans");
        let scans = people.sponsor.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        let scans = scans["scans"].as_array().context("no list of scans")?;
        // A run that was stopped here has begun one before.
        ensure!(scans.len() >= 2, "want two scans, got {}", scans.len());
        let newest = scans.first().context("no scan")?;
        ensure!(
            newest["trigger"]["kind"] == "schedule",
            "the newest scan was begun by {}",
            newest["trigger"]
        );
        let scan = newest["id"].as_str().context("a scan without id")?;
        self.judged(&mut people.sponsor, org, scan).await.map(drop)
    }

    /// Fires the schedule, which must begin so many scans.
    async fn fire(&mut self, due: u32) -> anyhow::Result<()> {
        let fired = self.stack.fire("scan-trigger").await?;
        self.narrator.exchange("schedule", "EventBridge -> scan-trigger", &fired.to_string(), "");
        ensure!(fired["failed"] == 0, "an org could not be looked at: {fired}");
        // A run that was stopped may have moved the clock on already, or have begun the scan.
        let as_due = fired["began"] == due;
        ensure!(self.stack.resumed || as_due, "want {due} scans begun by the schedule, got {fired}");
        Ok(())
    }

    /// Time went by: whose session has ended signs in again.
    pub(super) async fn come_back(&mut self, people: &mut People) -> anyhow::Result<()> {
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

    /// The scan, which must have come to something.
    async fn judged(&mut self, person: &mut Browser, org: &str, scan: &str) -> anyhow::Result<Value> {
        let shown =
            person.get(&mut self.narrator, &format!("/scans/{org}/{scan}")).await?.expect(200)?.json()?;
        ensure!(shown["state"]["state"] == "judged", "the scan is {}", shown["state"]);
        let rules = shown["rules"].as_array().context("the sponsor is not shown what the rules came to")?;
        let assessed: Vec<_> = rules
            .iter()
            .filter(|rule| rule["outcome"].as_str().is_some_and(|outcome| !NOT_ASSESSED.contains(&outcome)))
            .collect();
        ensure!(assessed.len() >= RULES, "want at least {RULES} rules with a result, got {}", assessed.len());
        let known = assessed.iter().filter_map(|rule| rules::find(rule["rule"].as_str()?));
        let areas: BTreeSet<_> = known.map(|rule| rule.area).collect();
        ensure!(areas.len() >= AREAS, "want rules of at least {AREAS} areas, got {areas:?}");
        // The org of the twin has faults, whichever it is.
        let failed = shown["outcomes"]["fail"].as_u64().unwrap_or_default();
        ensure!(failed > 0, "no rule found anything: {}", shown["outcomes"]);
        self.is_whole(&shown)?;
        Ok(shown)
    }

    /// Sees that the snapshot is sealed, and that it holds everybody in the org.
    fn is_whole(&self, shown: &Value) -> anyhow::Result<()> {
        ensure!(shown["manifestSha256"].is_string(), "the snapshot has no manifest");
        // As the manifest says, which was read by its digest.
        let mut resources = shown["resources"].as_array().into_iter().flatten();
        let users = resources.find(|resource| resource["key"] == "users").context("no user was read")?;
        // Nobody who is deprovisioned is in Okta's list.
        let there = self.stack.twin.users().iter().filter(|user| user.status != "DEPROVISIONED").count();
        ensure!(users["status"] == "complete" && users["rows"] == there, "want {there} users, got {users}");
        Ok(())
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
        ensure!(counters.refused == 0, "the org's limits were not kept: {} answers 429", counters.refused);
        Ok(())
    }

    /// Lets the queues work, moving the stack's time on while there is nothing to do but wait; by how many seconds.
    pub(super) async fn work_off(&mut self, what: &str) -> anyhow::Result<i64> {
        let narrator = &mut self.narrator;
        let waited = self.stack.work_off(|waited| narrator.progress(what, waited)).await?;
        self.narrator.note(&format!("{what}: done; the stack's clock moved on by {waited} s meanwhile"));
        Ok(waited)
    }
}
