//! `POST /auth/saml/acs`, from the form to the session.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header, request::Parts},
};
use futures::{future::OptionFuture, join};
use serde_json::json;
use shared::{
    http::{
        Answer, Door, Problem, Visit,
        door::{correlation_id, open_to_visits, subdomain_of},
        session::same_origin,
    },
    saml::{self, DEFAULT_CLOCK_SKEW, Expectations, Identity},
    store::{
        StoreError, TenantStore,
        audit::Acting,
        log::{SIGNED_IN, SignInAttempt},
        sso::{Ahead, Guess, SsoConnection, WaitingRequest},
        table::Write,
        users::UserRecord,
    },
    tenant::{
        Digest,
        cookie::Cookies,
        session::{self, Method, SessionSecret, SignIn},
    },
};

#[cfg(feature = "samael")]
use crate::second;
use crate::{
    admission::{Admission, admit},
    form::Form,
    guess, pages,
    refusal::{self, Findings},
};

/// How often a person who was changed while signing in is read again.
const ATTEMPTS: u32 = 4;

/// A request that waits for this very answer, with its id.
type Answered = Option<(String, WaitingRequest)>;

pub(crate) async fn response(State(door): State<Door>, request: Request) -> Result<Answer, Problem> {
    let (parts, body) = request.into_parts();
    let subdomain = subdomain_of(&door, &parts)?;
    let form = Form::read(&parts, body).await?;
    let cookies = cookies(&door, subdomain.as_str())?;
    let browser =
        cookies.saml_request(sent_cookies(&parts.headers)).map(|value| Digest::of(value.as_bytes()));
    let guess =
        Guess { session: present_session(&cookies, &parts.headers), ..guess::of(&form.saml_response) };
    // Five reads of the SDK's in one future: on the heap, not on every frame above.
    let ahead = Box::pin(door.workspaces.read_ahead(&subdomain, &guess)).await?;
    let mut ahead = ahead.ok_or_else(Problem::no_workspace)?;
    let visit = visit(&door, &mut ahead, &parts)?;
    let connection = ahead.connection.take().filter(|connection| connection.enabled).ok_or_else(off)?;
    let waiting = ahead.request.take().filter(|request| request.is_answerable(browser.as_ref(), visit.at));
    let waiting = guess.request_id.clone().zip(waiting);

    let (identity, findings) = verified(&visit, &connection, &form, &waiting).await?;
    let (user, present) = people(&visit, &identity, &guess, &ahead).await?;
    // Only what was asked for in this very browser replaces another person's session unasked.
    if identity.in_response_to.is_none()
        && let (Some(hash), Some(present)) = (&guess.session, present)
        && user.as_ref().is_none_or(|user| user.id != present.id)
    {
        let wanted = confirmation(hash, &form.saml_response);
        let confirmed = form.confirm.as_deref().and_then(Digest::from_hex) == Some(wanted);
        if !confirmed || same_origin(&parts.headers, &visit.origin()).is_err() {
            let present = present.attributes.user_name();
            return Ok(pages::continue_as(&identity.name_id, present, &form.saml_response, &wanted));
        }
    }
    let arrival = Arrival { visit, identity, findings, waiting, replaced: guess.session };
    let (secret, path) = arrival.sign_in(user, &form).await?;
    Ok(Answer::done(path.clone(), json!({ "signedIn": true, "next": path }))
        .with_cookie(cookies.set_session(&secret))
        .with_cookie(cookies.set_trace(&secret.hash())))
}

fn cookies(door: &Door, subdomain: &str) -> Result<Cookies, Problem> {
    let origin = door.base.origin(subdomain).parse().map_err(|_| Problem::internal())?;
    Cookies::of(&origin, subdomain).map_err(|_| Problem::internal())
}

