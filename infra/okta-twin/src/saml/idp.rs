//! A signing key with its certificate, and the metadata that names it.

use std::{fmt, time::Duration};

use aws_lc_rs::rsa::KeyPair;
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rcgen::{CertificateParams, DnType, PKCS_RSA_SHA256};
use uppsala::XmlWriter;

use super::{ResponseSpec, SamlError, Sign, Signing, sign};

/// An identity provider that can sign: RSA 2048 and a self-signed certificate, as Okta makes per app.
pub struct SigningIdp {
    key: KeyPair,
    pkcs8: Vec<u8>,
    certificate: Vec<u8>,
}

impl SigningIdp {
    /// Makes a fresh key, and a certificate for it that is valid from `not_before` to `not_after`.
    pub fn generate(name: &str, not_before: Timestamp, not_after: Timestamp) -> Result<Self, SamlError> {
        let key = rcgen::KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(key_error)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        let after_epoch = |instant: Timestamp| Duration::from_secs(instant.as_second().unsigned_abs());
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + after_epoch(not_before);
        params.not_after = epoch + after_epoch(not_after);
        let certificate = params.self_signed(&key).map_err(key_error)?;
        Self::from_parts(&key.serialize_der(), certificate.der())
    }

    /// Takes a stored PKCS #8 key and its DER certificate.
    pub fn from_parts(pkcs8: &[u8], certificate: &[u8]) -> Result<Self, SamlError> {
        let key = KeyPair::from_pkcs8(pkcs8).map_err(key_error)?;
        Ok(Self { key, pkcs8: pkcs8.to_vec(), certificate: certificate.to_vec() })
    }

    /// The private key, PKCS #8 DER, to store the twin's identity.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Metadata that names this key only.
    pub fn metadata_xml(&self, entity_id: &str, sso_url: &str) -> String {
        metadata_xml(entity_id, sso_url, &[&self.certificate])
    }

    /// A Response as `spec` says, signed as `spec.sign` says.
    pub fn response(&self, spec: &ResponseSpec) -> Result<String, SamlError> {
        let xml = spec.to_xml();
        // The inner signature first: the Response's covers it.
        let signs_assertion = matches!(spec.sign, Sign::Assertion | Sign::Both);
        let xml = if signs_assertion { self.sign(&xml, &spec.assertion_id)? } else { xml };
        if matches!(spec.sign, Sign::Response | Sign::Both) {
            self.sign(&xml, &spec.response_id)
        } else {
            Ok(xml)
        }
    }

    /// Signs the element of `xml` whose `ID` is `id`, the way Okta does.
    pub fn sign(&self, xml: &str, id: &str) -> Result<String, SamlError> {
        self.sign_with(xml, id, &Signing::default(), |signed_info| signed_info)
    }

    /// Signs with other algorithms, and with a SignedInfo that `edit` may change before it is signed.
    pub fn sign_with(
        &self,
        xml: &str,
        id: &str,
        signing: &Signing,
        edit: impl FnOnce(String) -> String,
    ) -> Result<String, SamlError> {
        sign::enveloped(&self.key, &self.certificate, xml, id, signing, edit)
    }
}

impl fmt::Debug for SigningIdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningIdp")
    }
}

/// IdP metadata as Okta publishes it, with all `certificates` (several during a rollover).
pub fn metadata_xml(entity_id: &str, sso_url: &str, certificates: &[&[u8]]) -> String {
    metadata_xml_of(entity_id, sso_url, certificates, false)
}

/// The same of an app that may take signed requests only.
pub fn metadata_xml_of(
    entity_id: &str,
    sso_url: &str,
    certificates: &[&[u8]],
    signed_requests: bool,
) -> String {
    let signed_requests = if signed_requests { "true" } else { "false" };
    let mut out = XmlWriter::new();
    out.write_declaration();
    let namespace = ("xmlns:md", "urn:oasis:names:tc:SAML:2.0:metadata");
    out.start_element("md:EntityDescriptor", &[("entityID", entity_id), namespace]);
    let protocol = ("protocolSupportEnumeration", "urn:oasis:names:tc:SAML:2.0:protocol");
    out.start_element("md:IDPSSODescriptor", &[("WantAuthnRequestsSigned", signed_requests), protocol]);
    for certificate in certificates {
        out.start_element("md:KeyDescriptor", &[("use", "signing")]);
        out.start_element("ds:KeyInfo", &[("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")]);
        out.start_element("ds:X509Data", &[]);
        out.start_element("ds:X509Certificate", &[]);
        out.text(&STANDARD.encode(certificate));
        for name in ["ds:X509Certificate", "ds:X509Data", "ds:KeyInfo", "md:KeyDescriptor"] {
            out.end_element(name);
        }
    }
    for format in ["unspecified", "emailAddress"] {
        out.start_element("md:NameIDFormat", &[]);
        out.text(&format!("urn:oasis:names:tc:SAML:1.1:nameid-format:{format}"));
        out.end_element("md:NameIDFormat");
    }
    for binding in ["HTTP-POST", "HTTP-Redirect"] {
        let binding = format!("urn:oasis:names:tc:SAML:2.0:bindings:{binding}");
        out.empty_element("md:SingleSignOnService", &[("Binding", &binding), ("Location", sso_url)]);
    }
    out.end_element("md:IDPSSODescriptor");
    out.end_element("md:EntityDescriptor");
    out.into_string()
}

fn key_error(error: impl fmt::Display) -> SamlError {
    SamlError::Key(error.to_string())
}
