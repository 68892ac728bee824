//! A signing key with its certificate, and the metadata that names it.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DnType, PKCS_RSA_SHA256, date_time_ymd};

use crate::shape::Hash;

/// An identity provider that can sign: RSA 2048 and a self-signed certificate.
#[derive(Debug)]
pub struct Idp {
    key: KeyPair,
    certificate: Vec<u8>,
}

impl Idp {
    /// A fresh key; its certificate says `CN=name` and is valid from 2020 to 2100.
    pub fn new(name: &str) -> Self {
        Self::valid(name, 2020, 2100)
    }

    /// A fresh key whose certificate is valid between the beginnings of these years.
    #[expect(clippy::expect_used, reason = "test material: without a key there is no test")]
    pub fn valid(name: &str, from: i32, to: i32) -> Self {
        let key = rcgen::KeyPair::generate_for(&PKCS_RSA_SHA256).expect("an RSA key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let certificate = params.self_signed(&key).expect("a certificate").der().to_vec();
        let key = KeyPair::from_pkcs8(&key.serialize_der()).expect("the key as made");
        Self { key, certificate }
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The public key, an RFC 8017 `RSAPublicKey`.
    pub fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    /// RSASSA-PKCS1-v1_5 over `message`.
    #[expect(clippy::expect_used, reason = "test material: a key that cannot sign is no test")]
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let encoding = match hash {
            Hash::Sha256 => &RSA_PKCS1_SHA256,
            Hash::Sha384 => &RSA_PKCS1_SHA384,
            Hash::Sha512 => &RSA_PKCS1_SHA512,
        };
        let mut value = vec![0; self.key.public_modulus_len()];
        self.key.sign(encoding, &SystemRandom::new(), message, &mut value).expect("a signature");
        value
    }

    /// HMAC-SHA256 keyed with the public certificate: what anybody can make.
    pub fn public_hmac(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.certificate), message).as_ref().to_vec()
    }

    /// Metadata that names this key.
    pub fn metadata_xml(&self, entity_id: &str, sso_url: &str) -> String {
        let binding = |name| {
            let uri = format!("urn:oasis:names:tc:SAML:2.0:bindings:{name}");
            format!("<md:SingleSignOnService Binding=\"{uri}\" Location=\"{sso_url}\"/>")
        };
        format!(
            "<md:EntityDescriptor entityID=\"{entity_id}\" xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
             <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </md:KeyDescriptor>{}{}</md:IDPSSODescriptor></md:EntityDescriptor>",
            STANDARD.encode(&self.certificate),
            binding("HTTP-Redirect"),
            binding("HTTP-POST"),
        )
    }
}
