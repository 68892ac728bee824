//! What a refused person sees, and what the administrators' log keeps: one says what to do, the other why.

use shared::{
    http::{Problem, Visit},
    saml::{MAX_BYTES, Rejection, Verdict},
    store::log::{LoggedCheck, SignInAttempt},
    tenant::UserId,
};

use crate::admission::Denied;

/// The checks of a verdict on their way to the log.
#[derive(Debug, Clone)]
pub(crate) struct Findings {
    pub checks: Vec<LoggedCheck>,
    pub warnings: Vec<String>,
}

impl Findings {
    pub(crate) fn of(verdict: &Verdict) -> Self {
        let checks = verdict.checks.iter().map(LoggedCheck::from).collect();
        Self { checks, warnings: verdict.warnings.clone() }
    }

    /// With the second verifier's checks.
    #[cfg(feature = "samael")]
    pub(crate) fn and(mut self, checks: &[shared::saml::Check]) -> Self {
        self.checks.extend(checks.iter().map(LoggedCheck::from));
        self
    }

    #[cfg(feature = "samael")]
    pub(crate) fn all_passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// One more check that failed.
    fn failing(mut self, name: &str, want: &str, got: &str) -> Self {
        let (name, want, got) = (name.to_owned(), want.to_owned(), got.to_owned());
        self.checks.push(LoggedCheck { name, want, got, passed: false });
        self
    }
}

/// The verifier said no.
pub(crate) async fn of_response(visit: &Visit, rejection: &Rejection, findings: Findings) -> Problem {
    log(visit, rejection.code(), findings, None).await;
    if rejection.is_too_large() {
        return Problem::too_large(MAX_BYTES);
    }
    if rejection.is_bad_request() {
        let next = "Start again from the workspace's sign-in page or from your Okta dashboard.";
        return Problem::bad_request("saml.unreadable", "The sign-in response cannot be read.", next);
    }
    refused()
}

/// The second verifier refuses, or read something else.
#[cfg(feature = "samael")]
pub(crate) async fn disagreed(visit: &Visit, findings: Findings) -> Problem {
    log(visit, "saml.second_opinion", findings, None).await;
    refused()
}

/// The response was good and is used up.
pub(crate) async fn replayed(visit: &Visit, findings: Findings) -> Problem {
    let findings = findings.failing("assertion.unused", "an assertion that nobody used", "a used one");
    log(visit, "saml.replay", findings, None).await;
    refused()
}

/// The request that the response answers was answered meanwhile.
pub(crate) async fn answered(visit: &Visit, findings: Findings) -> Problem {
    let findings = findings.failing("request.unanswered", "a request that waits", "an answered one");
    log(visit, "saml.in_response_to", findings, None).await;
    refused()
}

/// Another person's session is in this browser: the page asks whether it is to end. Who is asked out of the blue was
/// sent here by somebody else.
pub(crate) async fn asked(visit: &Visit, findings: Findings) {
    let findings = findings.failing("session", "nobody else's session in this browser", "somebody else's");
    log(visit, "session.other", findings, None).await;
}

/// The person may not come in.
pub(crate) async fn denied(
    visit: &Visit,
    denied: Denied,
    user: Option<UserId>,
    findings: Findings,
) -> Problem {
    let (code, want, got) = match denied {
        Denied::Disabled => ("user.disabled", "an active user", "a deactivated one"),
        Denied::NotProvisioned => ("user.not_provisioned", "a provisioned user", "nobody of that name"),
        Denied::Deleted => ("user.deleted", "a user, or a name that nobody had", "a deleted one"),
        Denied::Name => ("saml.nameid", "a name that can be a userName", "another"),
    };
    log(visit, code, findings.failing("user", want, got), user).await;
    match denied {
        Denied::Disabled => Problem::forbidden(
            code,
            "Your access to this workspace was switched off.",
            "Ask an administrator of the workspace, or whoever manages Okta at your company.",
        ),
        Denied::NotProvisioned => Problem::forbidden(
            code,
            "You are not provisioned in this workspace yet.",
            "Ask whoever manages Okta at your company to remove your assignment of this app, wait until \
             provisioning is complete, and assign it again.",
        ),
        Denied::Deleted => Problem::forbidden(
            code,
            "Your access to this workspace was removed.",
            "Ask whoever manages Okta at your company to provision you again (remove your assignment of this app and \
             assign it again), or an administrator of the workspace to invite you.",
        ),
        Denied::Name => refused(),
    }
}

/// 403 with one text for every reason: the exact one is the administrators' to see.
fn refused() -> Problem {
    Problem::forbidden(
        "saml.refused",
        "This sign-in was refused.",
        "Start again from the workspace's sign-in page or from your Okta dashboard. If it is refused again, give \
         an administrator of the workspace the id below: the sign-in log says why.",
    )
}

/// Keeps the attempt. A log that cannot be written lets nobody in and keeps nobody out.
async fn log(visit: &Visit, outcome: &str, findings: Findings, user: Option<UserId>) {
    let Findings { checks, warnings } = findings;
    let attempt = SignInAttempt::new(&visit.acting("sign-in"), outcome, checks, warnings);
    tracing::info!(saml.outcome = outcome, correlation_id = %visit.correlation_id, "sign-in refused");
    if let Err(error) = visit.store().log_sign_in(&SignInAttempt { user, ..attempt }).await {
        tracing::error!(error.message = %error, "sign-in log");
    }
}
