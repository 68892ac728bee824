//! Signed responses, and the ways to make them wrong on purpose.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::entity_id;
use crate::config::SamlApp;
use crate::saml::{ResponseSpec, SamlError, Sign, SigningIdp};
use crate::seed::fresh;
use crate::state::{App, locked};

/// A response ready to be posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedResponse {
    pub acs_url: String,
    /// Base64, as the `SAMLResponse` form field.
    pub saml_response: String,
}

/// What is wrong with a response. By default nothing: both signatures, and Okta's five minutes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tamper {
    /// When it was made, and so when it is valid.
    pub when: When,
    /// For another service provider.
    pub audience: Option<String>,
    /// For another ACS (`Destination` and `Recipient`).
    pub recipient: Option<String>,
    /// From another identity provider.
    pub issuer: Option<String>,
    /// What is signed: `both`, `response`, `assertion` or `nothing`.
    pub sign: Signed,
    /// Signed with a key that is in no metadata.
    pub other_key: bool,
    /// The name in the assertion, changed after it was signed.
    pub altered_name: Option<String>,
    /// Minutes until the identity provider's session ends (`SessionNotOnOrAfter`); Okta sends none.
    pub session_minutes: Option<i64>,
    /// The last response for this app once more, as it was.
    pub replay: bool,
}

/// When a response was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Now,
    /// An hour ago: expired.
    Earlier,
    /// An hour from now: not yet valid.
    Later,
}

/// What is signed. Okta's default is both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signed {
    #[default]
    Both,
    Response,
    Assertion,
    Nothing,
}

/// A response for `login`, to the app's ACS.
pub(crate) fn respond(
    app: &App,
    name: &str,
    saml: &SamlApp,
    login: &str,
    in_response_to: Option<&str>,
    tamper: &Tamper,
) -> Result<SignedResponse, SamlError> {
    let done = |saml_response| SignedResponse { acs_url: saml.acs_url.clone(), saml_response };
    if tamper.replay
        && let Some(last) = locked(&app.last_response).get(name)
    {
        return Ok(done(last.clone()));
    }
    let spec = describe(app, name, saml, login, in_response_to, tamper);
    let xml = if tamper.other_key {
        let now = app.now();
        SigningIdp::generate("Somebody else", now, years(now, 1))?.response(&spec)?
    } else {
        locked(&app.idp).signing().response(&spec)?
    };
    let xml = match &tamper.altered_name {
        Some(other) => xml.replace(&format!(">{login}<"), &format!(">{other}<")),
        None => xml,
    };
    let encoded = BASE64_STANDARD.encode(xml);
    locked(&app.last_response).insert(name.to_owned(), encoded.clone());
    Ok(done(encoded))
}

fn describe(
    app: &App,
    name: &str,
    saml: &SamlApp,
    login: &str,
    in_response_to: Option<&str>,
    tamper: &Tamper,
) -> ResponseSpec {
    let hour = SignedDuration::from_hours(1);
    let shift = match tamper.when {
        When::Now => SignedDuration::ZERO,
        When::Earlier => -hour,
        When::Later => hour,
    };
    let now = app.now().saturating_add(shift).unwrap_or_else(|_| app.now());
    let issuer = tamper.issuer.clone().unwrap_or_else(|| entity_id(app, name));
    let acs_url = tamper.recipient.as_ref().unwrap_or(&saml.acs_url);
    let audience = tamper.audience.as_ref().unwrap_or(&saml.audience);
    let mut spec = ResponseSpec::okta(now, &issuer, acs_url, audience, login);
    // Unique whatever the seed: a restarted twin must not look like a replay.
    spec.response_id = format!("id{}", fresh(24));
    spec.assertion_id = format!("id{}", fresh(24));
    spec.session_index = Some(format!("id{}", fresh(24)));
    spec.session_not_on_or_after = tamper.session_minutes.map(|minutes| {
        let end = now.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(now);
        format!("{end:.3}")
    });
    spec.sign = match tamper.sign {
        Signed::Both => Sign::Both,
        Signed::Response => Sign::Response,
        Signed::Assertion => Sign::Assertion,
        Signed::Nothing => Sign::Nothing,
    };
    match in_response_to {
        Some(id) => spec.answering(id),
        None => spec,
    }
}

/// So many years of 365 days later.
pub(crate) fn years(from: Timestamp, count: i64) -> Timestamp {
    from.saturating_add(SignedDuration::from_hours(24 * 365 * count)).unwrap_or(from)
}
