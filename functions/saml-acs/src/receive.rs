//! `POST /auth/saml/acs`, from the form to the session.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, request::Parts},
};
use futures::{future::OptionFuture, join};
use serde_json::json;
use shared::{
    http::{
        Answer, Door, Problem, Visit,
        door::{correlation_id, open_to_visits, subdomain_of},
        session::{same_origin, sent_cookies},
    },
    saml::{self, DEFAULT_CLOCK_SKEW, DecryptionKey, Expectations, Identity, Rejection},
    store::{
        StoreError,
        sso::{Ahead, Guess, SsoConnection},
        users::{Namesake, UserRecord},
    },
    tenant::{Digest, cookie::Cookies, session},
};

#[cfg(feature = "samael")]
use crate::second;
use crate::{
    SamlAcs,
    arrival::{Answered, Arrival},
    form::Form,
    guess, opening, pages,
    refusal::{self, Findings},
    trial,
};

pub(crate) async fn response(State(function): State<SamlAcs>, request: Request) -> Result<Answer, Problem> {
    let received = Received::read(&function, request).await?;
    let tried = received.is_test().then(|| trial::result(&received.visit.correlation_id));
    match (received.judge().await, tried) {
        (Err(problem), Some(result)) if problem.status.is_client_error() => {
            Ok(pages::test_refused(&problem, &result))
        }
        (judged, _) => judged,
    }
}

/// The form with everything that is read before it is judged.
struct Received {
    visit: Visit,
    headers: HeaderMap,
    cookies: Cookies,
    form: Form,
    connection: SsoConnection,
    /// What opens it, if it seems to be encrypted.
    keys: Vec<Arc<DecryptionKey>>,
    waiting: Answered,
    guess: Guess,
    ahead: Ahead,
}

impl Received {
    async fn read(function: &SamlAcs, request: Request) -> Result<Self, Problem> {
        let door = &function.door;
        let (parts, body) = request.into_parts();
        let subdomain = subdomain_of(door, &parts)?;
        let form = Form::read(&parts, body).await?;
        let cookies = cookies(door, subdomain.as_str())?;
        let browser =
            cookies.saml_request(sent_cookies(&parts.headers)).map(|value| Digest::of(value.as_bytes()));
        let guess =
            Guess { session: present_session(&cookies, &parts.headers), ..guess::of(&form.saml_response) };
        // Five reads of the SDK's in one future: on the heap, not on every frame above.
        let ahead = Box::pin(door.workspaces.read_ahead(&subdomain, &guess)).await?;
        let mut ahead = ahead.ok_or_else(Problem::no_workspace)?;
        let visit = visit(door, &mut ahead, &parts)?;
        let connection =
            ahead.connection.take().filter(|connection| connection.enabled).ok_or_else(Problem::sso_off)?;
        let waiting =
            ahead.request.take().filter(|request| request.is_answerable(browser.as_ref(), visit.at));
        let waiting = guess.request_id.clone().zip(waiting);
        let keys = opening::keys(&function.keys, &visit.workspace.tenant, ahead.keys.take()).await?;
        Ok(Self { visit, headers: parts.headers, cookies, form, connection, keys, waiting, guess, ahead })
    }

    /// Whether it seems to answer a request of this browser that only tries the connection.
    fn is_test(&self) -> bool {
        self.waiting.as_ref().is_some_and(|(_, request)| request.test)
    }

    async fn judge(self) -> Result<Answer, Problem> {
        let is_test = self.is_test();
        let Self { visit, headers, cookies, form, connection, keys, waiting, guess, ahead } = self;
        let (identity, findings) = verified(&visit, &connection, &keys, &form, &waiting).await?;
        let (named, present) = people(&visit, &identity, &guess, &ahead).await?;
        let replaced = guess.session.zip(ahead.session.map(|session| session.user));
        let withdrawals = connection.withdrawals;
        let arrival = Arrival { visit, identity, findings, waiting, replaced, withdrawals };
        // A request in this browser that the response does not answer makes no test of it.
        if is_test && arrival.identity.in_response_to.is_some() {
            return trial::conclude(arrival, named).await;
        }
        // Only what was asked for in this very browser replaces another person's session unasked.
        if arrival.identity.in_response_to.is_none()
            && let (Some(hash), Some(present)) = (&guess.session, present)
            && named.user.as_ref().is_none_or(|user| user.id != present.id)
        {
            let wanted = confirmation(hash, &form.saml_response);
            let confirmed = form.confirm.as_deref().and_then(Digest::from_hex) == Some(wanted);
            if !confirmed || same_origin(&headers, &arrival.visit.origin()).is_err() {
                refusal::asked(&arrival.visit, arrival.findings).await;
                let (newcomer, present) = (&arrival.identity.name_id, present.attributes.user_name());
                return Ok(pages::continue_as(newcomer, present, &form.saml_response, &wanted));
            }
        }
        let (secret, path) = arrival.sign_in(named, &form).await?;
        Ok(Answer::done(path.clone(), json!({ "signedIn": true, "next": path }))
            .with_cookie(cookies.set_session(&secret))
            .with_cookie(cookies.set_trace(&secret.hash())))
    }
}

