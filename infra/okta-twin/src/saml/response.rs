//! A Response in Okta's shape, with every field open to change.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp, Unit};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// What the IdP signs; Okta's default is both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The Response, and with it the Assertion inside.
    Response,
    /// The Assertion only: the Response around it is anybody's.
    Assertion,
    /// The Assertion, then the Response.
    Both,
    /// Nothing: for tests that sign otherwise.
    Nothing,
}

/// One attribute of the attribute statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its text values.
    pub values: Vec<String>,
}

/// Everything that a Response says. Text is escaped; `None` leaves the thing out; instants are text, so
/// that they can be wrong.
#[derive(Debug, Clone)]
pub struct ResponseSpec {
    pub sign: Sign,
    pub response_id: String,
    pub response_version: Option<String>,
    pub response_issue_instant: Option<String>,
    pub destination: Option<String>,
    pub in_response_to: Option<String>,
    pub response_issuer: Option<String>,
    pub status: String,
    pub assertion_id: String,
    pub assertion_version: Option<String>,
    pub assertion_issue_instant: Option<String>,
    pub issuer: Option<String>,
    pub name_id: Option<String>,
    pub name_id_format: Option<String>,
    /// Method of the subject confirmation.
    pub confirmation: Option<String>,
    pub recipient: Option<String>,
    pub confirmation_in_response_to: Option<String>,
    pub confirmation_not_before: Option<String>,
    pub confirmation_not_on_or_after: Option<String>,
    pub conditions: bool,
    pub not_before: Option<String>,
    pub not_on_or_after: Option<String>,
    /// One restriction for each list of audiences.
    pub audience_restrictions: Vec<Vec<String>>,
    pub authn_statement: bool,
    pub authn_instant: Option<String>,
    pub session_index: Option<String>,
    pub session_not_on_or_after: Option<String>,
    pub authn_context: Option<String>,
    pub attributes: Vec<Attribute>,
}

