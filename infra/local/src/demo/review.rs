//! The operator decides about each finding and publishes the scan; then, and not before, the customer has a report.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{CUSTOMER, Demo, People};

/// A part that cannot be done again.
const UNPUBLISHED: &str = "review: the customer has no report before";

/// What a report comes as.
const EDITIONS: [&str; 2] = ["text/html", "application/json"];

impl Demo<'_> {
    pub(super) async fn review(&mut self, people: &mut People) -> anyhow::Result<()> {
        let org = self.org(&mut people.sponsor).await?;
        let path = format!("/orgs/{org}/scans");
        let scans = people.sponsor.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        // Newest first; a served stack's schedule may have begun another one.
        let judged = list(&scans["scans"]).find(|scan| scan["state"]["state"] == "judged");
        let scan = judged.and_then(|scan| scan["id"].as_str()).context("no scan is judged")?;
        let review = format!("/review/{CUSTOMER}/{org}/{scan}");
        let operator = &mut people.operator;
        operator.get(&mut self.narrator, &review).await?.expect(200)?;
        if !self.state.is_done(UNPUBLISHED) {
            let seen = people.sponsor.get(&mut self.narrator, "/reports").await?.expect(200)?.json()?;
            ensure!(list(&seen["reports"]).next().is_none(), "a report is there before the review");
            self.state.finish(UNPUBLISHED)?;
        }
        let all = json!({ "finding": "all", "reason": "Checked against the snapshot." });
        operator.post(&mut self.narrator, &format!("{review}/confirm"), &all).await?.expect(200)?;
        operator
            .post(&mut self.narrator, &format!("{review}/publish"), &json!({}))
            .await?
            .expect_any(&[200, 202])?;
        if self.work_off("rendering").await? > 0 {
            self.come_back(people).await?;
        }
        self.published(people, &org, scan).await
    }

    /// What the customer has now: findings, and the report in each of its editions.
    async fn published(&mut self, people: &mut People, org: &str, scan: &str) -> anyhow::Result<()> {
        let sponsor = &mut people.sponsor;
        let path = format!("/findings?org={org}&state=published");
        let found = sponsor.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        let total = found["total"].as_u64().unwrap_or_default();
        self.narrator.note(&format!("   published findings: {total}"));
        ensure!(total > 0, "no finding was published");

        let reports = sponsor.get(&mut self.narrator, "/reports").await?.expect(200)?.json()?;
        self.narrator.note(&format!("   reports: {}", reports["reports"]));
        for kind in EDITIONS {
            let report = list(&reports["reports"]).find(|report| {
                let is_kind = report["contentType"].as_str().is_some_and(|got| got.starts_with(kind));
                is_kind && report["class"] == "report" && report["scan"] == scan
            });
            let href = report.and_then(|report| report["href"].as_str());
            let href = href.with_context(|| format!("there is no report as {kind}"))?;
            let read = sponsor.get(&mut self.narrator, href).await?.expect(200)?;
            ensure!(!read.bytes.is_empty(), "the report as {kind} is empty");
            if kind == "application/json" {
                read.json()?;
            }
        }
        Ok(())
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
