//! How the demo's people ask for approvals and give them.
//!
//! One rule: what a run that was stopped has asked for or said yes to is found, not asked or said a second time.

use anyhow::Context;
use serde_json::{Value, json};

use super::{Browser, Demo};

impl Demo<'_> {
    /// Asks for an approval and gives it, where one person may do both.
    pub(super) async fn ask_and_approve(&mut self, person: &mut Browser, ask: &Value) -> anyhow::Result<()> {
        let id = self.ask(person, ask).await?;
        self.approve(person, &id).await
    }

    /// The id of the approval that was asked for.
    pub(super) async fn ask(&mut self, person: &mut Browser, ask: &Value) -> anyhow::Result<String> {
        if self.stack.resumed
            && let Some(id) = self.asked_before(person, ask).await?
        {
            return Ok(id);
        }
        let asked = person.post(&mut self.narrator, "/approvals", ask).await?.expect(201)?.json()?;
        asked["id"].as_str().map(ToOwned::to_owned).context("the approval has no id")
    }

    async fn asked_before(&mut self, person: &mut Browser, ask: &Value) -> anyhow::Result<Option<String>> {
        let listed = person.get(&mut self.narrator, "/approvals").await?.expect(200)?.json()?;
        let same = |approval: &&Value| {
            let stands = approval["state"] == "requested" || approval["state"] == "live";
            stands && is_for(approval, ask)
        };
        let before = listed["approvals"].as_array().into_iter().flatten().find(same);
        Ok(before.and_then(|approval| approval["id"].as_str()).map(ToOwned::to_owned))
    }

    /// Reads what an approval says and says yes to exactly that text.
    pub(super) async fn approve(&mut self, person: &mut Browser, id: &str) -> anyhow::Result<()> {
        let path = format!("/approvals/{id}");
        let asked = person.get(&mut self.narrator, &path).await?.expect(200)?.json()?;
        if self.stack.resumed && asked["state"] == "live" {
            return Ok(());
        }
        let yes = json!({ "text_sha256": asked["textSha256"] });
        let said = person.post(&mut self.narrator, &format!("{path}/approve"), &yes).await?;
        // Of two people whose yes is needed, this one had said it before the run was stopped.
        let said_before = said.status.as_u16() == 409 && said.json()?["code"] == "approval.again";
        if !(self.stack.resumed && said_before) {
            said.expect(200)?;
        }
        Ok(())
    }
}

/// Whether an approval, as it is listed, has the terms that `ask` asks for.
fn is_for(approval: &Value, ask: &Value) -> bool {
    let (terms, route) = (&approval["terms"], &approval["terms"]["route"]);
    let org = if route.is_null() { &terms["org"] } else { &route["org"] };
    approval["kind"] == ask["kind"] && *org == ask["org"] && route["classes"] == ask["classes"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_found_by_its_terms() {
        let first_scan = json!({ "kind": "first_scan", "terms": { "kind": "first_scan", "org": "o-1" } });
        assert!(is_for(&first_scan, &json!({ "kind": "first_scan", "org": "o-1" })));
        assert!(!is_for(&first_scan, &json!({ "kind": "first_scan", "org": "o-2" })));
        assert!(!is_for(&first_scan, &json!({ "kind": "api_access", "org": "o-1" })));

        let route = json!({ "org": "o-1", "classes": ["report"] });
        let partner = json!({ "kind": "partner_access", "terms": { "partner": "t-1", "route": route } });
        let ask =
            |class: &str| json!({ "kind": "partner_access", "org": "o-1", "classes": [class], "days": 30 });
        assert!(is_for(&partner, &ask("report")) && !is_for(&partner, &ask("raw_identity")));
    }
}
