//! The names of the specifications, each once.

/// SAML 2.0 protocol namespace (SAML core 1.1).
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// SAML 2.0 assertion namespace.
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// SAML 2.0 metadata namespace.
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// XML Signature namespace.
pub const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive C14N: the algorithm's identifier and the namespace of `InclusiveNamespaces`.
pub const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The enveloped-signature transform.
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// XML Encryption namespace.
pub const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
/// XML Encryption 1.1 namespace.
pub const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
/// RSASSA-PKCS1-v1_5 with SHA-256, in signatures and in the redirect binding's `SigAlg`.
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// The only status that signs somebody in (SAML core 3.2.2.2).
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// The subject confirmation of web single sign-on (SAML profiles 4.1.4.2).
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// An issuer's default name format (SAML core 8.3.6).
pub const ENTITY_FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
/// The NameID format of the setup guide (SAML core 8.3.1).
pub const UNSPECIFIED_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// HTTP-Redirect binding.
pub const REDIRECT_BINDING: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// HTTP-POST binding.
pub const POST_BINDING: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
