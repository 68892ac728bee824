//! From a verified response to a session.
//!
//! One rule: the response is spent, the person is let in and the session opens in one transaction.

use shared::{
    http::{Problem, Visit},
    saml::{DEFAULT_CLOCK_SKEW, Identity},
    store::{
        StoreError, TenantStore,
        audit::Acting,
        log::{SIGNED_IN, SignInAttempt},
        sso::WaitingRequest,
        table::Write,
        users::{Namesake, UserRecord},
    },
    tenant::{
        Digest, UserId,
        session::{self, IdpSession, Method, SessionSecret, SignIn},
    },
};

use crate::{
    admission::{Admission, admit},
    form::Form,
    refusal::{self, Findings},
};

/// How often a person who was changed while signing in is read again.
const ATTEMPTS: u32 = 4;

/// A longer name of a way to authenticate is no class of SAML's (saml-authn-context 3.4).
const MAX_ACR: usize = 256;

/// A request that waits for this very answer, with its id.
pub(crate) type Answered = Option<(String, WaitingRequest)>;

/// A verified response on its way to a session.
pub(crate) struct Arrival {
    pub visit: Visit,
    pub identity: Identity,
    pub findings: Findings,
    pub waiting: Answered,
    /// The session that ends with this sign-in.
    pub replaced: Option<(Digest, UserId)>,
    /// The count of withdrawals of the connection that verified the response.
    pub withdrawals: u64,
}

impl Arrival {
    /// Opens the session; gives its secret and the path to land on.
    pub(crate) async fn sign_in(
        self,
        named: Namesake,
        form: &Form,
    ) -> Result<(SessionSecret, String), Problem> {
        let store = self.visit.store();
        let mut named = named;
        for _ in 0..ATTEMPTS {
            match self.commit(&store, named).await? {
                Some(secret) => return Ok((secret, self.path(form))),
                None => named = store.namesake(&self.identity.name_id).await?,
            }
        }
        Err(Problem::unavailable(1))
    }

    /// One transaction: the response is spent, the person is let in, the session opens. None when the person
    /// was changed since it was read.
    async fn commit(&self, store: &TenantStore, named: Namesake) -> Result<Option<SessionSecret>, Problem> {
        let visit = &self.visit;
        let acting = visit.acting("sign-in");
        let id = named.user.as_ref().map(|user| user.id.clone());
        let admission = match admit(&self.identity, named, &visit.workspace.settings) {
            Ok(admission) => admission,
            Err(denied) => return Err(refusal::denied(visit, denied, id, self.findings.clone()).await),
        };
        let mut writes = vec![store.spend_assertion(&self.identity, DEFAULT_CLOCK_SKEW)];
        writes.extend(self.waiting.iter().map(|(id, request)| store.spend_request(id, request)));
        let before = writes.len();
        let placed = self.admission(store, admission, &acting, &mut writes).await?;
        let mut people = before..writes.len();
        let user = placed.user();
        let limits = visit.workspace.settings.session;
        let (secret, record) = session::open(self.session(user), limits, visit.at, &*visit.door.random);
        writes.extend(self.replaced.iter().flat_map(|(hash, user)| store.session_end(hash, user)));
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
        } else if people.any(|write| error.refused(write)) {
            Ok(None)
        } else {
            Err(error.into())
        }
    }

    /// The writes that let the person in; one of them is refused when the person has changed.
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
                writes.push(store.never_deleted(&user));
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
            idp: Some(IdpSession {
                entity_id: self.identity.issuer.clone(),
                authn_instant: self.identity.authn_instant,
                acr: self.identity.authn_context.clone().filter(|acr| acr.len() <= MAX_ACR),
                withdrawals: self.withdrawals,
            }),
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
