//! The second factor: secrets in Secrets Manager, each accepted code once.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use shared::{
    http::{Problem, Visit},
    store::{
        TenantStore,
        attempts::{MOST, Try},
        audit::Acting,
        table::Write,
        users::UserRecord,
    },
    tenant::totp::{self, TotpSecret},
};

use crate::{Console, notify};

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
///
/// Refused: a wrong code, noted in the audit log; and any code once the person has no try left.
pub(super) async fn accepted(
    console: &Console,
    visit: &Visit,
    user: &UserRecord,
    code: &str,
    acting: &Acting<'_>,
) -> Result<u64, Problem> {
    let store = visit.store();
    let left = match store.take_try(&user.id, visit.at).await? {
        Try::Taken { left } => left,
        Try::None { until } => return Err(no_tries(until.duration_since(visit.at))),
    };
    let kept = console.secrets.get(&visit.workspace.tenant, &name(user)).await?;
    let bytes = kept.and_then(|kept| STANDARD.decode(kept.expose_secret()).ok());
    let step =
        bytes.and_then(TotpSecret::from_bytes).and_then(|secret| totp::verify(&secret, code, visit.at, None));
    if let Some(step) = step {
        return Ok(step);
    }
    store.note(&acting.record("sign_in.refused", user.target(), "totp")).await?;
    if left == 0 {
        let text = format!(
            "{MOST} wrong codes in a row were tried as {} at {}: for a while no code is taken.\n\
             Whoever tried has that person's mailbox or session. If it was not that person, end the sessions and \
             look at the audit log, correlation id {}.\n",
            user.attributes.user_name(),
            visit.origin(),
            visit.correlation_id
        );
        notify::admins(console, visit, "Wrong codes at the second factor", &text).await;
    }
    Err(wrong_code())
}

/// The writes that use a step up, so that the same code a second time is refused by the table, and give the tries back.
pub(super) fn spend(store: &TenantStore, user: &UserRecord, step: u64, now: Timestamp) -> [Write; 2] {
    let until = now.saturating_add(SignedDuration::from_mins(5)).unwrap_or(now);
    [store.spend_once(&format!("O#{}#{step}", user.id), until), store.restore_tries(&user.id)]
}

pub(super) fn wrong_code() -> Problem {
    Problem::forbidden(
        "totp.code",
        "The code is not right.",
        "Wait for the next code and enter it within 30 seconds; check the clock of your device.",
    )
}

fn no_tries(wait: SignedDuration) -> Problem {
    let minutes = wait.as_secs().div_euclid(60) + 1;
    let next = format!("Wait {minutes} minutes, then enter the code that your authenticator shows.");
    let retry_after = u32::try_from(wait.as_secs()).ok();
    let title = "Too many wrong codes.";
    Problem { retry_after, ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "totp.tries", title, next) }
}

fn name(user: &UserRecord) -> String {
    format!("totp/{}", user.id)
}
