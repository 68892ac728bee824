//! A test sign-in: an Admin tries the connection.
//!
//! One rule: it ends like a sign-in in everything but the session. The response is judged, spent and logged; nobody
//! comes in, nobody is created, nobody's attributes change.

use serde_json::json;
use shared::{
    http::{Answer, Problem},
    saml::DEFAULT_CLOCK_SKEW,
    store::{
        log::{SignInAttempt, TESTED},
        users::Namesake,
    },
};

use crate::{admission::admit, arrival::Arrival, refusal};

/// Says how the sign-in would have ended.
pub(crate) async fn conclude(arrival: Arrival, named: Namesake) -> Result<Answer, Problem> {
    let Arrival { visit, identity, findings, waiting, .. } = arrival;
    let store = visit.store();
    let id = named.user.as_ref().map(|user| user.id.clone());
    if let Err(denied) = admit(&identity, named, &visit.workspace.settings) {
        return Err(refusal::denied(&visit, denied, id, findings).await);
    }
    let attempt = SignInAttempt::new(
        &visit.acting("sign-in"),
        TESTED,
        findings.checks.clone(),
        findings.warnings.clone(),
    );
    let mut writes = vec![store.spend_assertion(&identity, DEFAULT_CLOCK_SKEW)];
    writes.extend(waiting.iter().map(|(id, request)| store.spend_request(id, request)));
    writes.push(store.sign_in_attempt(&SignInAttempt { user: id, ..attempt }));
    match store.spend(writes).await {
        Ok(()) => Ok(Answer::done(result(&visit.correlation_id), json!({ "tested": true }))),
        Err(error) if error.refused(0) => Err(refusal::replayed(&visit, findings).await),
        Err(error) if error.refused(1) => Err(refusal::answered(&visit, findings).await),
        Err(error) => Err(error.into()),
    }
}

/// Where an Admin sees every check of the attempt with this id.
pub(crate) fn result(correlation_id: &str) -> String {
    format!("/security/sso/log?correlation={correlation_id}")
}
