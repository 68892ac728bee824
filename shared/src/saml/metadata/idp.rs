//! What a connection needs from an IdP's metadata. Anything ambiguous is refused; the old one stays live.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

use crate::saml::{
    CertificateError, Mismatch, Rejection, SigningCertificate,
    decode::strict_base64,
    instant,
    names::{METADATA, PROTOCOL, REDIRECT_BINDING, SIGNATURE},
    node::Node,
    xml,
};

/// The largest metadata document, in bytes.
pub const MAX_BYTES: usize = 512 * 1024;
const MAX_ENTITY_ID: usize = 1024;
const MAX_CERTIFICATES: usize = 8;

/// A pinned identity provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdpMetadata {
    /// The IdP's entity id: the exact Issuer of its messages.
    pub entity_id: String,
    /// Where AuthnRequests go by redirect.
    pub sso_redirect: String,
    /// Whether the IdP accepts only signed AuthnRequests.
    pub want_authn_requests_signed: bool,
    /// After this the IdP wants its metadata fetched again.
    pub valid_until: Option<Timestamp>,
    /// The keys that may sign; several during a rollover, at least one.
    pub certificates: Vec<SigningCertificate>,
}

/// Why metadata cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// Not acceptable as XML.
    #[error(transparent)]
    Xml(#[from] Rejection),
    /// Not exactly one EntityDescriptor with one SAML 2.0 IDPSSODescriptor.
    #[error("EntityDescriptor: {0}")]
    Entity(Mismatch),
    /// No usable entity id.
    #[error("entityID: {0}")]
    EntityId(Mismatch),
    /// No single sign-on endpoint for redirects, or one that nobody should be sent to.
    #[error("SingleSignOnService: {0}")]
    Endpoint(Mismatch),
    /// No signing certificate, or one that cannot be read.
    #[error("signing certificate: {0}")]
    Certificate(Mismatch),
    /// A key that must not be trusted.
    #[error("signing certificate: {0}")]
    WeakKey(Mismatch),
    /// None of the keys counts in this workspace.
    #[error("signing certificate: {0}")]
    KeyKind(Mismatch),
    /// `validUntil` is no instant, or past.
    #[error("validUntil: {0}")]
    ValidUntil(Mismatch),
}

impl MetadataError {
    /// The stable code, such as `saml.weak_key`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(rejection) => rejection.code(),
            Self::Entity(_) => "metadata.entity",
            Self::EntityId(_) => "metadata.entity_id",
            Self::Endpoint(_) => "metadata.endpoint",
            Self::Certificate(_) => "metadata.certificate",
            Self::WeakKey(_) => "saml.weak_key",
            Self::KeyKind(_) => "metadata.key_kind",
            Self::ValidUntil(_) => "metadata.valid_until",
        }
    }
}

impl IdpMetadata {
    /// Parses the metadata document of one IdP (SAML metadata 2.4.3).
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        // AD FS writes a byte order mark; a document is not read differently for it.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let document = xml::parse(bytes, MAX_BYTES)?;
        let entity = only_entity(Node::document_element(&document))?;
        let idp = only_idp(entity)?;
        Ok(Self {
            entity_id: entity_id(entity)?,
            sso_redirect: sso_redirect(idp)?,
            want_authn_requests_signed: is_true(idp.attribute("WantAuthnRequestsSigned")),
            valid_until: valid_until(entity)?,
            certificates: certificates(idp)?,
        })
    }

    /// Whether `other` shares no key with this: such a refresh waits for an Admin.
    pub fn replaces_all_keys_of(&self, other: &Self) -> bool {
        !self.certificates.iter().any(|ours| other.certificates.iter().any(|theirs| ours.der == theirs.der))
    }
}

