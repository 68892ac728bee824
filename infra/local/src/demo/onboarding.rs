//! An operator creates the workspace; its sponsor accepts it and invites a second administrator.

use anyhow::{Context, anyhow};
use serde_json::json;
use shared::ops::Clock;
use totp_rs::{Algorithm, Secret, TOTP};

use super::{Browser, CUSTOMER, Narrator, People};
use crate::{
    Stack,
    stack::{OPERATOR, OPERATOR_EMAIL},
};

const SPONSOR: &str = "sponsor@acme.example";
const SECOND_ADMIN: &str = "second.admin@acme.example";

pub(super) async fn run(stack: &Stack, narrator: &mut Narrator) -> anyhow::Result<People> {
    narrator.step("An operator creates the workspace acme and invites its sponsor");
    let mut operator = join(stack, narrator, "operator", OPERATOR, OPERATOR_EMAIL).await?;
    let new = json!({ "subdomain": CUSTOMER, "name": "Acme Inc.", "email": SPONSOR });
    operator.post(narrator, "/customers", &new).await?.expect(201)?;
    operator.post(narrator, "/customers", &new).await?.expect(409)?;

    narrator.step("The sponsor signs in with the one-time link and a TOTP code, and invites a second Admin");
    let mut sponsor = join(stack, narrator, "sponsor", CUSTOMER, SPONSOR).await?;
    sponsor.get(narrator, "/").await?.expect(200)?;
    let invitation = json!({ "email": SECOND_ADMIN, "role": "Admin" });
    sponsor.post(narrator, "/users", &invitation).await?.expect(201)?;
    let second_admin = join(stack, narrator, "2nd admin", CUSTOMER, SECOND_ADMIN).await?;
    Ok(People { operator, sponsor, second_admin })
}

/// Takes the invitation that was mailed to `email`, sets up a second factor and signs in.
pub async fn join(
    stack: &Stack,
    narrator: &mut Narrator,
    who: &str,
    subdomain: &str,
    email: &str,
) -> anyhow::Result<Browser> {
    let token = mailed_token(stack, email)?;
    let mut browser = Browser::new(who, &stack.address(subdomain).await?, &stack.origin(subdomain))?;
    browser.page(narrator, &format!("/sign-in/link?token={token}")).await?.expect(200)?;
    let shown = browser.post(narrator, "/sign-in/enrol", &json!({ "token": token })).await?.expect(200)?;
    let code = code(stack, shown.json()?["secret"].as_str().context("no secret was shown")?)?;
    let sign_in = json!({ "token": token, "code": code });
    browser.post(narrator, "/sign-in/link", &sign_in).await?.expect(200)?;
    // A link works once.
    let mut other = Browser::new(who, &stack.address(subdomain).await?, &stack.origin(subdomain))?;
    other.post(narrator, "/sign-in/link", &sign_in).await?.expect(403)?;
    Ok(browser)
}

/// What an authenticator app shows for `secret` (base32) now.
fn code(stack: &Stack, secret: &str) -> anyhow::Result<String> {
    let key = Secret::Encoded(secret.to_owned()).to_bytes().map_err(|_| anyhow!("not a base32 secret"))?;
    let app = TOTP::new_unchecked(Algorithm::SHA1, 6, 0, 30, key);
    Ok(app.generate(u64::try_from(stack.clock.now().as_second())?))
}

/// The token of the last link that was mailed to `email`.
fn mailed_token(stack: &Stack, email: &str) -> anyhow::Result<String> {
    let outbox = stack.cloud.ses().outbox();
    let mail = outbox.iter().rev().find(|mail| mail.to.iter().any(|to| to == email));
    let text = mail.with_context(|| format!("no mail to {email}"))?.text.clone();
    let token = text.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next());
    token.map(ToOwned::to_owned).context("the mail has no link")
}
