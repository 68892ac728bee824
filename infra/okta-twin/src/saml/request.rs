//! Reads AuthnRequests from the redirect binding (SAML bindings 3.4), as an IdP must: strictly, and never
//! inflating more than a request can be.

use std::io::Read;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::DeflateDecoder;
use uppsala::{Document, NodeId, Parser};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::SamlError;

/// The most bytes that an inflated request may have.
const MAX_BYTES: u64 = 256 * 1024;
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// An AuthnRequest as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// Its id, for `InResponseTo`.
    pub id: String,
    /// The service provider's entity id.
    pub issuer: String,
    /// Where the Response shall go, if the request says so.
    pub acs_url: Option<String>,
    /// Which endpoint of ours it is addressed to.
    pub destination: Option<String>,
    /// When it was made, as written.
    pub issue_instant: String,
    /// Whether the person must authenticate afresh.
    pub force_authn: bool,
    /// What to give back with the Response.
    pub relay_state: Option<String>,
    signed: Option<SignedQuery>,
}

/// The octets that were signed, and their signature.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SignedQuery {
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl ReceivedRequest {
    /// Reads the query string of the single sign-on URL.
    pub fn from_query(query: &str) -> Result<Self, SamlError> {
        let message = value(query, "SAMLRequest").ok_or_else(|| refused("no SAMLRequest"))?;
        let deflated = STANDARD.decode(message).map_err(|_| refused("no base64"))?;
        let xml = inflate(&deflated)?;
        let document = Parser::new().with_forbid_dtd(true).parse(&xml).map_err(|_| refused("no XML"))?;
        let root = document.document_element().ok_or_else(|| refused("no element"))?;
        if !document.element(root).is_some_and(|e| e.matches_name_ns(PROTOCOL, "AuthnRequest")) {
            return Err(refused("another message"));
        }
        let attribute = |name| document.get_attribute(root, name).map(str::to_owned);
        Ok(Self {
            id: attribute("ID").ok_or_else(|| refused("no ID"))?,
            issuer: issuer(&document, root).ok_or_else(|| refused("no Issuer"))?,
            acs_url: attribute("AssertionConsumerServiceURL"),
            destination: attribute("Destination"),
            issue_instant: attribute("IssueInstant").ok_or_else(|| refused("no IssueInstant"))?,
            force_authn: matches!(attribute("ForceAuthn").as_deref(), Some("true" | "1")),
            relay_state: value(query, "RelayState"),
            signed: signed(query)?,
        })
    }

    /// Whether the query was signed by this key (RFC 8017 `RSAPublicKey` or SubjectPublicKeyInfo, DER).
    pub fn is_signed_by(&self, public_key: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key);
        self.signed.as_ref().is_some_and(|query| key.verify(&query.message, &query.signature).is_ok())
    }

    /// Whether the query was signed by the key of this certificate (DER).
    pub fn is_signed_by_certificate(&self, der: &[u8]) -> bool {
        let certificate = X509Certificate::from_der(der);
        certificate.is_ok_and(|(_, certificate)| self.is_signed_by(certificate.public_key().raw))
    }

    /// Whether the query carries a signature at all.
    pub fn is_signed(&self) -> bool {
        self.signed.is_some()
    }
}

fn inflate(deflated: &[u8]) -> Result<String, SamlError> {
    let mut xml = String::new();
    let mut limited = DeflateDecoder::new(deflated).take(MAX_BYTES + 1);
    limited.read_to_string(&mut xml).map_err(|_| refused("no deflated UTF-8"))?;
    if limited.limit() == 0 { Err(refused("more than 256 KB")) } else { Ok(xml) }
}

fn issuer(document: &Document<'_>, root: NodeId) -> Option<String> {
    let issuer = document.first_child_element_by_name_ns(root, ASSERTION, "Issuer")?;
    Some(document.text_content_deep(issuer))
}

/// The signed octets are the query's own, in the order of the binding (3.4.4.1).
fn signed(query: &str) -> Result<Option<SignedQuery>, SamlError> {
    let Some(signature) = value(query, "Signature") else { return Ok(None) };
    if value(query, "SigAlg").as_deref() != Some(RSA_SHA256) {
        return Err(refused("another signature algorithm"));
    }
    let signature = STANDARD.decode(signature).map_err(|_| refused("no base64 in Signature"))?;
    let parts: Vec<&str> =
        ["SAMLRequest", "RelayState", "SigAlg"].iter().filter_map(|name| raw(query, name)).collect();
    Ok(Some(SignedQuery { message: parts.join("&").into_bytes(), signature }))
}

/// The `name=value` pair as sent.
fn raw<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').find(|pair| pair.split_once('=').is_some_and(|(key, _)| key == name))
}

fn value(query: &str, name: &str) -> Option<String> {
    let pair = raw(query, name)?;
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}

fn refused(got: &str) -> SamlError {
    SamlError::Request(got.to_owned())
}
