//! Sign-in without SSO: a one-time link by e-mail and a TOTP code. Nothing is consumed by a GET, so that a
//! mail scanner that follows links spends none.

mod pages;
mod totp;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, header},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;
use shared::{
    http::{Answer, Input, Person, Problem, Visit, session::same_origin},
    store::{StoreError, TenantStore, links::SIGN_IN, table::Write, users::UserRecord},
    tenant::session::{self, Method, SignIn},
};

use crate::{Console, ask::Params};

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/sign-in", get(start).post(send_link))
        .route("/sign-in/link", get(link).post(open))
        .route("/sign-in/enrol", post(enrol))
        .route("/sign-in/again", get(again).post(strengthen))
        .route("/sign-out", post(sign_out))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Email {
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenAndCode {
    token: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    code: String,
}

async fn start(visit: Visit) -> Result<Answer, Problem> {
    let sso = visit.store().sso_is_on().await?;
    Ok(Answer::page(pages::start(&visit, sso), json!({ "sso": sso, "email": true })))
}

/// Sends a link to whoever may sign in this way. The answer is the same for everybody.
async fn send_link(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
    Input(input): Input<Email>,
) -> Result<Answer, Problem> {
    same_origin(&headers, &visit.origin())?;
    let store = visit.store();
    if let Some(user) = store.user_by_name(&input.email).await?
        && may_use_email(&store, &visit, &user).await?
        && let Some(address) = user.attributes.primary_email()
    {
        let (token, write) = store.new_link(&user.id, SIGN_IN, visit.at, &*console.door.random);
        store.add_link(write, &visit.acting("sign-in").record("sign_in.link", user.target(), "")).await?;
        let text = format!(
            "Sign in to {origin} with this link within 10 minutes. It works once:\n\
             {origin}/sign-in/link?token={token}\n\n\
             If you did not ask for it, ignore it.\n",
            origin = visit.origin()
        );
        console.mailer.send(address, "Your sign-in link", &text).await?;
    }
    Ok(Answer::page(pages::sent(), json!({ "sent": true })))
}

async fn link(visit: Visit, Params(input): Params<Token>) -> Result<Answer, Problem> {
    let user = opened(&visit, &input.token).await?;
    let json = json!({ "enrolled": user.totp_enrolled });
    let page = if user.totp_enrolled { pages::code(&input.token) } else { pages::enrol(&input.token) };
    Ok(Answer::page(page, json))
}

/// Draws a TOTP secret for a person who has none yet, and shows it.
async fn enrol(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
    Input(input): Input<Token>,
) -> Result<Answer, Problem> {
    same_origin(&headers, &visit.origin())?;
    let user = opened(&visit, &input.token).await?;
    if user.totp_enrolled {
        return Err(Problem::conflict(
            "totp.enrolled",
            "A second factor is set up already.",
            "Use the code that your authenticator shows; an administrator can reset it.",
        ));
    }
    let shown = totp::begin(&console, &visit, &user).await?;
    let json = json!({ "secret": shown.secret, "uri": shown.uri });
    Ok(Answer::page(pages::show_secret(&input.token, &shown.secret, &shown.uri), json))
}

/// Opens a session: the link is spent, the code is used, in one transaction.
async fn open(
    State(console): State<Console>,
    visit: Visit,
    headers: HeaderMap,
    Input(input): Input<TokenAndCode>,
) -> Result<Answer, Problem> {
    same_origin(&headers, &visit.origin())?;
    let user = opened(&visit, &input.token).await?;
    let store = visit.store();
    if !may_use_email(&store, &visit, &user).await? {
        return Err(refused());
    }
    let acting = visit.acting("sign-in");
    let step = totp::accepted(&console, &visit, &user, &input.code, &acting).await?;
    let method = if store.sso_is_on().await? { Method::BreakGlass } else { Method::Email };
    let sign_in = SignIn {
        tenant: visit.workspace.tenant.clone(),
        user: user.id.clone(),
        method,
        epoch: user.epoch,
        saml_not_on_or_after: None,
        idp: None,
        strong_auth_at: Some(visit.at),
    };
    let (secret, record) =
        session::open(sign_in, visit.workspace.settings.session, visit.at, &*console.door.random);
    let mut writes = vec![store.spend_link(&input.token)];
    writes.extend(totp::spend(&store, &user, step, visit.at));
    writes.extend(present_session(&visit, &headers, &store).await?);
    if !user.totp_enrolled {
        writes.push(store.note_totp(&user));
    }
    let audit = acting.record("sign_in.email", user.target(), "");
    store.open_session(&secret.hash(), &record, writes, &audit).await.map_err(|error| match error {
        StoreError::Condition(_) => refused(),
        error => error.into(),
    })?;
    if method == Method::BreakGlass {
        alarm_admins(&console, &visit, &user).await;
    }
    let cookies = visit.cookies()?;
    // The trace tells the ACS that somebody is signed in here: the session cookie does not cross sites.
    Ok(Answer::done("/", json!({ "signedIn": true }))
        .with_cookie(cookies.set_session(&secret))
        .with_cookie(cookies.set_trace(&secret.hash())))
}

/// The writes that end the session that this browser has had so far, whosever it was.
async fn present_session(
    visit: &Visit,
    headers: &HeaderMap,
    store: &TenantStore,
) -> Result<Vec<Write>, Problem> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let Some(secret) = visit.cookies()?.session(cookies) else { return Ok(Vec::new()) };
    let hash = secret.hash();
    let present = store.session(&hash).await?;
    Ok(present.map_or_else(Vec::new, |session| store.session_end(&hash, &session.user).into()))
}

