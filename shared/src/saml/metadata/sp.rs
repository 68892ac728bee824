//! Our own metadata, which the customer's admin may load into the IdP.

use base64::{Engine, engine::general_purpose::STANDARD};
use uppsala::XmlWriter;

use crate::saml::names::{METADATA, POST_BINDING, PROTOCOL, SIGNATURE, UNSPECIFIED_FORMAT};

/// What a workspace publishes about itself.
#[derive(Debug, Clone, Copy)]
pub struct SpMetadata<'a> {
    /// Our entity id, the URL of this very document.
    pub entity_id: &'a str,
    /// Our assertion consumer service.
    pub acs_url: &'a str,
    /// DER certificates of the keys that sign our AuthnRequests: the present one, and the next one before a rotation.
    pub signing_certificates: &'a [&'a [u8]],
    /// DER certificate of the key that Assertions may be encrypted for, if the workspace has one.
    pub encryption_certificate: Option<&'a [u8]>,
}

/// Writes the SPSSODescriptor (SAML metadata 2.4.4), in the order of the OASIS schema.
pub fn sp_metadata(sp: &SpMetadata<'_>) -> String {
    let mut out = XmlWriter::new();
    out.write_declaration();
    out.start_element("md:EntityDescriptor", &[("xmlns:md", METADATA), ("entityID", sp.entity_id)]);
    let signed = if sp.signing_certificates.is_empty() { "false" } else { "true" };
    let role = [
        ("AuthnRequestsSigned", signed),
        ("WantAssertionsSigned", "true"),
        ("protocolSupportEnumeration", PROTOCOL),
    ];
    out.start_element("md:SPSSODescriptor", &role);
    for der in sp.signing_certificates {
        key_descriptor(&mut out, "signing", der);
    }
    if let Some(der) = sp.encryption_certificate {
        key_descriptor(&mut out, "encryption", der);
    }
    out.start_element("md:NameIDFormat", &[]);
    out.text(UNSPECIFIED_FORMAT);
    out.end_element("md:NameIDFormat");
    let acs = [("Binding", POST_BINDING), ("Location", sp.acs_url), ("index", "0"), ("isDefault", "true")];
    out.start_element("md:AssertionConsumerService", &acs);
    out.end_element("md:AssertionConsumerService");
    out.end_element("md:SPSSODescriptor");
    out.end_element("md:EntityDescriptor");
    out.into_string()
}

fn key_descriptor(out: &mut XmlWriter, usage: &str, der: &[u8]) {
    out.start_element("md:KeyDescriptor", &[("use", usage)]);
    out.start_element("ds:KeyInfo", &[("xmlns:ds", SIGNATURE)]);
    out.start_element("ds:X509Data", &[]);
    out.start_element("ds:X509Certificate", &[]);
    out.text(&STANDARD.encode(der));
    for name in ["ds:X509Certificate", "ds:X509Data", "ds:KeyInfo", "md:KeyDescriptor"] {
        out.end_element(name);
    }
}
