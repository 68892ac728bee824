//! A partner sees nothing without a live approval; raw evidence needs two people; a revocation holds at once.

use anyhow::{Context, ensure};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Browser, CUSTOMER, Demo, People};

const DELIVER: &str =
    "The report is refused to the partner, then approved, then delivered; raw evidence needs two people";
const REVOKE: &str = "An approval is revoked, and the next read is refused";
const PARTNER: &str = "ironbridge";
const PARTNER_LEAD: &str = "lead@ironbridge.example";

impl Demo<'_> {
    pub(super) async fn deliver(&mut self, people: &mut People) -> anyhow::Result<()> {
        let org = self.org(&mut people.sponsor).await?;
        if self.begins(DELIVER) {
            let new = json!({ "subdomain": PARTNER, "name": "Ironbridge", "email": PARTNER_LEAD, "kind": "partner" });
            people.operator.post(&mut self.narrator, "/customers", &new).await?.expect_any(&[201, 409])?;
            let mut partner = self.sign_in("partner", PARTNER, PARTNER_LEAD).await?;
            let report = self.object(people, "report").await?;
            let raw = self.object(people, "raw_identity").await?;
            self.read(&mut partner, &org, &report).await?.expect(403)?;
            let approval = self.ask_partner(people, &org, "report").await?;
            self.read(&mut partner, &org, &report).await?.expect(403)?;
            self.approve(&mut people.second_admin, &approval).await?;
            let delivered = self.read(&mut partner, &org, &report).await?.expect(200)?;
            self.keep("delivered-report", &delivered)?;

            self.narrator.note("Raw identity evidence: one yes is not enough");
            self.read(&mut partner, &org, &raw).await?.expect(403)?;
            let approval = self.ask_partner(people, &org, "raw_identity").await?;
            self.approve(&mut people.second_admin, &approval).await?;
            self.read(&mut partner, &org, &raw).await?.expect(403)?;
            self.approve(&mut people.sponsor, &approval).await?;
            self.read(&mut partner, &org, &raw).await?.expect(200)?;
            self.state.finish(DELIVER)?;
        }
        if self.begins(REVOKE) {
            self.revoke(people, &org).await?;
            self.state.finish(REVOKE)?;
        }
        Ok(())
    }

    /// Reads everything published as the sponsor and keeps it where a person can look at it.
    pub(super) async fn keep_all(&mut self, people: &mut People) -> anyhow::Result<()> {
        let listed = people.sponsor.get(&mut self.narrator, "/deliveries").await?.expect(200)?.json()?;
        for object in listed["objects"].as_array().into_iter().flatten() {
            let wanted =
                ["report", "findings_sanitized", "manifest"].iter().any(|class| object["class"] == *class);
            let (Some(id), true) = (object["id"].as_str(), wanted && object["published"] == true) else {
                continue;
            };
            let reply =
                people.sponsor.get(&mut self.narrator, &format!("/deliveries/{id}")).await?.expect(200)?;
            self.keep(object["name"].as_str().unwrap_or(id), &reply)?;
        }
        self.narrator.note(&format!("The report and the evidence lie in {}", self.shelf.display()));
        Ok(())
    }

    fn keep(&self, name: &str, reply: &super::browser::Reply) -> anyhow::Result<()> {
        ensure!(!reply.body.is_empty(), "{name} is empty");
        std::fs::create_dir_all(&self.shelf)?;
        // A file's name, whatever the object's key is made of.
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
        std::fs::write(self.shelf.join(name), &reply.body)?;
        Ok(())
    }

    /// Whoever asks for a partner does not decide.
    async fn ask_partner(&mut self, people: &mut People, org: &str, class: &str) -> anyhow::Result<String> {
        let ask = json!({ "kind": "partner_access", "org": org, "partner": PARTNER, "classes": [class], "days": 30 });
        self.ask(&mut people.coordinator, &ask).await
    }

    async fn revoke(&mut self, people: &mut People, org: &str) -> anyhow::Result<()> {
        let mut partner = self.sign_in("partner", PARTNER, PARTNER_LEAD).await?;
        let report = self.object(people, "report").await?;
        let approvals = people.sponsor.get(&mut self.narrator, "/approvals").await?.expect(200)?.json()?;
        let of_partner = |a: &&Value| a["kind"] == "partner_access" && a["state"] == "live";
        let live: Vec<String> = approvals["approvals"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(of_partner)
            .filter_map(|approval| approval["id"].as_str().map(ToOwned::to_owned))
            .collect();
        for id in &live {
            let path = format!("/approvals/{id}/revoke");
            people.sponsor.post(&mut self.narrator, &path, &json!({})).await?.expect_any(&[200, 202])?;
        }
        self.read(&mut partner, org, &report).await?.expect(403)?;
        // "Revoked" is said when every lease has died, and not before.
        self.stack.clock.advance(SignedDuration::from_secs(70));
        for id in &live {
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

    /// The id of a published object of a class.
    async fn object(&mut self, people: &mut People, class: &str) -> anyhow::Result<String> {
        let listed = people.sponsor.get(&mut self.narrator, "/deliveries").await?.expect(200)?.json()?;
        let objects = listed["objects"].as_array().context("no list of objects")?;
        let object = objects.iter().find(|object| object["class"] == class && object["published"] == true);
        let object = object.with_context(|| format!("there is no object of class {class}"))?;
        object["id"].as_str().map(ToOwned::to_owned).context("an object without id")
    }

    async fn read(
        &mut self,
        partner: &mut Browser,
        org: &str,
        object: &str,
    ) -> anyhow::Result<super::browser::Reply> {
        let path = format!("/deliveries/{object}?customer={CUSTOMER}&org={org}");
        partner.get(&mut self.narrator, &path).await
    }
}