async fn again(person: Person) -> Result<Answer, Problem> {
    Ok(Answer::page(pages::again(&person), json!({ "fresh": person.principal.is_fresh() })))
}

/// Step-up: a fresh code in a live session.
async fn strengthen(
    State(console): State<Console>,
    person: Person,
    Input(input): Input<Code>,
) -> Result<Answer, Problem> {
    let store = person.store();
    let acting = person.acting();
    let step = totp::accepted(&console, &person.visit, &person.user, &input.code, &acting).await?;
    let spend = totp::spend(&store, &person.user, step, person.visit.at);
    let audit = acting.record("session.step_up", person.user.target(), "");
    store.strengthen_session(&person.session_hash, person.visit.at, spend, &audit).await.map_err(
        |error| match error {
            StoreError::Condition(_) => totp::wrong_code(),
            error => error.into(),
        },
    )?;
    Ok(Answer::done("/", json!({ "fresh": true })))
}

async fn sign_out(person: Person) -> Result<Answer, Problem> {
    let audit = person.acting().record("sign_out", person.user.target(), "");
    person.store().end_session(&person.session_hash, &person.user.id, &audit).await?;
    let cookies = person.visit.cookies()?;
    Ok(Answer::done("/sign-in", json!({ "signedIn": false }))
        .with_cookie(cookies.clear_session())
        .with_cookie(cookies.clear_trace()))
}

/// The person a link was sent to, if both are still good.
async fn opened(visit: &Visit, token: &str) -> Result<UserRecord, Problem> {
    let store = visit.store();
    let link = store.link(token, visit.at).await?.ok_or_else(refused)?;
    store.user(link.user.as_str()).await?.filter(|user| user.active).ok_or_else(refused)
}

fn refused() -> Problem {
    Problem::forbidden(
        "link.refused",
        "This link does not work.",
        "It may have been used or be too old. Ask for a new one at /sign-in, or ask who invited you.",
    )
}

/// Everybody while there is no SSO; then only the named break-glass administrators.
async fn may_use_email(store: &TenantStore, visit: &Visit, user: &UserRecord) -> Result<bool, Problem> {
    let break_glass = visit.workspace.settings.break_glass.contains(&user.id)
        && user.role(&visit.workspace.tenant) == Some(shared::tenant::Role::Admin);
    Ok(user.active && (break_glass || !store.sso_is_on().await?))
}

/// Whoever can use break-glass can become anyone: all Admins hear of it.
async fn alarm_admins(console: &Console, visit: &Visit, used_by: &UserRecord) {
    let text = format!(
        "{} signed in to {} by e-mail although SSO is on (break-glass). If nobody expected this, revoke the \
         session and look at the audit log, correlation id {}.\n",
        used_by.attributes.user_name(),
        visit.origin(),
        visit.correlation_id
    );
    crate::notify::admins(console, visit, "Break-glass sign-in", &text).await;
}