fn sent_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok())
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
    form: &Form,
    waiting: &Answered,
) -> Result<(Identity, Findings), Problem> {
    let origin = visit.origin();
    let request_ids: Vec<&str> = waiting.iter().map(|(id, _)| id.as_str()).collect();
    let settings = &visit.workspace.settings;
    let expect = Expectations {
        idp: &connection.idp,
        sp_entity_id: &format!("{origin}/saml/metadata"),
        acs_url: &format!("{origin}/auth/saml/acs"),
        request_ids: &request_ids,
        allow_idp_initiated: settings.idp_initiated,
        require_signed_assertion: settings.require_signed_assertion,
        allow_ecdsa: settings.allow_ecdsa,
        decryption_key: None,
        refuse_outdated_certificate: false,
        now: visit.at,
        clock_skew: DEFAULT_CLOCK_SKEW,
    };
    let verdict = saml::verify(&form.saml_response, &expect);
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

/// The user whom the response names, and the one whose session this browser has.
async fn people(
    visit: &Visit,
    identity: &Identity,
    guess: &Guess,
    ahead: &Ahead,
) -> Result<(Option<UserRecord>, Option<UserRecord>), StoreError> {
    let store = visit.store();
    let named = async {
        if guess.user_name.as_deref() == Some(identity.name_id.as_str()) {
            store.user_named(ahead.user_id.as_deref(), &identity.name_id).await
        } else {
            store.user_by_name(&identity.name_id).await
        }
    };
    let present = ahead.session.as_ref().map(|session| store.user(session.user.as_str()));
    let (named, present) = join!(named, OptionFuture::from(present));
    let alive = |user: &UserRecord| {
        ahead.session.as_ref().is_some_and(|s| session::judge(s, user.session_state(), visit.at).is_ok())
    };
    Ok((named?, present.transpose()?.flatten().filter(alive)))
}

/// Shows that the question was asked for this response and this session. Without the session's hash, which no
/// page and no other site can read, nobody can make it up.
fn confirmation(session: &Digest, saml_response: &str) -> Digest {
    Digest::framed([&b"continue as"[..], session.as_bytes(), saml_response.as_bytes()])
}

fn off() -> Problem {
    Problem::forbidden(
        "sso.off",
        "Single sign-on is not set up for this workspace.",
        "Sign in by e-mail at /sign-in, or ask an Admin of the workspace.",
    )
}

/// A verified response on its way to a session.
struct Arrival {
    visit: Visit,
    identity: Identity,
    findings: Findings,
    waiting: Answered,
    /// The session that ends with this sign-in.
    replaced: Option<Digest>,
}

impl Arrival {
    /// Opens the session; gives its secret and the path to land on.
    async fn sign_in(
        self,
        user: Option<UserRecord>,
        form: &Form,
    ) -> Result<(SessionSecret, String), Problem> {
        let store = self.visit.store();
        let mut user = user;
        for _ in 0..ATTEMPTS {
            match self.commit(&store, user).await? {
                Some(secret) => return Ok((secret, self.path(form))),
                None => user = store.user_by_name(&self.identity.name_id).await?,
            }
        }
        Err(Problem::unavailable(1))
    }

    /// One transaction: the response is spent, the person is let in, the session opens. None when the person
    /// was changed since it was read.
    async fn commit(
        &self,
        store: &TenantStore,
        user: Option<UserRecord>,
    ) -> Result<Option<SessionSecret>, Problem> {
        let visit = &self.visit;
        let acting = visit.acting("sign-in");
        let id = user.as_ref().map(|user| user.id.clone());
        let admission = match admit(&self.identity, user, &visit.workspace.settings) {
            Ok(admission) => admission,
            Err(denied) => return Err(refusal::denied(visit, denied, id, self.findings.clone()).await),
        };
        let mut writes = vec![store.spend_assertion(&self.identity, DEFAULT_CLOCK_SKEW)];
        writes.extend(self.waiting.iter().map(|(id, request)| store.spend_request(id, request)));
        let people = writes.len();
        let placed = self.admission(store, admission, &acting, &mut writes).await?;
        let user = placed.user();
        let secret_and_record = session::open(self.session(user), visit.at, &*visit.door.random);
        let (secret, record) = secret_and_record;
        writes.extend(self.replaced.as_ref().map(|hash| store.replace_session(hash)));
        writes.push(store.sign_in_attempt(&self.attempt(user, &acting)));
        let audit = acting.record("sign_in.saml", user.target(), "");
        let error = match store.open_session(&secret.hash(), &record, writes, &audit).await {
            Ok(()) => return Ok(Some(secret)),
            Err(error) => error,
        };
        if let (Placed::New(user), StoreError::Condition(_)) = (&placed, &error) {
            store.give_up_place(user).await?;
        }
        if error.refused(0) {
            Err(refusal::replayed(visit, self.findings.clone()).await)
        } else if self.waiting.is_some() && error.refused(1) {
            Err(refusal::answered(visit, self.findings.clone()).await)
        } else if error.refused(people) {
            Ok(None)
        } else {
            Err(error.into())
        }
    }

    /// The writes that let the person in; the first of them is refused when the person has changed.
    async fn admission(
        &self,
        store: &TenantStore,
        admission: Admission,
        acting: &Acting<'_>,
        writes: &mut Vec<Write>,
    ) -> Result<Placed, StoreError> {
        let tenant = store.tenant_id();
        match admission {
            Admission::Known { user, profile } => {
                let audit = profile.as_ref().map(|_| acting.record("user.update", user.target(), "jit"));
                writes.push(store.user_at_sign_in(&user, profile, acting));
                writes.extend(audit.map(|audit| audit.write(tenant)));
                Ok(Placed::Known(*user))
            }
            Admission::New(new) => {
                let user = store.place_user(new, acting).await?;
                writes.extend(store.user_creation(&user));
                writes.push(acting.record("user.create", user.target(), "jit").write(tenant));
                Ok(Placed::New(user))
            }
        }
    }

    fn session(&self, user: &UserRecord) -> SignIn {
        SignIn {
            tenant: self.visit.workspace.tenant.clone(),
            user: user.id.clone(),
            method: Method::Saml,
            epoch: user.epoch,
            saml_not_on_or_after: self.identity.session_not_on_or_after,
            // The IdP's clock may be ahead of ours; nobody authenticated in the future.
            strong_auth_at: Some(self.identity.authn_instant.min(self.visit.at)),
        }
    }

    fn attempt(&self, user: &UserRecord, acting: &Acting<'_>) -> SignInAttempt {
        let Findings { checks, warnings } = self.findings.clone();
        let attempt = SignInAttempt::new(acting, SIGNED_IN, checks, warnings);
        SignInAttempt { user: Some(user.id.clone()), ..attempt }
    }

    /// The path that the request was made for, if its RelayState came back as it was sent.
    fn path(&self, form: &Form) -> String {
        let kept = self.waiting.as_ref().filter(|(id, _)| form.relay_state.as_deref() == Some(id));
        kept.map_or_else(|| "/".to_owned(), |(_, request)| request.path.clone())
    }
}

/// The user of the session to be.
enum Placed {
    Known(UserRecord),
    New(UserRecord),
}

impl Placed {
    fn user(&self) -> &UserRecord {
        match self {
            Self::Known(user) | Self::New(user) => user,
        }
    }
}
