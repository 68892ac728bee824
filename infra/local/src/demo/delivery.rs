//! A partner sees nothing without a live approval; raw evidence needs two people; a revocation holds at once.

use std::{
    collections::BTreeSet,
    fs::{DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
};

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use serde_json::json;

use super::{Browser, CUSTOMER, Demo, People, browser::Reply};

const DELIVER: &str =
    "The report is refused to the partner, then approved, then delivered; raw evidence needs two people";
const REVOKE: &str = "An approval is revoked, and the next read is refused";

/// Parts of the first that cannot be done again.
const REPORT_UNASKED: &str = "deliver: the report is refused before anybody asked";
const REPORT_UNAPPROVED: &str = "deliver: the report is refused before anybody approved";
const RAW_UNASKED: &str = "deliver: raw evidence is refused before anybody asked";
const RAW_ONE_YES: &str = "deliver: raw evidence is refused after one yes of two";

/// What is kept for a person to look at, beside one file of raw evidence.
const KEPT: [&str; 3] = ["report", "findings_sanitized", "manifest"];

/// Raw evidence is nobody else's to read.
const OWNER_ONLY: u32 = 0o700;

const PARTNER: &str = "ironbridge";
const PARTNER_LEAD: &str = "lead@ironbridge.example";

impl Demo<'_> {
    pub(super) async fn deliver(&mut self, people: &mut People) -> anyhow::Result<()> {
        let org = self.org(&mut people.sponsor).await?;
        if self.begins(DELIVER) {
            let new = json!({ "subdomain": PARTNER, "name": "Ironbridge", "email": PARTNER_LEAD, "kind": "partner" });
            let created = self.created();
            people.operator.post(&mut self.narrator, "/customers", &new).await?.expect_any(created)?;
            let mut partner = self.sign_in("partner", PARTNER, PARTNER_LEAD).await?;
            self.deliver_report(people, &mut partner, &org).await.context("the report")?;
            self.deliver_raw(people, &mut partner, &org).await.context("raw evidence")?;
            self.state.finish(DELIVER)?;
        }
        if self.begins(REVOKE) {
            self.revoke(people, &org).await?;
            self.state.finish(REVOKE)?;
        }
        Ok(())
    }

    async fn deliver_report(
        &mut self,
        people: &mut People,
        partner: &mut Browser,
        org: &str,
    ) -> anyhow::Result<()> {
        let report = self.object(people, "report").await?;
        self.is_refused(REPORT_UNASKED, partner, org, &report).await?;
        let approval = self.ask_partner(people, org, "report").await?;
        self.is_refused(REPORT_UNAPPROVED, partner, org, &report).await?;
        self.approve(&mut people.second_admin, &approval).await?;
        let delivered = self.read(partner, org, &report).await?.expect(200)?;
        self.keep("delivered-report", &delivered)
    }

    async fn deliver_raw(
        &mut self,
        people: &mut People,
        partner: &mut Browser,
        org: &str,
    ) -> anyhow::Result<()> {
        self.narrator.note("Raw identity evidence: one yes is not enough");
        let raw = self.object(people, "raw_identity").await?;
        self.is_refused(RAW_UNASKED, partner, org, &raw).await?;
        let approval = self.ask_partner(people, org, "raw_identity").await?;
        self.approve(&mut people.second_admin, &approval).await?;
        self.is_refused(RAW_ONE_YES, partner, org, &raw).await?;
        self.approve(&mut people.sponsor, &approval).await?;
        self.read(partner, org, &raw).await?.expect(200).map(drop)
    }

    /// Sees that the partner is refused. Noted before the next step opens it: after that it would not be.
    async fn is_refused(
        &mut self,
        part: &str,
        partner: &mut Browser,
        org: &str,
        object: &str,
    ) -> anyhow::Result<()> {
        if !self.state.is_done(part) {
            self.read(partner, org, object).await?.expect(403)?;
            self.state.finish(part)?;
        }
        Ok(())
    }

    /// Reads what was published as the sponsor and keeps it where a person can look at it.
    pub(super) async fn keep_all(&mut self, people: &mut People) -> anyhow::Result<()> {
        let listed = people.sponsor.get(&mut self.narrator, "/deliveries").await?.expect(200)?.json()?;
        let (mut raw, mut missing) = (false, BTreeSet::from(KEPT));
        for object in listed["objects"].as_array().into_iter().flatten() {
            let class = object["class"].as_str().unwrap_or_default();
            // A large file of raw evidence comes in parts: any other one will do.
            let is_raw = class == "raw_identity" && !raw && object["parts"] == 1;
            let wanted = (is_raw || KEPT.contains(&class)) && object["published"] == true;
            let (Some(id), true) = (object["id"].as_str(), wanted) else { continue };
            let reply =
                people.sponsor.get(&mut self.narrator, &format!("/deliveries/{id}")).await?.expect(200)?;
            let name = object["name"].as_str().unwrap_or(id);
            if is_raw {
                self.keep(&format!("raw-{name}"), &reply)?;
                raw = true;
            } else {
                self.keep(name, &reply)?;
                missing.remove(class);
            }
        }
        ensure!(raw, "the sponsor is shown no raw evidence");
        ensure!(missing.is_empty(), "the sponsor is not shown {missing:?}");
        self.narrator.note(&format!(
            "The report, what it is without names, the manifest and a file of the raw evidence (zstd) lie in {}",
            self.shelf.display()
        ));
        Ok(())
    }

    fn keep(&self, name: &str, reply: &Reply) -> anyhow::Result<()> {
        ensure!(!reply.bytes.is_empty(), "{name} is empty");
        DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(&self.shelf)?;
        // One of an earlier version was open to all.
        std::fs::set_permissions(&self.shelf, Permissions::from_mode(OWNER_ONLY))?;
        // A file's name, whatever the object's key is made of.
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
        std::fs::write(self.shelf.join(name), &reply.bytes)?;
        Ok(())
    }

    /// Whoever asks for a partner does not decide.
    async fn ask_partner(&mut self, people: &mut People, org: &str, class: &str) -> anyhow::Result<String> {
        let ask = json!({ "kind": "partner_access", "org": org, "partner": PARTNER, "classes": [class], "days": 30 });
        self.ask(&mut people.coordinator, &ask).await
    }

    async fn revoke(&mut self, people: &mut People, org: &str) -> anyhow::Result<()> {
        let mut partner = self.sign_in("partner", PARTNER, PARTNER_LEAD).await?;
        let objects = [self.object(people, "report").await?, self.object(people, "raw_identity").await?];
        let approvals = people.sponsor.get(&mut self.narrator, "/approvals").await?.expect(200)?.json()?;
        // Those that a run which was stopped has begun to revoke too: to ask for that again does no harm.
        let states = ["live", "revoking", "revoked"];
        let given: Vec<String> = approvals["approvals"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|approval| approval["kind"] == "partner_access")
            .filter(|approval| approval["state"].as_str().is_some_and(|state| states.contains(&state)))
            .filter_map(|approval| approval["id"].as_str().map(ToOwned::to_owned))
            .collect();
        ensure!(given.len() >= 2, "want the partner's two approvals, got {}", given.len());
        for id in &given {
            let path = format!("/approvals/{id}/revoke");
            people.sponsor.post(&mut self.narrator, &path, &json!({})).await?.expect_any(&[200, 202])?;
        }
        for object in &objects {
            self.read(&mut partner, org, object).await?.expect(403)?;
        }
        // "Revoked" is said when every lease has died, and not before.
        self.stack.advance(SignedDuration::from_secs(70))?;
        for id in &given {
            let path = format!("/approvals/{id}");
            let shown = people.sponsor.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
            ensure!(shown["state"] == "revoked", "the approval is still {}", shown["state"]);
        }
        let ledger = people.sponsor.get(&mut self.narrator, "/ledger").await?.expect(200)?.json()?;
        ensure!(ledger["verified"] == true, "the ledger does not verify: {ledger}");
        let entries = ledger["head"]["seq"].clone();
        self.narrator.note(&format!("The ledger verifies over {entries} entries"));
        Ok(())
    }

    /// The id of a published object of a class, one that comes in one part.
    async fn object(&mut self, people: &mut People, class: &str) -> anyhow::Result<String> {
        let listed = people.sponsor.get(&mut self.narrator, "/deliveries").await?.expect(200)?.json()?;
        let objects = listed["objects"].as_array().context("no list of objects")?;
        let object = objects
            .iter()
            .find(|object| object["class"] == class && object["published"] == true && object["parts"] == 1);
        let object = object.with_context(|| format!("there is no object of class {class}"))?;
        object["id"].as_str().map(ToOwned::to_owned).context("an object without id")
    }

    async fn read(&mut self, partner: &mut Browser, org: &str, object: &str) -> anyhow::Result<Reply> {
        let path = format!("/deliveries/{object}?customer={CUSTOMER}&org={org}");
        partner.get(&mut self.narrator, &path).await
    }
}
