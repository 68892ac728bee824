//! samael plays the identity provider: it signs what we judge, and reads what we send. The schemas and OpenSSL judge
//! the rest of what we send.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{TimeDelta, Utc};
use okta_twin::saml::{ReceivedRequest, SigningIdp};
use oracles::{ACS, IDP, REQUEST, SP, SSO, expectations, openssl, schema};
use percent_encoding::percent_decode_str;
use samael::{
    crypto::{CertificateDer, Crypto, CryptoProvider, UrlVerifier},
    idp::{
        CertificateParams, IdentityProvider, KeyType, Rsa,
        response_builder::{ResponseAttribute, build_response_template},
        sp_extractor::{RequiredAttribute, SPMetadataExtractor},
        verified_request::UnverifiedAuthnRequest,
    },
    schema::Response,
    signature::{DigestAlgorithm, Signature},
    traits::ToXml,
};
use shared::{
    ops::{Clock, SystemClock, SystemRandom},
    saml::{
        AuthnRequest, Identity, IdpMetadata, RequestKey,
        metadata::{SpMetadata, sp_metadata},
        redirect_url, verify,
    },
};

const USER: &str = "ada.lovelace@example.com";

/// What samael's identity provider signs.
#[derive(Debug, Clone, Copy)]
enum Sign {
    Response,
    Assertion,
    Both,
}

struct Samael {
    provider: IdentityProvider,
    certificate: CertificateDer,
}

impl Samael {
    fn new() -> Self {
        let provider = IdentityProvider::generate_new(KeyType::Rsa(Rsa::Rsa2048)).unwrap();
        let params =
            CertificateParams { common_name: "samael", issuer_name: "samael", days_until_expiration: 9 };
        let certificate = provider.create_certificate(&params).unwrap();
        Self { provider, certificate }
    }

    fn template(&self, id: &str) -> Signature {
        let mut template = Signature::template(id, &self.certificate);
        // samael's own default is SHA-1.
        template.signed_info.reference[0].digest_method.algorithm = DigestAlgorithm::Sha256;
        template
    }

    /// An answer to [`REQUEST`], with what samael leaves out by itself: the ends of its validity.
    fn answer(&self) -> Response {
        let name = RequiredAttribute { name: "department".to_owned(), format: None };
        let attributes = [ResponseAttribute { required_attribute: name, value: "Front desk" }];
        let mut response =
            build_response_template(&self.certificate, USER, SP, IDP, ACS, REQUEST, &attributes);
        let end = Some(Utc::now() + TimeDelta::minutes(5));
        let assertion = response.assertion.as_mut().unwrap();
        assertion.conditions.as_mut().unwrap().not_on_or_after = end;
        let subject = assertion.subject.as_mut().unwrap();
        let confirmation = &mut subject.subject_confirmations.as_mut().unwrap()[0];
        confirmation.subject_confirmation_data.as_mut().unwrap().not_on_or_after = end;
        response.signature = None;
        response
    }

    fn signed(&self, sign: Sign) -> String {
        let mut response = self.answer();
        let whole = self.template(&response.id);
        let assertion = response.assertion.as_mut().unwrap();
        let part = self.template(&assertion.id);
        let sign_first = |response: &Response| self.sign(&response.to_string().unwrap());
        match sign {
            Sign::Response => {
                response.signature = Some(whole);
                sign_first(&response)
            }
            Sign::Assertion => {
                assertion.signature = Some(part);
                sign_first(&response)
            }
            Sign::Both => {
                assertion.signature = Some(part);
                let signed: Response = sign_first(&response).parse().unwrap();
                sign_first(&Response { signature: Some(whole), ..signed })
            }
        }
    }

    /// Fills in the document's first signature.
    fn sign(&self, xml: &str) -> String {
        Crypto::sign_xml(xml, &self.provider.export_private_key_der().unwrap()).unwrap()
    }

    fn judged_by_us(&self, xml: &str) -> Result<Identity, String> {
        let certificate = self.certificate.der_data();
        let idp = IdpMetadata::parse(okta_twin::saml::metadata_xml(IDP, SSO, &[certificate]).as_bytes());
        let idp = idp.unwrap();
        let expect = expectations(&idp, SystemClock.now());
        verify(&STANDARD.encode(xml), &expect).outcome.map_err(|rejection| rejection.to_string())
    }
}

#[test]
fn what_samael_signs_we_accept() {
    let samael = Samael::new();
    for sign in [Sign::Response, Sign::Assertion, Sign::Both] {
        let xml = samael.signed(sign);
        let identity = samael.judged_by_us(&xml).unwrap_or_else(|refused| panic!("{sign:?}: {refused}"));
        assert_eq!((identity.name_id.as_str(), identity.issuer.as_str()), (USER, IDP), "{sign:?}");
        assert_eq!(identity.attributes, [("department".to_owned(), vec!["Front desk".to_owned()])]);
        let changed = xml.replace("lovelace", "byron");
        assert!(samael.judged_by_us(&changed).is_err(), "{sign:?}");
    }
}

