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
    /// DER certificate of the key that signs our AuthnRequests, if the workspace has one.
    pub signing_certificate: Option<&'a [u8]>,
    /// DER certificate of the key that Assertions may be encrypted for, if the workspace has one.
    pub encryption_certificate: Option<&'a [u8]>,
}

/// Writes the SPSSODescriptor (SAML metadata 2.4.4), in the order of the OASIS schema.
pub fn sp_metadata(sp: &SpMetadata<'_>) -> String {
    let mut out = XmlWriter::new();
    out.write_declaration();
    out.start_element("md:EntityDescriptor", &[("xmlns:md", METADATA), ("entityID", sp.entity_id)]);
    let signed = if sp.signing_certificate.is_some() { "true" } else { "false" };
    let role = [
        ("AuthnRequestsSigned", signed),
        ("WantAssertionsSigned", "true"),
        ("protocolSupportEnumeration", PROTOCOL),
    ];
    out.start_element("md:SPSSODescriptor", &role);
    for (usage, certificate) in
        [("signing", sp.signing_certificate), ("encryption", sp.encryption_certificate)]
    {
        if let Some(der) = certificate {
            key_descriptor(&mut out, usage, der);
        }
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