fn cookies(door: &Door, subdomain: &str) -> Result<Cookies, Problem> {
    let origin = door.base.origin(subdomain).parse().map_err(|_| Problem::internal())?;
    Cookies::of(&origin, subdomain).map_err(|_| Problem::internal())
}

/// The session that this browser has: by its own cookie where that is sent, else by its trace.
fn present_session(cookies: &Cookies, headers: &HeaderMap) -> Option<Digest> {
    let session = cookies.session(sent_cookies(headers)).map(|secret| secret.hash());
    session.or_else(|| cookies.trace(sent_cookies(headers)))
}

fn visit(door: &Door, ahead: &mut Ahead, parts: &Parts) -> Result<Visit, Problem> {
    Ok(Visit {
        door: door.clone(),
        workspace: open_to_visits(ahead.workspace.take())?,
        at: door.clock.now(),
        correlation_id: correlation_id(parts, &*door.random),
    })
}

/// Judges the response. Nothing of it is believed before this.
async fn verified(
    visit: &Visit,
    connection: &SsoConnection,
    keys: &[Arc<DecryptionKey>],
    form: &Form,
    waiting: &Answered,
) -> Result<(Identity, Findings), Problem> {
    let (entity_id, acs_url) = (visit.entity_id(), visit.acs_url());
    let request_ids: Vec<&str> = waiting.iter().map(|(id, _)| id.as_str()).collect();
    let settings = &visit.workspace.settings;
    let expect = Expectations {
        idp: &connection.idp,
        sp_entity_id: &entity_id,
        acs_url: &acs_url,
        request_ids: &request_ids,
        allow_idp_initiated: settings.idp_initiated,
        require_signed_assertion: settings.require_signed_assertion,
        allow_ecdsa: settings.allow_ecdsa,
        refuse_outdated_certificate: false,
        decryption_key: keys.first().map(|key| &**key),
        now: visit.at,
        clock_skew: DEFAULT_CLOCK_SKEW,
    };
    let mut verdict = saml::verify(&form.saml_response, &expect);
    // During a rotation some of it is still encrypted for the key before.
    if let (Err(Rejection::Decryption(_)), Some(older)) = (&verdict.outcome, keys.get(1)) {
        let expect = Expectations { decryption_key: Some(&**older), ..expect.clone() };
        verdict = saml::verify(&form.saml_response, &expect);
    }
    let findings = Findings::of(&verdict);
    let identity = match verdict.outcome {
        Ok(identity) => identity,
        Err(rejection) => return Err(refusal::of_response(visit, &rejection, findings).await),
    };
    #[cfg(feature = "samael")]
    let findings = {
        let findings = findings.and(&second::opinion(&form.saml_response, &identity, &expect));
        if !findings.all_passed() {
            return Err(refusal::disagreed(visit, findings).await);
        }
        findings
    };
    Ok((identity, findings))
}

/// Whom the response names, and the user whose session this browser has.
async fn people(
    visit: &Visit,
    identity: &Identity,
    guess: &Guess,
    ahead: &Ahead,
) -> Result<(Namesake, Option<UserRecord>), StoreError> {
    let store = visit.store();
    let named = async {
        if guess.user_name.as_deref() != Some(identity.name_id.as_str()) {
            return store.namesake(&identity.name_id).await;
        }
        let user = store.user_named(ahead.user_id.as_deref(), &identity.name_id).await?;
        Ok(Namesake { user, was_deleted: ahead.was_deleted })
    };
    let present = ahead.session.as_ref().map(|session| store.user(session.user.as_str()));
    let (named, present) = join!(named, OptionFuture::from(present));
    let alive = |user: &UserRecord| {
        let judged = |record| {
            session::judge(record, user.session_state(), visit.workspace.withdrawals, visit.at).is_ok()
        };
        ahead.session.as_ref().is_some_and(judged)
    };
    Ok((named?, present.transpose()?.flatten().filter(alive)))
}

/// Shows that the question was asked for this response and this session. Without the session's hash, which no
/// page and no other site can read, nobody can make it up.
fn confirmation(session: &Digest, saml_response: &str) -> Digest {
    Digest::framed([&b"continue as"[..], session.as_bytes(), saml_response.as_bytes()])
}