/// Left to itself, samael says neither until when a response may be used nor hashes it well.
#[test]
fn what_samael_signs_by_itself_we_refuse() {
    let samael = Samael::new();
    let response = samael
        .provider
        .sign_authn_response(&samael.certificate, "ada@example.com", SP, ACS, IDP, REQUEST, &[])
        .unwrap();
    let refused = samael.judged_by_us(&response.to_string().unwrap()).unwrap_err();
    assert!(refused.contains("saml.weak_algorithm"), "{refused}");
}

fn request() -> AuthnRequest {
    let now = "2026-06-19T12:00:00Z".parse().unwrap();
    AuthnRequest::new(&SystemRandom::default(), now, SSO, SP, ACS)
}

fn key() -> SigningIdp {
    SigningIdp::generate(
        "sp",
        "2020-01-01T00:00:00Z".parse().unwrap(),
        "2100-01-01T00:00:00Z".parse().unwrap(),
    )
    .unwrap()
}

#[test]
fn samael_reads_our_requests_and_their_schema_fits() {
    for (request, forced) in [(request(), None), (request().forcing_authentication(), Some(true))] {
        let xml = request.to_xml();
        schema::validate(&xml).unwrap();
        let read = UnverifiedAuthnRequest::from_xml(&xml).unwrap().request;
        assert_eq!((read.id.as_str(), read.version.as_str()), (request.id.as_str(), "2.0"));
        assert_eq!(read.issuer_value().as_deref(), Some(SP));
        assert_eq!(read.destination.as_deref(), Some(SSO));
        assert_eq!(read.assertion_consumer_service_url.as_deref(), Some(ACS));
        assert_eq!(read.force_authn, forced);
        assert_eq!(read.issue_instant.timestamp(), request.issue_instant.as_second());
    }
    schema::validate(&request().to_xml().replace("Version=\"2.0\"", "")).unwrap_err();
}

/// SAML bindings 3.4.4.1: the signature is over the query as it was sent.
#[test]
fn openssl_and_samael_verify_our_signed_requests() {
    let key = key();
    let signing = RequestKey::from_pkcs8(key.pkcs8()).unwrap();
    let (sent, state) = (request(), "_state.of-a-browser");
    let location = redirect_url(&sent, Some(state), Some(&signing)).unwrap();

    let (_, query) = location.split_once('?').unwrap();
    let (message, signature) = query.split_once("&Signature=").unwrap();
    let signature = percent_decode_str(signature).decode_utf8().unwrap();
    let signature = STANDARD.decode(&*signature).unwrap();
    assert!(openssl::verifies(key.certificate(), message.as_bytes(), &signature).unwrap());
    let other = message.replace("SAMLRequest=", "SAMLRequest=A");
    assert!(!openssl::verifies(key.certificate(), other.as_bytes(), &signature).unwrap());

    let read = ReceivedRequest::from_query(query).unwrap();
    assert_eq!(read.id, sent.id);
    // samael builds the query anew before it verifies: it takes only the usual way of escaping.
    let verifier = UrlVerifier::from_x509(&key.certificate().to_vec().into()).unwrap();
    assert!(verifier.verify_signed_request_url(&location.parse().unwrap()).unwrap());
    let changed = location.replace("RelayState=_state", "RelayState=_other");
    assert!(!verifier.verify_signed_request_url(&changed.parse().unwrap()).unwrap());
}

#[test]
fn samael_reads_our_metadata_and_its_schema_fits() {
    let key = key();
    for certificate in [None, Some(key.certificate())] {
        let sp = SpMetadata {
            entity_id: SP,
            acs_url: ACS,
            signing_certificates: certificate.as_slice(),
            encryption_certificate: certificate,
        };
        let xml = sp_metadata(&sp);
        schema::validate(&xml).unwrap();
        let read = SPMetadataExtractor::try_from_xml(&xml).unwrap();
        assert_eq!(read.issuer().unwrap(), SP);
        assert_eq!(read.acs().unwrap().url, ACS);
        let read = read.verification_cert().ok();
        assert_eq!(read.as_ref().map(CertificateDer::der_data), certificate);
    }
    let without_index = |sp| sp_metadata(&sp).replace(" index=\"0\"", "");
    let sp =
        SpMetadata { entity_id: SP, acs_url: ACS, signing_certificates: &[], encryption_certificate: None };
    schema::validate(&without_index(sp)).unwrap_err();
}