impl ResponseSpec {
    /// What Okta answers at `now` for `user`: 5 minutes of validity to both sides.
    pub fn okta(now: Timestamp, issuer: &str, acs_url: &str, audience: &str, user: &str) -> Self {
        let at = |offset: i64| {
            let instant = now.saturating_add(SignedDuration::from_mins(offset)).unwrap_or(now);
            Some(format!("{:.3}", instant.round(Unit::Millisecond).unwrap_or(instant)))
        };
        let text = |text: &str| Some(text.to_owned());
        Self {
            sign: Sign::Both,
            response_id: "id1000000000000001".to_owned(),
            response_version: text("2.0"),
            response_issue_instant: at(0),
            destination: text(acs_url),
            in_response_to: None,
            response_issuer: text(issuer),
            status: "urn:oasis:names:tc:SAML:2.0:status:Success".to_owned(),
            assertion_id: "id2000000000000002".to_owned(),
            assertion_version: text("2.0"),
            assertion_issue_instant: at(0),
            issuer: text(issuer),
            name_id: text(user),
            name_id_format: text("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
            confirmation: text("urn:oasis:names:tc:SAML:2.0:cm:bearer"),
            recipient: text(acs_url),
            confirmation_in_response_to: None,
            confirmation_not_before: None,
            confirmation_not_on_or_after: at(5),
            conditions: true,
            not_before: at(-5),
            not_on_or_after: at(5),
            audience_restrictions: vec![vec![audience.to_owned()]],
            authn_statement: true,
            authn_instant: at(0),
            session_index: text("id3000000000000003"),
            session_not_on_or_after: None,
            authn_context: text("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"),
            attributes: Vec::new(),
        }
    }

    /// Answers the AuthnRequest `id`, in both places.
    #[must_use]
    pub fn answering(mut self, id: &str) -> Self {
        self.in_response_to = Some(id.to_owned());
        self.confirmation_in_response_to = Some(id.to_owned());
        self
    }

    /// The Response without any signature.
    pub fn to_xml(&self) -> String {
        let mut out = String::from(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
        open(
            &mut out,
            "saml2p:Response",
            &[
                ("xmlns:saml2p", Some(PROTOCOL)),
                ("Destination", self.destination.as_deref()),
                ("ID", Some(&self.response_id)),
                ("InResponseTo", self.in_response_to.as_deref()),
                ("IssueInstant", self.response_issue_instant.as_deref()),
                ("Version", self.response_version.as_deref()),
            ],
        );
        issuer(&mut out, self.response_issuer.as_deref());
        open(&mut out, "saml2p:Status", &[("xmlns:saml2p", Some(PROTOCOL))]);
        open(&mut out, "saml2p:StatusCode", &[("Value", Some(&self.status))]);
        out.push_str("</saml2p:StatusCode></saml2p:Status>");
        self.assertion(&mut out);
        out.push_str("</saml2p:Response>");
        out
    }

    fn assertion(&self, out: &mut String) {
        open(
            out,
            "saml2:Assertion",
            &[
                ("xmlns:saml2", Some(ASSERTION)),
                ("ID", Some(&self.assertion_id)),
                ("IssueInstant", self.assertion_issue_instant.as_deref()),
                ("Version", self.assertion_version.as_deref()),
            ],
        );
        issuer(out, self.issuer.as_deref());
        self.subject(out);
        self.conditions(out);
        self.authn_statement(out);
        self.attribute_statement(out);
        out.push_str("</saml2:Assertion>");
    }

    fn subject(&self, out: &mut String) {
        open(out, "saml2:Subject", &[("xmlns:saml2", Some(ASSERTION))]);
        if let Some(name_id) = &self.name_id {
            element(out, "saml2:NameID", &[("Format", self.name_id_format.as_deref())], name_id);
        }
        if self.confirmation.is_some() {
            open(out, "saml2:SubjectConfirmation", &[("Method", self.confirmation.as_deref())]);
            let data = [
                ("InResponseTo", self.confirmation_in_response_to.as_deref()),
                ("NotBefore", self.confirmation_not_before.as_deref()),
                ("NotOnOrAfter", self.confirmation_not_on_or_after.as_deref()),
                ("Recipient", self.recipient.as_deref()),
            ];
            element(out, "saml2:SubjectConfirmationData", &data, "");
            out.push_str("</saml2:SubjectConfirmation>");
        }
        out.push_str("</saml2:Subject>");
    }

    fn conditions(&self, out: &mut String) {
        if !self.conditions {
            return;
        }
        let window = [
            ("NotBefore", self.not_before.as_deref()),
            ("NotOnOrAfter", self.not_on_or_after.as_deref()),
            ("xmlns:saml2", Some(ASSERTION)),
        ];
        open(out, "saml2:Conditions", &window);
        for audiences in &self.audience_restrictions {
            out.push_str("<saml2:AudienceRestriction>");
            for audience in audiences {
                element(out, "saml2:Audience", &[], audience);
            }
            out.push_str("</saml2:AudienceRestriction>");
        }
        out.push_str("</saml2:Conditions>");
    }

    fn authn_statement(&self, out: &mut String) {
        if !self.authn_statement {
            return;
        }
        let session = [
            ("AuthnInstant", self.authn_instant.as_deref()),
            ("SessionIndex", self.session_index.as_deref()),
            ("SessionNotOnOrAfter", self.session_not_on_or_after.as_deref()),
            ("xmlns:saml2", Some(ASSERTION)),
        ];
        open(out, "saml2:AuthnStatement", &session);
        out.push_str("<saml2:AuthnContext>");
        if let Some(context) = &self.authn_context {
            element(out, "saml2:AuthnContextClassRef", &[], context);
        }
        out.push_str("</saml2:AuthnContext></saml2:AuthnStatement>");
    }

    fn attribute_statement(&self, out: &mut String) {
        if self.attributes.is_empty() {
            return;
        }
        let value = [
            ("xmlns:xs", Some("http://www.w3.org/2001/XMLSchema")),
            ("xmlns:xsi", Some("http://www.w3.org/2001/XMLSchema-instance")),
            ("xsi:type", Some("xs:string")),
        ];
        let format = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";
        open(out, "saml2:AttributeStatement", &[("xmlns:saml2", Some(ASSERTION))]);
        for attribute in &self.attributes {
            open(out, "saml2:Attribute", &[("Name", Some(&attribute.name)), ("NameFormat", Some(format))]);
            for text in &attribute.values {
                element(out, "saml2:AttributeValue", &value, text);
            }
            out.push_str("</saml2:Attribute>");
        }
        out.push_str("</saml2:AttributeStatement>");
    }
}

fn issuer(out: &mut String, issuer: Option<&str>) {
    if let Some(issuer) = issuer {
        element(out, "saml2:Issuer", &[("Format", Some(ENTITY)), ("xmlns:saml2", Some(ASSERTION))], issuer);
    }
}

fn element(out: &mut String, name: &str, attributes: &[(&str, Option<&str>)], text: &str) {
    open(out, name, attributes);
    // Writing to a String cannot fail.
    let _ = write!(out, "{}</{name}>", escape(text));
}

fn open(out: &mut String, name: &str, attributes: &[(&str, Option<&str>)]) {
    let _ = write!(out, "<{name}");
    for (attribute, value) in attributes {
        if let Some(value) = value {
            let _ = write!(out, r#" {attribute}="{}""#, escape(value));
        }
    }
    out.push('>');
}

/// Escapes text for content and for double-quoted attributes; what XML cannot say at all stays as it is.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => out.push(c),
        }
        out
    })
}