fn only_entity(root: Option<Node<'_>>) -> Result<Node<'_>, MetadataError> {
    let refused = |got: &str| MetadataError::Entity(Mismatch::new("exactly one EntityDescriptor", got));
    match root {
        Some(root) if root.is(METADATA, "EntityDescriptor") => Ok(root),
        Some(root) if root.is(METADATA, "EntitiesDescriptor") => {
            let nested = root.named(METADATA, "EntitiesDescriptor").next().is_some();
            let only = root.only(METADATA, "EntityDescriptor").filter(|_| !nested);
            only.ok_or_else(|| refused("none or several"))
        }
        Some(other) => Err(refused(other.local_name())),
        None => Err(refused("nothing")),
    }
}

fn only_idp(entity: Node<'_>) -> Result<Node<'_>, MetadataError> {
    let idp = entity.only(METADATA, "IDPSSODescriptor");
    let protocols = idp.and_then(|idp| idp.attribute("protocolSupportEnumeration")).unwrap_or_default();
    let saml2 = protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL);
    idp.filter(|_| saml2).ok_or_else(|| {
        MetadataError::Entity(Mismatch::new(
            "one IDPSSODescriptor for SAML 2.0",
            "none, several, or another protocol",
        ))
    })
}

fn entity_id(entity: Node<'_>) -> Result<String, MetadataError> {
    let id = entity.attribute("entityID").unwrap_or_default();
    let plain =
        !id.is_empty() && id.len() <= MAX_ENTITY_ID && id.trim() == id && !id.chars().any(char::is_control);
    if plain {
        return Ok(id.to_owned());
    }
    Err(MetadataError::EntityId(Mismatch::new("1 to 1024 bytes without white space around", id)))
}

/// The first endpoint for redirects. Plain http is for loopback only, and not for every deployment
/// ([`super::Terms::plain_http`]).
fn sso_redirect(idp: Node<'_>) -> Result<String, MetadataError> {
    let refused = |want, got| MetadataError::Endpoint(Mismatch::new(want, got));
    let mut services = idp.named(METADATA, "SingleSignOnService");
    let service = services.find(|service| service.attribute("Binding") == Some(REDIRECT_BINDING));
    let service = service.ok_or_else(|| refused("one for the HTTP-Redirect binding", "none"))?;
    let location = service.attribute("Location").unwrap_or_default();
    if Url::parse(location).is_ok_and(|url| is_safe(&url)) {
        return Ok(location.to_owned());
    }
    Err(refused("an https URL", location))
}

fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    scheme && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

/// Every certificate for signing: `use="signing"` or no use (SAML metadata 2.4.1.1).
fn certificates(idp: Node<'_>) -> Result<Vec<SigningCertificate>, MetadataError> {
    let refused = |got: &str| MetadataError::Certificate(Mismatch::new("1 to 8 signing certificates", got));
    let mut found: Vec<SigningCertificate> = Vec::new();
    for key in idp.named(METADATA, "KeyDescriptor") {
        if !matches!(key.attribute("use"), None | Some("signing")) {
            continue;
        }
        let infos = key.named(SIGNATURE, "KeyInfo");
        let data = infos.flat_map(|info| info.named(SIGNATURE, "X509Data"));
        for node in data.flat_map(|data| data.named(SIGNATURE, "X509Certificate")) {
            let certificate = certificate(node)?;
            if !found.contains(&certificate) {
                found.push(certificate);
            }
        }
    }
    match found.len() {
        0 => Err(refused("none")),
        1..=MAX_CERTIFICATES => Ok(found),
        _ => Err(refused("more")),
    }
}

fn certificate(node: Node<'_>) -> Result<SigningCertificate, MetadataError> {
    let want = "base64 of a DER certificate";
    let der = node.text().and_then(|text| strict_base64(&text));
    let der = der.ok_or_else(|| MetadataError::Certificate(Mismatch::new(want, "other text")))?;
    SigningCertificate::from_der(&der).map_err(|error| match error {
        CertificateError::Unreadable { got } => MetadataError::Certificate(Mismatch::new(want, got)),
        CertificateError::WeakKey { got } => {
            let want =
                "RSA of 2048 bits or more with an exponent of 65537 or more, or ECDSA on P-256 or P-384";
            MetadataError::WeakKey(Mismatch::new(want, got))
        }
    })
}

fn valid_until(entity: Node<'_>) -> Result<Option<Timestamp>, MetadataError> {
    let until = entity.attribute("validUntil").map(instant::parse).transpose();
    until.map_err(|refused| MetadataError::ValidUntil(refused.mismatch().clone()))
}

fn is_true(text: Option<&str>) -> bool {
    matches!(text, Some("true" | "1"))
}
