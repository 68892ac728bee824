//! One sign-in to measure: a Response in Okta's shape, signed twice, with the attributes that the setup guide asks
//! for; and the floor below every verifier of it.

use std::hint::black_box;

use anyhow::Context;
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{self, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use okta_twin::saml::{Attribute, ResponseSpec, Sign, SigningIdp};
use shared::saml::{DEFAULT_CLOCK_SKEW, Expectations, IdpMetadata};

use crate::cpu::microseconds;

pub const IDP: &str = "http://www.okta.com/exk1example";
pub const SSO: &str = "https://acme.okta.example.com/app/exk1example/sso/saml";
pub const ACS: &str = "https://acme.atomation.example.com/auth/saml/acs";
pub const SP: &str = "https://acme.atomation.example.com/saml/metadata";
pub const REQUEST: &str = "_request1";
pub const USER: &str = "ada@example.com";

/// The message and who sent it.
pub struct SignIn {
    pub signer: SigningIdp,
    /// Its metadata, pinned.
    pub idp: IdpMetadata,
    /// The Response.
    pub xml: String,
    /// The Response as the form field has it.
    pub form: String,
    now: Timestamp,
}

impl SignIn {
    /// An answer to [`REQUEST`], given now.
    pub fn at(now: Timestamp) -> anyhow::Result<Self> {
        let year = SignedDuration::from_hours(24 * 365);
        let signer = SigningIdp::generate("acme", now - year, now + year)?;
        let idp = IdpMetadata::parse(signer.metadata_xml(IDP, SSO).as_bytes())?;
        let mut spec = ResponseSpec::okta(now, IDP, ACS, SP, USER).answering(REQUEST);
        let attribute = |name: &str, value: &str| Attribute { name: name.into(), values: vec![value.into()] };
        spec.attributes =
            vec![attribute("firstName", "Ada"), attribute("lastName", "Example"), attribute("email", USER)];
        spec.sign = Sign::Both;
        let xml = signer.response(&spec)?;
        let form = STANDARD.encode(&xml);
        Ok(Self { signer, idp, xml, form, now })
    }

    /// What the workspace expects of it.
    pub fn expectations(&self) -> Expectations<'_> {
        Expectations {
            idp: &self.idp,
            sp_entity_id: SP,
            acs_url: ACS,
            request_ids: &[REQUEST],
            allow_idp_initiated: false,
            require_signed_assertion: true,
            allow_ecdsa: false,
            decryption_key: None,
            refuse_outdated_certificate: true,
            now: self.now,
            clock_skew: DEFAULT_CLOCK_SKEW,
        }
    }

    /// The least that any verifier computes, in microseconds: both SignedInfos under the key, both elements' digests.
    pub fn floor(&self) -> anyhow::Result<f64> {
        let key = KeyPair::from_pkcs8(self.signer.pkcs8())?;
        let signed_info = self.element("ds:SignedInfo")?.as_bytes();
        let mut value = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed_info, &mut value)?;
        let public = signature::KeyPair::public_key(&key).as_ref();
        let public = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)?;

        let (response, assertion) = (self.element("saml2p:Response")?, self.element("saml2:Assertion")?);
        let signature = self.element("ds:Signature")?.len();
        let contents = [response, assertion].map(|element| element.as_bytes()[signature..].to_vec());
        Ok(microseconds(|| {
            for content in &contents {
                let verified = public.verify_sig(black_box(signed_info), &value);
                black_box((verified.is_ok(), digest(&SHA256, content)));
            }
        }))
    }

    /// The source of the first element of this name.
    fn element(&self, name: &str) -> anyhow::Result<&str> {
        let start = self.xml.find(&format!("<{name} ")).or_else(|| self.xml.find(&format!("<{name}>")));
        let end = format!("</{name}>");
        let found = start.and_then(|start| {
            let length = self.xml[start..].find(&end)? + end.len();
            self.xml.get(start..start + length)
        });
        found.with_context(|| format!("no {name}"))
    }
}
