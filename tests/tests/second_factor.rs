//! The second factor of e-mail sign-in against whoever guesses, and the roles that an invitation may give.

use anyhow::Context;
use futures::future::try_join_all;
use jiff::SignedDuration;
use serde_json::json;
use shared::tenant::Role;
use tests::site::{Site, Tenant};
use totp_rs::{Algorithm, Secret, TOTP};

type Outcome = anyhow::Result<()>;

/// Somebody who was invited and has drawn a secret, at the form that asks for the code.
struct AtTheForm<'a> {
    site: &'a Site,
    acme: &'a Tenant,
    link: String,
    secret: String,
}

impl<'a> AtTheForm<'a> {
    async fn come(site: &'a Site, acme: &'a Tenant, email: &str) -> anyhow::Result<Self> {
        let invitation = json!({ "email": email, "role": "Viewer" });
        acme.call("POST", "/users", &invitation).await?.expect(201)?;
        let outbox = site.stack.cloud.ses().outbox();
        let mail = outbox.iter().rfind(|mail| mail.to.iter().any(|to| to == email)).context("no mail")?;
        let link = mail.text.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next());
        let link = link.context("no link in the mail")?.to_owned();
        let enrol = json!({ "token": link });
        let drawn = acme.call("POST", "/sign-in/enrol", &enrol).await?.expect(200)?.json();
        let secret = drawn["secret"].as_str().context("no secret was shown")?.to_owned();
        Ok(Self { site, acme, link, secret })
    }

    async fn answer(&self, code: &str) -> anyhow::Result<u16> {
        let body = json!({ "token": self.link, "code": code });
        // In a browser of their own: nobody is signed in there.
        let request = self.acme.anonymous("POST", "/sign-in/link").json(&body);
        Ok(self.acme.send(&request).await?.status)
    }

    /// What the authenticator app shows now, and a code that is none of those taken now.
    fn codes(&self) -> anyhow::Result<(String, String)> {
        let key = Secret::Encoded(self.secret.clone()).to_bytes().map_err(|_| anyhow::anyhow!("base32"))?;
        let app = TOTP::new_unchecked(Algorithm::SHA1, 6, 0, 30, key);
        let now = u64::try_from(self.site.now().as_second())?;
        let taken = [now - 30, now, now + 30].map(|at| app.generate(at));
        let wrong = (0..4).map(|n| format!("{n:06}")).find(|code| !taken.contains(code));
        Ok((taken[1].clone(), wrong.context("a wrong code")?))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_at_once_or_in_turn_and_then_none_is_taken() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let guest = AtTheForm::come(&site, &acme, "guest@acme.example").await?;
    let (_, wrong) = guest.codes()?;
    let all = try_join_all((0..12).map(|_| guest.answer(&wrong))).await?;
    let refused = |status: u16| all.iter().filter(|got| **got == status).count();
    assert_eq!((refused(403), refused(429)), (5, 7), "{all:?}");
    let (right, _) = guest.codes()?;
    assert_eq!(guest.answer(&right).await?, 429, "the right one comes too late");
    let outbox = site.stack.cloud.ses().outbox();
    let alarms = outbox.iter().filter(|mail| mail.subject == "Wrong codes at the second factor").count();
    assert_eq!(alarms, 1);

    // A quarter of an hour later the person gets in, and has all tries again.
    site.stack.clock.advance(SignedDuration::from_mins(15));
    let (right, wrong) = guest.codes()?;
    assert_eq!(guest.answer(&wrong).await?, 403);
    assert_eq!(guest.answer(&right).await?, 200);
    let log = acme.get("/audit").await?.expect(200)?.body;
    assert_eq!(log.matches("sign_in.refused").count(), 6, "each wrong code that was looked at");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_session_does_not_guess_its_way_to_a_fresh_one() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let reply = acme.call("POST", "/sign-in/again", &json!({ "code": "000000" })).await?;
        statuses.push(reply.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429, 429]);
    let refused = acme.call("POST", "/sign-in/again", &json!({ "code": "000000" })).await?;
    assert_eq!(refused.json()["code"], "totp.tries");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_manages_roles_invites_somebody_with_one() -> Outcome {
    let site = Site::start().await?;
    let acme = site.customer("acme").await?;
    let invite = |email: &str, role: Role| json!({ "email": email, "role": role.name() });
    let org_admin = site.person(&acme, "org-admin", Role::OrgAdmin).await?;
    for role in [Role::OrgAdmin, Role::Viewer] {
        let refused = org_admin.call("POST", "/users", &invite("second@acme.example", role)).await?;
        assert_eq!(refused.status, 403, "{role:?}");
    }
    org_admin.call("POST", "/users", &invite("user@acme.example", Role::User)).await?.expect(201)?;
    let security = site.person(&acme, "security", Role::SecurityAdmin).await?;
    security.call("POST", "/users", &invite("viewer@acme.example", Role::Viewer)).await?.expect(201)?;
    security.call("POST", "/users", &invite("admin@acme.example", Role::Admin)).await?.expect(403)?;
    let outbox = site.stack.cloud.ses().outbox();
    let told = outbox.iter().filter(|mail| mail.subject == "A person was invited with a role");
    assert_eq!(told.count(), 1, "the Admin hears of the Viewer");
    Ok(())
}
