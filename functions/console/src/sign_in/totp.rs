//! The second factor: secrets in Secrets Manager, each accepted code once.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use shared::{
    http::{Problem, Visit},
    store::{TenantStore, table::Write, users::UserRecord},
    tenant::totp::{self, TotpSecret},
};

use crate::Console;

/// A new secret, for the one page that shows it.
pub(super) struct Shown {
    pub(super) secret: String,
    pub(super) uri: String,
}

pub(super) async fn begin(console: &Console, visit: &Visit, user: &UserRecord) -> Result<Shown, Problem> {
    let secret = TotpSecret::generate(&*console.door.random);
    let kept = SecretString::from(STANDARD.encode(secret.expose()));
    console.secrets.put(&visit.workspace.tenant, &name(user), &kept).await?;
    let uri = secret.provisioning_uri("Atomation", user.attributes.user_name());
    Ok(Shown { secret: secret.base32().expose_secret().to_owned(), uri: uri.expose_secret().to_owned() })
}

/// The time step that `code` is right for. It opens nothing until [`spend`] is written.
pub(super) async fn accepted(
    console: &Console,
    visit: &Visit,
    user: &UserRecord,
    code: &str,
) -> Result<Option<u64>, Problem> {
    let kept = console.secrets.get(&visit.workspace.tenant, &name(user)).await?;
    let bytes = kept.and_then(|kept| STANDARD.decode(kept.expose_secret()).ok());
    let Some(secret) = bytes.and_then(TotpSecret::from_bytes) else { return Ok(None) };
    Ok(totp::verify(&secret, code, visit.at, None))
}

/// The write that uses a step up: the same code a second time is refused by the table.
pub(super) fn spend(store: &TenantStore, user: &UserRecord, step: u64, now: Timestamp) -> Write {
    let until = now.saturating_add(SignedDuration::from_mins(5)).unwrap_or(now);
    store.spend_once(&format!("O#{}#{step}", user.id), until)
}

pub(super) fn wrong_code() -> Problem {
    Problem::forbidden(
        "totp.code",
        "The code is not right.",
        "Wait for the next code and enter it within 30 seconds; check the clock of your device.",
    )
}

fn name(user: &UserRecord) -> String {
    format!("totp/{}", user.id)
}
