//! How the demo's people come in: by invitation the first time, by e-mail and code after that.

use anyhow::{Context, anyhow, ensure};
use jiff::SignedDuration;
use serde_json::json;
use shared::ops::Clock;
use totp_rs::{Algorithm, Secret, TOTP};

use super::{Browser, Demo};

/// A session is used again while it is younger: some of what follows wants a sign-in of the last ten minutes.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

impl Demo<'_> {
    /// Signs `email` in at `subdomain`, setting up a second factor if there is none yet.
    pub async fn sign_in(&mut self, who: &str, subdomain: &str, email: &str) -> anyhow::Result<Browser> {
        let (address, origin) = (self.stack.address(subdomain).await?, self.stack.origin(subdomain));
        let mut browser = Browser::new(who, &address, &origin)?;
        if self.is_signed_in(&mut browser, email).await? {
            return Ok(browser);
        }
        let mut token = self.mailed_token(email);
        let works = if let Some(token) = &token {
            let path = format!("/sign-in/link?token={token}");
            browser.page(&mut self.narrator, &path).await?.status.as_u16() == 200
        } else {
            // A run can be stopped between the invitation and its mail.
            ensure!(self.stack.resumed, "nobody invited {email}");
            false
        };
        if !works {
            // The link was used by a run before, or never came: ask for another.
            browser.post(&mut self.narrator, "/sign-in", &json!({ "email": email })).await?.expect(200)?;
            token = self.mailed_token(email);
        }
        let token = token.with_context(|| format!("no link was mailed to {email}"))?;
        let secret = self.second_factor(&mut browser, email, &token).await?;
        for _ in 0..2 {
            let body = json!({ "token": token, "code": self.code(&secret)? });
            let reply = browser.post(&mut self.narrator, "/sign-in/link", &body).await?;
            if reply.status.as_u16() == 200 {
                self.state.sessions.insert(email.to_owned(), browser.cookies.clone());
                self.state.signed_in.insert(email.to_owned(), self.stack.clock.now());
                self.state.save()?;
                return Ok(browser);
            }
            // A code works once; the next one comes in 30 seconds, or at once on the stack's own clock.
            self.stack.advance(SignedDuration::from_secs(30))?;
        }
        Err(anyhow!("{who} could not sign in"))
    }

    /// Takes up the session that is kept for `email`, if it is alive and young.
    async fn is_signed_in(&mut self, browser: &mut Browser, email: &str) -> anyhow::Result<bool> {
        let now = self.stack.clock.now();
        let young = self.state.signed_in.get(email).is_some_and(|at| now.duration_since(*at) < KEPT);
        let Some(cookies) = self.state.sessions.get(email).filter(|_| young) else { return Ok(false) };
        browser.cookies.clone_from(cookies);
        let alive = browser.get(&mut self.narrator, "/sign-in/again").await?.status.is_success();
        if !alive {
            browser.cookies.clear();
        }
        Ok(alive)
    }

    async fn second_factor(
        &mut self,
        browser: &mut Browser,
        email: &str,
        token: &str,
    ) -> anyhow::Result<String> {
        let state =
            browser.get(&mut self.narrator, &format!("/sign-in/link?token={token}")).await?.expect(200)?;
        if state.json()?["enrolled"] == true {
            let kept = self.state.second_factors.get(email).cloned();
            return kept.with_context(|| format!("the second factor of {email} was set up elsewhere"));
        }
        let shown = browser.post(&mut self.narrator, "/sign-in/enrol", &json!({ "token": token })).await?;
        let secret = shown.expect(200)?.json()?["secret"].as_str().context("no secret was shown")?.to_owned();
        self.state.second_factors.insert(email.to_owned(), secret.clone());
        self.state.save()?;
        Ok(secret)
    }

    /// What an authenticator app shows for `secret` (base32) now.
    fn code(&self, secret: &str) -> anyhow::Result<String> {
        let key =
            Secret::Encoded(secret.to_owned()).to_bytes().map_err(|_| anyhow!("not a base32 secret"))?;
        let app = TOTP::new_unchecked(Algorithm::SHA1, 6, 0, 30, key);
        Ok(app.generate(u64::try_from(self.stack.clock.now().as_second())?))
    }

    /// The token of the last link that was mailed to `email`.
    fn mailed_token(&self, email: &str) -> Option<String> {
        let outbox = self.stack.cloud.ses().outbox();
        let mut mails = outbox.iter().rev().filter(|mail| mail.to.iter().any(|to| to == email));
        let token = mails.find_map(|mail| mail.text.split("token=").nth(1)?.split_whitespace().next());
        token.map(ToOwned::to_owned)
    }
}
