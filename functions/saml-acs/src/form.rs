//! The form of the HTTP-POST binding (SAML bindings 3.5.4): a form and nothing else, each field once.

use axum::{
    body::Body,
    http::{header, request::Parts},
};
use shared::http::{
    Problem,
    body::{self, BodyError},
};

/// A response of 256 KB in base64, escaped and wrapped, and room to spare.
const LIMIT: usize = 1024 * 1024;

/// What the identity provider's page posts through the browser, or our own page once more.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub saml_response: String,
    pub relay_state: Option<String>,
    /// From our own page: the person wants to leave the other session.
    pub confirm: Option<String>,
}

impl Form {
    pub(crate) async fn read(parts: &Parts, body: Body) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("SAMLResponse")) {
            return Err(Problem::bad_request(
                "form.query",
                "A response does not belong into the address.",
                "Post it as a form.",
            ));
        }
        if body::media_type(&parts.headers).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(Problem::unsupported_media_type("application/x-www-form-urlencoded"));
        }
        if parts.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::unsupported_media_type("an unencoded form"));
        }
        let bytes = body::read(body, LIMIT).await.map_err(|error| match error {
            BodyError::TooLarge { limit } => Problem::too_large(limit),
            BodyError::Unreadable => {
                Problem::bad_request("body.unreadable", "The request ended early.", "Start again.")
            }
        })?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let (mut response, mut relay_state, mut confirm) = (None, None, None);
        for (name, value) in form_urlencoded::parse(bytes) {
            let field = match &*name {
                "SAMLResponse" => &mut response,
                "RelayState" => &mut relay_state,
                "confirm" => &mut confirm,
                _ => return Err(unknown_field()),
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(twice());
            }
        }
        let saml_response = response.filter(|response| !response.is_empty()).ok_or_else(missing)?;
        Ok(Self { saml_response, relay_state, confirm })
    }
}

fn unknown_field() -> Problem {
    let next = "Send SAMLResponse and RelayState.";
    Problem::bad_request("form.field", "The form has a field that does not belong there.", next)
}

fn twice() -> Problem {
    Problem::bad_request("form.duplicate", "A field is there twice.", "Send each field once.")
}

fn missing() -> Problem {
    let next = "Start again from the workspace's sign-in page or from your Okta dashboard.";
    Problem::bad_request("form.missing", "There is no SAMLResponse in the form.", next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a55_each_field_once_and_no_other() {
        for (form, code) in [
            ("SAMLResponse=a&SAMLResponse=a", "form.duplicate"),
            ("SAMLResponse=a&RelayState=b&RelayState=b", "form.duplicate"),
            ("SAMLResponse[]=a", "form.field"),
            ("samlresponse=a", "form.field"),
            ("SAMLResponse=a&SAMLRequest=b", "form.field"),
            ("RelayState=a", "form.missing"),
            ("SAMLResponse=", "form.missing"),
            ("", "form.missing"),
        ] {
            assert_eq!(Form::parse(form.as_bytes()).unwrap_err().code, code, "{form}");
        }
        let form = Form::parse(b"SAMLResponse=a%2Bb&RelayState=").unwrap();
        assert_eq!((form.saml_response.as_str(), form.relay_state.as_deref()), ("a+b", Some("")));
    }
}
